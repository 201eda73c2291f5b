"""The names of the drugs whose effects on T cells are known."""

from typing import Final

__all__ = ["CYCLOPHOSPHAMIDE", "DRUGS", "EFFECTS", "EXPOSURES", "PLAIN_DRUGS"]

# All that these do is factor_<effect>_<drug>, three rows of the parameter table; another one is a name here.
PLAIN_DRUGS: Final = ("ciclosporin", "tacrolimus", "mycophenolate")
EFFECTS: Final = ("proliferation", "killing", "homeostasis")
DRUGS: Final = (*PLAIN_DRUGS, "corticosteroid")  # immunosuppressants
CYCLOPHOSPHAMIDE: Final = "cyclophosphamide"
EXPOSURES: Final = (*DRUGS, CYCLOPHOSPHAMIDE)
