"""What the desk's page of a product says, as sentences."""

from __future__ import annotations

from collections.abc import Iterator

from jobs.config.configuration import Config
from jobs.desk.product import product_facts, product_sections
from jobs.desk.stored_tables import StoredTables
from jobs.report.page.parts import Block, Table, Tiles, Words
from jobs.runtime.errors import LongtailError
from jobs.search_service.night_index import NightIndex
from jobs.search_service.responses import ItemExplanation


def explained_item(conf: Config, night: NightIndex, item_id: str) -> ItemExplanation:
    """What the night's tables say of an item; no sentence names a shopper. Raises LongtailError for an unknown item."""
    tables = StoredTables(conf.warehouse)
    facts = product_facts(tables, night.as_of, item_id)
    if facts is None:
        raise LongtailError(f"The night of {night.as_of} does not know this item.", "Name an item_id of its catalogue.")
    sections = product_sections(tables, conf, night.as_of, facts, named=False)
    sentences = [text for section in sections for block in section.blocks for text in _said(section.title, block)]
    return ItemExplanation(
        night=night.as_of, item_id=item_id, title=str(facts["title"]), segment=facts["segment"] or None,
        sentences=sentences,
    )  # fmt: skip


def _said(title: str, block: Block) -> Iterator[str]:
    """The sentences of a block; drawings have none."""
    if isinstance(block, Tiles):
        yield from (f"{tile.label}: {tile.value}. {tile.meaning}".strip() for tile in block.tiles)
    elif isinstance(block, Words):
        yield from (f"{title}: {sentence}" for sentence in block.sentences)
    elif isinstance(block, Table):
        yield from (f"{block.title}: {', '.join(row)}." for row in block.rows)
