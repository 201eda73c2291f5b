"""Watch that no key of a random number serves two draws: two draws of one key are one number, not two.

Every draw that Python makes goes through `Keyed.key`; while `each_key_once` watches it, a key that the same body, clinic or donor
of a plate has used before is a fault, and so is a key that two different names lead to. A copy begins with no keys used: it may
draw what its original draws, being another life of the same patient.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from weakref import WeakKeyDictionary

from simulation.body import Body
from simulation.body.keyed import Keyed
from simulation.clinic.assays import Laboratory
from simulation.clinic.clinic import Clinic
from simulation.in_vitro.plate import Donor

# who draws: of clinical streams the clinic, as several clinics look at one body; of all others the body or the donor of the cells
_CLINICAL = (Laboratory, Clinic)
_BODILY = (Body, Donor)


@contextmanager
def each_key_once() -> Iterator[None]:
    """Raise AssertionError where a key is used twice."""
    used: WeakKeyDictionary[Any, dict[int, tuple[str, tuple[int, ...]]]] = WeakKeyDictionary()
    plain = Keyed.key

    def key(self: Keyed, stream: str, *ids: int) -> int:
        value = plain(self, stream, *ids)
        if stream.startswith("patient "):
            return value  # who the patient is, asked for each life of his
        who = _who(_CLINICAL if stream.startswith("clinic ") else _BODILY)
        if who is not None:
            before = used.setdefault(who, {})
            assert value not in before, f"the key of {(stream, ids)} has been used for {before[value]}"
            before[value] = (stream, ids)
        return value

    with patch.object(Keyed, "key", key):
        yield


def _who(kinds: tuple[type, ...]) -> Any:
    frame = sys._getframe(2)
    while frame is not None:
        for name in ("self", "body", "donor"):
            if isinstance(result := frame.f_locals.get(name), kinds):
                return result
        frame = frame.f_back  # type: ignore[assignment]
    return None
