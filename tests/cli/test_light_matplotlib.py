"""Matplotlib as the command line loads it."""

import subprocess
import sys

CODE = """
import sys
from simulation.cli.light_matplotlib import load_matplotlib

load_matplotlib(())
assert "matplotlib" not in sys.modules
load_matplotlib(("png",))
from matplotlib import artist, lines
assert "markeredgewidth" not in lines.Line2D.set.__doc__
assert "markeredgewidth" in artist.kwdoc(lines.Line2D)
line = lines.Line2D([0.0], [0.0])
line.set(linewidth=3.0)
assert line.get_linewidth() == 3.0
"""


def test_lists_of_properties_are_left_out_and_nothing_else() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
