"""Responses that a plan may hang on: what the last marrow results known show."""

from collections.abc import Mapping
from typing import Any, Final

from simulation.clinic.assays import MarrowResult, reaches

__all__ = ["RESPONSES", "shown"]

RESPONSES: Final = {
    "mrd_negative": "MRD-negative",
    "remission": "complete remission",
}  # word -> how people say it


def shown(
    response: str, last: Mapping[str, MarrowResult], since: float, definitions: Any
) -> MarrowResult | None:
    """Return the last result of a test, sampled after day `since`, if it shows the response; `last` is by test."""
    return next(
        (one for one in last.values() if one.sampled > since and _shows(response, one, definitions)), None
    )


def _shows(response: str, result: MarrowResult, definitions: Any) -> bool:
    if response == "remission":
        return result.judges_remission and result.value < definitions.complete_remission
    level = definitions.mrd_negative
    return result.test == "mrd" and result.limit <= level and not reaches(result.value, level)
