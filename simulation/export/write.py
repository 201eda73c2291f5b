"""Write an export: its tables, the table that says what every variable means, and where it comes from."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from simulation.export.adam import adam_tables, parameters
from simulation.export.nonmem import nonmem_tables
from simulation.export.subjects import Source
from simulation.export.tables import Table, contents_of, dictionary
from simulation.export.tidy import quantities, tidy_tables
from simulation.files.folder import Content, write_folder
from simulation.provenance import provenance

__all__ = ["FORMATS", "write_export"]

# name -> how its tables are made, the name of the table that explains them, whether Parquet stands beside CSV
FORMATS: Final[Mapping[str, tuple[Callable[[Source], list[Table]], str, bool]]] = {
    "adam": (adam_tables, "define.csv", True),
    "nonmem": (nonmem_tables, "define.csv", False),
    "tidy": (tidy_tables, "data_dictionary.csv", True),
}
_FROM: Final = ("version", "commit", "model_sha256", "trial", "scenario", "seed")


def write_export(source: Source, name: str, out: Path) -> list[Table]:
    """Write the export `name` (one of `FORMATS`) into a folder, in place of an earlier one; return its tables.

    Raises
    ------
    UserError
        Where the results do not hold what the format needs.
    """
    make, explained, parquet = FORMATS[name]
    tables = make(source)
    more = {"adam": parameters, "tidy": quantities}.get(name, lambda _: ())(tables)
    read: dict[str, Any] = {key: source.provenance.get(key) for key in _FROM if key in source.provenance}
    origin = provenance(export=f"{source.study}: {name}", exported_from=read, seed=source.seed)

    def contents() -> Mapping[str, Content]:
        return {**contents_of(tables, parquet=parquet), explained: dictionary(tables, *more)}

    write_folder(out, contents, origin)
    return tables
