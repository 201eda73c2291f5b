"""Keyed, counter-based random numbers.

A draw depends only on its key, a hash of (seed, patient, stream, step, agent), never on the order of execution, the number of
workers, or on what else runs. The generator is splitmix64 (Steele, Lea and Flood 2014, OOPSLA; finaliser by Stafford, variant 13):
a hashed key starts a short private sequence.
"""

import zlib

import numpy as np
from numba import njit

__all__ = ["advance", "agent_key", "base_key", "combine", "exponential", "mix", "normal", "step_key", "uniform"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_MASK = 0xFFFFFFFFFFFFFFFF
_TO_UNIT = 1.0 / 9007199254740992.0  # 2**-53
_HALF_UNIT = 0.5 * _TO_UNIT  # keeps uniform() inside (0, 1)


def _mix_python(z: int) -> int:
    z = ((z ^ (z >> 30)) * int(_M1)) & _MASK
    z = ((z ^ (z >> 27)) * int(_M2)) & _MASK
    return z ^ (z >> 31)


def combine(*parts: int) -> int:
    """Hash integers into one unsigned 64-bit key; every part and its position matters."""
    key = 0
    for part in parts:
        key = _mix_python((key + int(_GOLDEN)) & _MASK) ^ _mix_python((part + int(_GOLDEN)) & _MASK)
        key = _mix_python(key)
    return key


def base_key(seed: int, patient: int, stream: str) -> int:
    """Return the key of a named stream of one patient; the treatment arm is deliberately not part of it."""
    return combine(seed, patient, zlib.crc32(stream.encode()))


def step_key(base: int, step: int) -> np.uint64:
    """Return the key of one stream in one step."""
    return np.uint64(combine(base, step))


@njit(cache=True, error_model="numpy", inline="always")
def mix(z: np.uint64) -> np.uint64:
    """Scramble 64 bits (the splitmix64 finaliser)."""
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@njit(cache=True, error_model="numpy", inline="always")
def agent_key(step: np.uint64, stratum: np.int64, serial: np.int64) -> np.uint64:
    """Return the start of an agent's private sequence in one step, from what the agent IS, not from its row."""
    z = mix(np.uint64(stratum) + _GOLDEN) ^ (np.uint64(serial) * _GOLDEN)
    return mix(step ^ mix(z))


@njit(cache=True, error_model="numpy", inline="always")
def advance(state: np.ndarray) -> np.uint64:
    """Return the next 64 random bits of the sequence held in `state[0]`."""
    state[0] += _GOLDEN
    return mix(state[0])


@njit(cache=True, error_model="numpy", inline="always")
def uniform(state: np.ndarray) -> float:
    """Return a uniform number strictly inside (0, 1)."""
    return float(advance(state) >> _S11) * _TO_UNIT + _HALF_UNIT


@njit(cache=True, error_model="numpy")
def _normal_tail(p: float) -> float:
    """Return the normal quantile outside the central region (Wichura 1988, AS 241)."""
    r = np.sqrt(-np.log(min(p, 1.0 - p)))
    if r <= 5.0:
        r -= 1.6
        num = ((((((7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r + 2.41780725177450611770e-1) * r
            + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.76949722146069140550) * r
            + 4.63033784615654529590) * r + 1.42343711074968357734
        den = ((((((1.05075007164441684324e-9 * r + 5.47593808499534494600e-4) * r + 1.51986665636164571966e-2) * r
            + 1.48103976427480074590e-1) * r + 6.89767334985100004550e-1) * r + 1.67638483018380384940) * r
            + 2.05319162663775882187) * r + 1.0
    else:
        r -= 5.0
        num = ((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 1.24266094738807843860e-3) * r
            + 2.65321895265761230930e-2) * r + 2.96560571828504891230e-1) * r + 1.78482653991729133580) * r
            + 5.46378491116411436990) * r + 6.65790464350110377720
        den = ((((((2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r + 1.84631831751005468180e-5) * r
            + 7.86869131145613259100e-4) * r + 1.48753612908506148525e-2) * r + 1.36929880922735805310e-1) * r
            + 5.99832206555887937690e-1) * r + 1.0
    return -num / den if p < 0.5 else num / den


@njit(cache=True, error_model="numpy", inline="always")
def normal(state: np.ndarray) -> float:
    """Return a standard normal number by inversion (Wichura 1988, Appl Stat 37:477, AS 241; 16 digits)."""
    p = uniform(state)
    q = p - 0.5
    if abs(q) > 0.425:
        return _normal_tail(p)
    r = 0.180625 - q * q
    num = ((((((2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r + 6.7265770927008700853e4) * r
        + 4.5921953931549871457e4) * r + 1.3731693765509461125e4) * r + 1.9715909503065514427e3) * r
        + 1.3314166789178437745e2) * r + 3.3871328727963666080
    den = ((((((5.2264952788528545610e3 * r + 2.8729085735721942674e4) * r + 3.9307895800092710610e4) * r
        + 2.1213794301586595867e4) * r + 5.3941960214247511077e3) * r + 6.8718700749205790830e2) * r
        + 4.2313330701600911252e1) * r + 1.0
    return q * num / den


@njit(cache=True, error_model="numpy")
def exponential(state: np.ndarray) -> float:
    """Return a standard exponential number."""
    return -np.log(uniform(state))
