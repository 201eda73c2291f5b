"""One part of a job's runs: `--shard I/N`, as the jobs of a job array share them."""

import re
import zlib
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["WHOLE", "Shard", "parts_of"]

_PART: Final = re.compile(r".+-(\d{4,6})-of-(\d{4,6})")


@dataclass(frozen=True, slots=True)
class Shard:
    """Name the part of all runs that one job of a job array runs: `index` of `of`, from 1."""

    index: int = 1
    of: int = 1

    @property
    def whole(self) -> bool:
        """Return whether there is but one part."""
        return self.of == 1

    def includes(self, key: Hashable) -> bool:
        """Return whether what is named by `key`, numbers or words, belongs to this part; it belongs to exactly one."""
        if self.whole:
            return True
        # mixed, so that no part gets only one arm or one corner of a grid
        named = key.to_bytes(8, "little") if isinstance(key, int) else repr(key).encode()
        return zlib.crc32(named) % self.of == self.index - 1

    def named(self, name: str) -> str:
        """Return the name of this part of a store or file of that name."""
        return name if self.whole else f"{name}-{self.index:04d}-of-{self.of:04d}"


WHOLE: Final = Shard()


def parts_of(path: Path) -> dict[Shard, Path]:
    """Return what the jobs of arrays left beside a store (or file, whose ending is kept) of that name, in order."""
    parts = {}
    for part in sorted(path.parent.glob(f"{path.stem}-*-of-*{path.suffix}")):
        known = _PART.fullmatch(part.stem if path.suffix else part.name)
        if known is not None:
            parts[Shard(int(known[1]), int(known[2]))] = part
    return parts
