"""The parts that a page is made of. Each names the tables that its numbers came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Sources = tuple[str, ...]  # names of tables of the warehouse
Direction = Literal["up", "down", "same", "none"]


@dataclass(frozen=True)
class Change:
    """A figure against an earlier night: `against` says which, `text` by how much."""

    against: str
    text: str
    direction: Direction


@dataclass(frozen=True)
class Tile:
    """A headline figure with what it means."""

    label: str
    value: str
    meaning: str
    changes: tuple[Change, ...]
    sources: Sources
    kind: Literal["tile"] = "tile"


@dataclass(frozen=True)
class Tiles:
    tiles: tuple[Tile, ...]
    kind: Literal["tiles"] = "tiles"


@dataclass(frozen=True)
class Bar:
    """A row of a bar chart: `share` of the full width in [0, 1]; `pattern` is a name of the style sheet."""

    label: str
    share: float
    text: str
    pattern: str = "plain"
    note: str = ""


@dataclass(frozen=True)
class Bars:
    title: str
    bars: tuple[Bar, ...]
    sources: Sources
    note: str = ""
    kind: Literal["bars"] = "bars"


@dataclass(frozen=True)
class Plot:
    """A drawing as SVG; `svg` is trusted, all else is escaped."""

    title: str
    svg: str
    sources: Sources
    note: str = ""
    kind: Literal["plot"] = "plot"


@dataclass(frozen=True)
class Table:
    """Cells are texts; the columns named in `numbers` are set to the right."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sources: Sources
    numbers: frozenset[str] = frozenset()
    note: str = ""
    kind: Literal["table"] = "table"


@dataclass(frozen=True)
class Words:
    """Sentences, one a line; `mark` says how they are meant."""

    sentences: tuple[str, ...]
    sources: Sources
    title: str = ""
    mark: Literal["plain", "good", "warn", "bad"] = "plain"
    kind: Literal["words"] = "words"


Block = Tiles | Bars | Plot | Table | Words


@dataclass(frozen=True)
class Section:
    """A part of the page with its own heading; `slug` is its address within the page."""

    slug: str
    title: str
    lead: str
    blocks: tuple[Block, ...]

    @property
    def sources(self) -> set[str]:
        found: set[str] = set()
        for block in self.blocks:
            parts = block.tiles if isinstance(block, Tiles) else (block,)
            found |= {source for part in parts for source in part.sources}
        return found
