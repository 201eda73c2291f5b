"""Keyed, counter-based random numbers.

A draw depends only on its key, a hash of (seed, patient, stream, step, agent), never on the order of
execution, the number of workers, or on what else runs. The generator is splitmix64 (Steele, Lea and Flood
2014, OOPSLA; finaliser by Stafford, variant 13): a hashed key starts a short private sequence. The state of a
sequence is one number, passed in and handed back: a value in a register costs a kernel nothing, an array would.
"""

import zlib
from math import erfc, exp, log, pi, sqrt

import numpy as np
import numpy.typing as npt

from simulation.engine.compiled import inner

__all__ = [
    "FIRST",
    "agent_key",
    "base_key",
    "combine",
    "extended",
    "extended_along",
    "folded",
    "mix",
    "normal",
    "step_key",
    "uniform",
]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
FIRST = _M1  # what `folded` begins with
_S30, _S27, _S31, S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_MASK = 0xFFFFFFFFFFFFFFFF
UNIT = 1.0 / 9007199254740992.0  # 2**-53
TWO_UNITS = 2.0 * UNIT
BOXES, ZERO = np.uint64(255), np.uint64(0)
HALF_UNIT = 0.5 * UNIT  # keeps uniform() inside (0, 1)


_M1_PYTHON, _M2_PYTHON, _GOLDEN_PYTHON = int(_M1), int(_M2), int(GOLDEN)


def _mix_python(z: int) -> int:
    z = ((z ^ (z >> 30)) * _M1_PYTHON) & _MASK
    z = ((z ^ (z >> 27)) * _M2_PYTHON) & _MASK
    return z ^ (z >> 31)


def combine(*parts: int) -> int:
    """Hash integers into one unsigned 64-bit key; every part and its position matters."""
    return extended(_M1_PYTHON, *parts)


def extended(key: int, *parts: int) -> int:
    """Hash more parts into a key; `combine(a, b)` is `extended(combine(a), b)`."""
    for part in parts:
        key = _mix_python((key * _M2_PYTHON + _mix_python((part + _GOLDEN_PYTHON) & _MASK)) & _MASK)
    return key


def extended_along(key: int, n: int) -> npt.NDArray[np.uint64]:
    """Return `extended(key, i)` for every i below n, shape (n,)."""
    return _mixed(np.uint64(key * _M2_PYTHON & _MASK) + _mixed(np.arange(n, dtype=np.uint64) + GOLDEN))


def _mixed(z: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


def base_key(seed: int, patient: int, stream: str) -> int:
    """Return the key of a named stream of one patient; the treatment arm is deliberately not part of it."""
    return combine(seed, patient, zlib.crc32(stream.encode()))


def step_key(base: int, step: int) -> np.uint64:
    """Return the key of one stream in one step."""
    return np.uint64(combine(base, step))


@inner(forceinline=True)
def mix(z: np.uint64) -> np.uint64:
    """Scramble 64 bits (the splitmix64 finaliser)."""
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@inner(forceinline=True)
def folded(key: np.uint64, part: np.uint64) -> np.uint64:
    """Hash one more part into a key; `combine(a, b)` is `folded(folded(FIRST, a), b)`."""
    return mix(key * _M2 + mix(part + GOLDEN))


@inner(forceinline=True)
def agent_key(step: np.uint64, code: np.int64, place: np.int64, serial: np.int64) -> np.uint64:
    """Return the start of an agent's private sequence in one step, from what the agent IS, not from its row."""
    z = mix(np.uint64(code) + np.uint64(place) * _M1 + GOLDEN) ^ (np.uint64(serial) * GOLDEN)
    return mix(step ^ mix(z))


@inner(forceinline=True)
def uniform(state: np.uint64) -> tuple[float, np.uint64]:
    """Return a uniform number strictly inside (0, 1), and the state after it."""
    state += GOLDEN
    return float(mix(state) >> S11) * UNIT + HALF_UNIT, state


def _ziggurat() -> tuple[np.ndarray, np.ndarray]:
    """Return the right edges of 256 boxes of equal area under exp(-x**2 / 2), and the curve's height there."""
    edge = np.zeros(257)
    tail = sqrt(0.5 * pi) * erfc(_TAIL / sqrt(2.0))
    area = _TAIL * exp(-0.5 * _TAIL * _TAIL) + tail
    edge[0], edge[1] = area / exp(-0.5 * _TAIL * _TAIL), _TAIL
    for i in range(2, 256):
        edge[i] = sqrt(-2.0 * log(area / edge[i - 1] + exp(-0.5 * edge[i - 1] * edge[i - 1])))
    return edge, np.exp(-0.5 * edge * edge)


_TAIL = 3.6541528853610088
EDGE, _HEIGHT = _ziggurat()


@inner()
def _normal_rest(state: np.uint64, box: np.int64, x: float) -> tuple[float, np.uint64]:
    """Return a normal number where the first glance did not settle it (1 % of draws); nan: draw anew."""
    if box == 0:
        while True:
            u, state = uniform(state)
            v, state = uniform(state)
            beyond = -log(u) / _TAIL
            if -2.0 * log(v) > beyond * beyond:
                return _TAIL + beyond if x > 0.0 else -_TAIL - beyond, state
    u, state = uniform(state)
    height = _HEIGHT[box] + u * (_HEIGHT[box + 1] - _HEIGHT[box])
    return x if height < exp(-0.5 * x * x) else np.nan, state


@inner(forceinline=True)
def normal(state: np.uint64) -> tuple[float, np.uint64]:
    """Return a standard normal number, and the state after it (ziggurat: Marsaglia and Tsang 2000, J Stat Softw 5:8).

    The box is chosen by the lowest 8 bits of a draw and the place in it by the highest 53: they are independent.
    """
    while True:
        state += GOLDEN
        bits = mix(state)
        box = np.int64(bits & BOXES)
        x = (float(bits >> S11) * TWO_UNITS + UNIT - 1.0) * EDGE[box]
        if abs(x) < EDGE[box + 1]:
            break
        x, state = _normal_rest(state, box, x)
        if x == x:
            break
    return x, state
