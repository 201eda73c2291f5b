"""The whole step, all laws in it, against the same source run by Python, bit for bit."""

from tests.scripts import printed_by

_LIVES = """
import warnings
from hashlib import sha256
warnings.simplefilter("ignore", RuntimeWarning)  # Python's own scalars warn where 64-bit arithmetic wraps round
from tests.body.test_switches import Seen, TRACE, busy_body, every_byte

for step in (0.25, 1.0):
    body, seen = busy_body(), Seen()
    body.time_step = step
    for _ in range(6):
        body.step()
        seen.events += body.state.tally
        print(sha256(every_byte(body.state)).hexdigest())
    idle = [name for name, trace in TRACE.items() if trace(body.state, seen) == 0.0]
    print(body.state.births, body.state.deaths, "idle:", *idle)
"""


def test_a_compiled_step_does_what_its_python_source_does() -> None:
    compiled = printed_by(_LIVES)
    assert printed_by(_LIVES, NUMBA_DISABLE_JIT="1") == compiled
    assert compiled.count("idle:\n") == 2  # every process had something to do
