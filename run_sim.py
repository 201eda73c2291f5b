"""The door: ``python run_sim.py --help``. Everything is in the package `simulation`."""

import sys

if sys.version_info < (3, 12):  # noqa: UP036  # whoever starts it with an older one must be told
    print(f"This program needs Python 3.12 or newer; this is {sys.version.split()[0]}.", file=sys.stderr)
    sys.exit(2)

try:
    from simulation.cli import main
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] == "simulation":
        raise
    print(
        f"The Python package {missing.name!r} is not installed for {sys.executable}.\n"
        "README.md says how to make the environment; then: .venv/bin/python run_sim.py ...",
        file=sys.stderr,
    )
    sys.exit(6)

if __name__ == "__main__":
    sys.exit(main())
