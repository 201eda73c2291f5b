"""Renew the baseline and print what changed; a change of results then wants its [results] line in the CHANGELOG.

python -m tests.baseline.renew            print what would change
python -m tests.baseline.renew --write    and write it
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.baseline.cases import BASELINE, CASES, observe

__all__ = ["differences", "read_baseline"]


def read_baseline() -> dict[str, Any]:
    """Return the baseline as it stands: case -> what it gave."""
    if not BASELINE.exists():
        return {}
    baseline: dict[str, Any] = yaml.load(BASELINE.read_text(encoding="utf-8"), yaml.BaseLoader)
    return baseline


def differences(before: Any, now: Any, where: str = "") -> Iterator[str]:
    """Yield a line for everything that differs, each with its place."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*before, *(key for key in now if key not in before)]:
            yield from differences(before.get(key), now.get(key), f"{where} / {key}" if where else key)
    elif before != now:
        yield f"{where}: {_shown(before)} -> {_shown(now)}"


def _shown(value: Any) -> str:
    text = "(absent)" if value is None else str(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def main(words: list[str]) -> int:
    before, now = read_baseline(), {}
    for name in CASES:
        with tempfile.TemporaryDirectory() as folder:
            now[name] = observe(name, Path(folder))
    changes = list(differences(before, now))
    print("\n".join(changes) or "nothing changed")
    if "--write" in words:
        text = yaml.safe_dump(now, sort_keys=False, allow_unicode=True, width=110)
        BASELINE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
