"""The names of the immunosuppressants whose effects on cells are known."""

from typing import Final

__all__ = ["DRUGS", "PLAIN_DRUGS"]

PLAIN_DRUGS: Final = (
    "ciclosporin",
    "tacrolimus",
    "mycophenolate",
)  # of factor_proliferation_<drug> and factor_killing_<drug>
DRUGS: Final = (*PLAIN_DRUGS, "corticosteroid", "ptcy")
