"""The results store of trials and sweeps: rows of runs in a few Parquet files, safe against crashes (docs/trial.md)."""

from simulation.store.design import Column, Design, read_design
from simulation.store.rows import Row, write_shard
from simulation.store.shard import WHOLE, Shard, parts_of
from simulation.store.store import Store, StoreInUse

__all__ = [
    "WHOLE",
    "Column",
    "Design",
    "Row",
    "Shard",
    "Store",
    "StoreInUse",
    "parts_of",
    "read_design",
    "write_shard",
]
