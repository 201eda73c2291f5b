"""Numba without SciPy's linear algebra until compiled code does linear algebra."""

import subprocess
import sys

CODE = """
import sys
import numpy as np
from numba import njit
from simulation.engine import compiled

one = njit(lambda x: x + 1.0)(1.0)
assert one == 2.0 and "scipy.linalg" not in sys.modules, "loaded, though nothing asked for it"
a = np.array([[2.0, 1.0], [1.0, 3.0]])
assert (njit(lambda x, y: np.dot(x, y))(a, a) == a @ a).all()
assert "scipy.linalg" in sys.modules
"""


def test_scipy_is_loaded_by_linear_algebra_alone() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
