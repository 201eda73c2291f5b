"""The names of the drugs whose effects on T cells are known."""

from typing import Final

__all__ = ["CYCLOPHOSPHAMIDE", "DRUGS", "EXPOSURES", "PLAIN_DRUGS"]

PLAIN_DRUGS: Final = (
    "ciclosporin",
    "tacrolimus",
    "mycophenolate",
)  # of factor_proliferation_<drug> and factor_killing_<drug>
DRUGS: Final = (*PLAIN_DRUGS, "corticosteroid")  # immunosuppressants
CYCLOPHOSPHAMIDE: Final = "cyclophosphamide"
EXPOSURES: Final = (*DRUGS, CYCLOPHOSPHAMIDE)
