"""The parts that a page is made of; each names the tables that its numbers come from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Self

from jobs.language.sentences import say

Sources = tuple[str, ...]  # names of tables of the warehouse
Direction = Literal["up", "down", "same", "none"]


class Term(str):
    """A label that a merchandiser may not know, with a sentence on what it means.

    The page shows the sentence as a tooltip of the label, and in a part of the block that opens by keyboard or tap.
    """

    __slots__ = ("meaning",)
    meaning: str

    def __new__(cls, label: str, meaning: str) -> Self:
        term = super().__new__(cls, label)
        term.meaning = meaning
        return term


def term(label: str, meaning: str, **figures: object) -> Term:
    """A term in the language that is spoken; label and meaning are literals of the source."""
    return Term(say(label, **figures), say(meaning, **figures))


def _terms(labels: Iterable[str]) -> tuple[Term, ...]:
    """The terms among the labels, each once, in their order."""
    return tuple(dict.fromkeys(label for label in labels if isinstance(label, Term)))


@dataclass(frozen=True)
class Change:
    """A figure compared with an earlier night: `against` names the night, `text` the difference."""

    against: str
    text: str
    direction: Direction


@dataclass(frozen=True)
class Tile:
    """A headline figure with its meaning."""

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
    """A row of a bar chart: `share` of the full width in [0, 1]; `pattern` is a class of the style sheet."""

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

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms among the labels."""
        return _terms(bar.label for bar in self.bars)


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
    """Cells are texts; the columns named in `numbers` are aligned right."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sources: Sources
    numbers: frozenset[str] = frozenset()
    note: str = ""
    kind: Literal["table"] = "table"

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms among the columns, then among the cells."""
        return _terms((*self.columns, *(cell for row in self.rows for cell in row)))


@dataclass(frozen=True)
class Words:
    """Sentences, one a line; `mark` rates what they say."""

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
        """The tables that its blocks name."""
        names: set[str] = set()
        for block in self.blocks:
            parts = block.tiles if isinstance(block, Tiles) else (block,)
            names |= {source for part in parts for source in part.sources}
        return names
