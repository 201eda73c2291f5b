"""The door: ``python run_sim.py --help``. Everything is in the package `simulation`.

An older Python, a 2.7 too, must be able to read this file, to say that it is too old.
"""

import sys

if sys.version_info < (3, 12):  # noqa: UP036  # whoever starts it with an older one must be told
    sys.stderr.write("This program needs Python 3.12 or newer; this is " + sys.version.split()[0] + ".\n")
    sys.exit(2)

try:
    from simulation.cli import main
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] == "simulation":
        raise
    sys.stderr.write(
        "The Python package " + repr(missing.name) + " is not installed for " + sys.executable + ".\n"
        "README.md says how to make the environment; then: .venv/bin/python run_sim.py ...\n"
    )
    sys.exit(6)

if __name__ == "__main__":
    sys.exit(main())
