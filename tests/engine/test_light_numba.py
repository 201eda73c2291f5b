"""Numba without what it compiles with until something is compiled, without SciPy until compiled code does linear algebra."""

from tests.scripts import printed_by

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


WARM = """
import sys
import numpy as np
from simulation.engine.compiled import alone
from simulation.engine.population import Population, bounds

pop = Population(3, 2, 1)
assert pop.add(5, 1, 7) == 1 and pop.n_agents == 1
print("numba.np.arraymath" in sys.modules, "numba.typed.dictimpl" in sys.modules)
from numba import njit
assert njit(lambda x: np.sort(x)[0])(np.array([3.0, 1.0])) == 1.0  # which compiles, and is loaded for that
alone(bounds)(0, pop.columns)
assert pop.columns.end[0] == 2 and "numba.typed.dictimpl" in sys.modules
assert pop.add(6, 2, 1) == 5  # and what came from the disk goes on
"""


def test_scipy_is_loaded_by_linear_algebra_alone() -> None:
    printed_by(CODE)


def test_compiled_kernels_come_from_the_disk_without_what_compiles() -> None:
    printed_by(WARM)  # the first may have to compile
    assert printed_by(WARM) == "False False\n"
