"""The summary of a night for chats and mail: what the page says, in a few lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from features.contract.metrics import EXPOSURE_ALLOCATED
from features.contract.segments import COLD, HEAD, TAIL
from jobs.alerts.message import Message
from jobs.alerts.receivers import send_to_receivers
from jobs.alerts.stored import names_of, stored_alerts
from jobs.execution.night import Night
from jobs.language.sentences import listed, say, speaking
from jobs.report.night_figures import NightFigures
from jobs.report.page.numbers import NONE
from jobs.report.page.parts import Bar, Bars, Block, Section, Table, Tile, Tiles, Words
from jobs.report.page_files import page_of
from jobs.report.sections.delivery import OUTCOMES_TITLE
from jobs.report.sections.exposure import share_label
from jobs.report.stopped_night import NAME as OF_STOPS

MOST_ALERTS = 20
_Block = TypeVar("_Block", bound=Block)


def send_summary(night: Night, reading: NightFigures, sections: Sequence[Section]) -> None:
    """Sends the summary of a published night to the receivers of alerts.summary_to.

    sections: of the night's page, from which it takes figures and words
    """
    published = reading.run_of("publish")
    if not night.conf.alerts.summary_to or published is None or published["status"] != "done":
        return
    # An earlier run of this night may have been stopped; its alert is deleted at the end of this one.
    of_stop = f"{night.as_of}-{OF_STOPS}.jsonl"
    names = [name for name in names_of(night.as_of, night.files.names("alerts")) if name != of_stop]
    with speaking(night.conf.report.language):
        send_to_receivers(night, night_message(night, reading, sections, stored_alerts(names, night.files.read)))


def night_message(
    night: Night, reading: NightFigures, sections: Sequence[Section], alerts: Sequence[dict[str, Any]]
) -> Message:
    """The message: what the tail gets, what the exposures led to, rules, alerts, changes. alerts: fields of each"""
    of_page = {section.slug: section for section in sections}
    placement = night.conf.plan.placement
    parts = {
        "tail": (say("What the tail got on {placement}", placement=placement), *_shares(of_page["exposure"])),
        "delivered": _delivered(of_page["delivery"]),
        "rules": (of_page["prices"].title, *_sentences(of_page["prices"])),
        "alerts": (say("Alerts: {count}", count=len(alerts)), *_alerts(alerts)),
        "changes": _changes(of_page["headline"], compared=reading.previous_night is not None),
    }
    title = say("Night of {day}", day=night.as_of)
    return Message(night.as_of, night.run_id, title, parts, _page(night))


def _page(night: Night) -> str:
    return say("All figures: {page} in the warehouse.", page=page_of(night))


def _blocks(section: Section, kind: type[_Block]) -> Iterator[_Block]:
    return (block for block in section.blocks if isinstance(block, kind))


def _shares(section: Section) -> Iterator[str]:
    """Who gets the planned exposure, the tail first."""
    bars: dict[str, Bar] = {bar.label: bar for block in _blocks(section, Bars) for bar in block.bars}
    for segment in (TAIL, COLD, HEAD):
        bar = bars.get(share_label(EXPOSURE_ALLOCATED, segment))
        if bar is not None:
            yield _labelled(bar.label, bar.text)


def _delivered(section: Section) -> tuple[str, ...]:
    """What the newest accounted night delivered and what it led to, by segment, or why that is not known."""
    outcomes = say(OUTCOMES_TITLE)
    rows = next((list(_rows(block)) for block in _blocks(section, Table) if block.title == outcomes), [])
    notes = [block.note for block in _blocks(section, Bars)]
    words = () if rows else _sentences(section)
    return (section.title, *filter(None, (section.lead, *notes, *rows, *words)))


def _rows(table: Table) -> Iterator[str]:
    """'tail: planned 5,200, delivered 4,900'; figures that are not known are left out."""
    for first, *cells in table.rows:
        named = zip(table.columns[1:], cells, strict=True)
        known = [f"{column} {cell}" for column, cell in named if cell != NONE]
        if known:
            yield _labelled(first, listed(known))


def _sentences(section: Section) -> tuple[str, ...]:
    return tuple(sentence for block in _blocks(section, Words) for sentence in block.sentences)


def _alerts(alerts: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield from (str(alert["text"]) for alert in alerts[:MOST_ALERTS])
    if len(alerts) > MOST_ALERTS:
        yield say("{count} further alerts are in the warehouse.", count=len(alerts) - MOST_ALERTS)


def _changes(section: Section, compared: bool) -> tuple[str, ...]:
    """The headline figures. compared: whether there is a previous night, with which a tile compares first"""
    tiles = [tile for block in _blocks(section, Tiles) for tile in block.tiles]
    return (section.title, *filter(None, (section.lead, *(_tile(tile, compared) for tile in tiles))))


def _tile(tile: Tile, compared: bool) -> str:
    change = tile.changes[0] if compared else None
    if change is None or change.direction == "none":
        return _labelled(tile.label, tile.value)
    return _labelled(tile.label, say("{value} ({change} {against})", value=tile.value, change=change.text,
                                     against=change.against))  # fmt: skip


def _labelled(label: str, text: str) -> str:
    return say("{label}: {text}", label=label, text=text)
