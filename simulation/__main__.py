"""``python -m simulation`` is the same program as ``python run_sim.py``."""

import sys

from simulation.cli import main

if __name__ == "__main__":
    sys.exit(main())
