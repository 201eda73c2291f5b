"""The names of the processes that a scenario may switch off."""

from typing import Final

__all__ = ["PROCESS_NAMES"]

PROCESS_NAMES: Final = (
    "contact",
    "killing",
    "gvl",
    "blast_growth",
    "antigen_loss",
    "blast_spread",
    "activation",
    "exhaustion",
    "cyclophosphamide",
    "homeostasis",
    "thymus",
    "priming",
    "marrow_priming",
    "treg",
    "trafficking",
    "margination",
    "gvhd",
    "crs",
    "blinatumomab_pk",
    "drug_penetration",
    "immunosuppression",
    "host_marrow",
    "normal_marrow",
    "normal_b_cells",
)
