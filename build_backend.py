"""How the package is built: by hatchling, once the Python is new enough.

pip asks this module before it resolves requirements. On an older Python it would otherwise end in a conflict between
packages that the person never heard of.
"""

import sys

if sys.version_info < (3, 12):  # noqa: UP036  # whoever installs with an older one must be told
    sys.exit(f"transplant-twin needs Python 3.12 or newer; this is {sys.version.split()[0]}.")

from hatchling.build import (
    build_editable,
    build_sdist,
    build_wheel,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
]
