"""What the storefront delivered of earlier plans, what it led to, and what tonight's plan does about the gaps."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from features.contract import EXPOSURE_ACCOUNT, metrics
from features.contract.segments import SEGMENTS, TAIL
from features.delivery.account import NOT_LOGGED
from jobs.delivery.group_shares import OUTCOMES
from jobs.language.sentences import paragraph, phrase, restated, say
from jobs.report.night_figures import NightFigures, day_words
from jobs.report.page.numbers import NONE, amount, index, money, percent, signed
from jobs.report.page.parts import Bar, Bars, Block, Section, Table, Words
from jobs.report.terms import evenness, gini

MOST = 10
OUTCOMES_TITLE = phrase("What the exposures led to")  # by segment
_ACCOUNT = ("exposure_account",)
_LOG = (
    (metrics.LOG_COUNTED, phrase("{count} count")),
    (metrics.LOG_DUPLICATES, phrase("{count} came twice and count once")),
    (metrics.LOG_BOTS, phrase("{count} are bot traffic and do not count")),
    (metrics.LOG_WITHDRAWN, phrase("{count} are of withdrawn items and do not count")),
    (
        metrics.LOG_WITHOUT_PLAN,
        phrase("{count} are of lists that were rolled back, planned again or never live and do not count"),
    ),
    (
        metrics.LOG_WITHOUT_PROPENSITY,
        phrase("{count} of those that count have no propensity, so off-policy estimates lack them"),
    ),
    (metrics.LOG_WITHOUT_REQUEST, phrase("{count} of those that count have no request_id")),
    (metrics.LOG_LATE, phrase("{count} of those that count came after the end of their day")),
)


def delivery(reading: NightFigures) -> Section:
    """Planned and delivered exposure of the newest accounted night, or that nothing was logged."""
    slug, title = "delivery", say("Planned and delivered")
    night = reading.accounted_night
    if night is None:
        known = _ACCOUNT if reading.exists(EXPOSURE_ACCOUNT) else ()
        nothing = Words((say("No earlier night of this policy has been accounted for yet."),), known)
        return Section(slug, title, "", (nothing,))
    by = reading.account_sums(night, ("segment", "reason"), _sums(reading))
    if by["logged"].isna().all():
        silent = (
            say(
                "Nothing is known of what was delivered of the night of {day}: {why} ({placement}).",
                day=day_words(night), why=say(NOT_LOGGED), placement=reading.conf.plan.placement,
            ),
            say("Log the exposures that the client's exposure_events makes."),
        )  # fmt: skip
        blocks: tuple[Block, ...] = (Words(silent, _ACCOUNT, mark="warn"), *_corrections(reading))
        return Section(slug, title, "", blocks)
    lead = say(
        "Lists of {day}; a response counts for the shopper's last exposure of the product in the {days} days before "
        "it.",
        day=day_words(night),
        days=reading.conf.account.attribution_days,
    )
    blocks = (
        _shares(by), _spread(reading, night), _reasons(by), _by_segment(reading, by), *_by_group(reading, night),
        *_by_policy(reading, night), _log(reading), *_positions(reading), *_corrections(reading),
    )  # fmt: skip
    return Section(slug, title, lead, blocks)


_MONEY = ("revenue", "margin")
_NAMES = {
    "planned": phrase("planned"), "delivered": phrase("delivered"), "logged": phrase("logged"),
    "views": phrase("views"), "clicks": phrase("clicks"), "carts": phrase("carts"), "purchases": phrase("purchases"),
    "revenue": phrase("revenue"), "margin": phrase("margin"),
}  # fmt: skip


def _outcomes(reading: NightFigures) -> tuple[str, ...]:
    return ("views", *OUTCOMES) if reading.conf.relevance.target == "view" else OUTCOMES


def _sums(reading: NightFigures) -> tuple[str, ...]:
    return ("planned", "delivered", "logged", *_outcomes(reading))


def _shares(by: pd.DataFrame) -> Bars:
    sums = by.groupby("segment")[["planned", "delivered"]].sum()
    total = sums.sum()
    bars = []
    for segment in (name for name in (*SEGMENTS, "") if name in sums.index):
        for kind in ("planned", "delivered"):
            share = sums.loc[segment, kind] / total[kind] if total[kind] else 0.0
            label = say("{segment}, {kind}", segment=_segment(segment), kind=say(kind))
            bars.append(
                Bar(label, share, f"{percent(share)}  ({amount(float(sums[kind][segment]))})", segment or "plain")
            )
    ratio = total["delivered"] / total["planned"] if total["planned"] else 0.0
    note = say(
        "Delivered {share} of what was planned. Like planned exposure, delivered exposure counts each logged exposure "
        "with the chance that its position is looked at.",
        share=percent(ratio),
    )
    return Bars(say("Shares planned and delivered"), tuple(bars), _ACCOUNT, note)


def _segment(name: str) -> str:
    return say(name or phrase("not in the plan"))


def _spread(reading: NightFigures, night: date) -> Table:
    """How even the exposure of the accounted night was, as planned and as delivered."""

    def cell(name: str, segment: str, on: date, words: Callable[[float], str]) -> str:
        value = reading.figure(name, segment, on)
        return NONE if value is None else words(value)

    coverage = metrics.COVERAGE_SHARE, metrics.DELIVERED_COVERAGE_SHARE
    never = metrics.NEVER_GIVEN, metrics.NEVER_LOGGED
    measures = (
        (say("Products with exposure"), *coverage, metrics.ALL, percent),
        (say("Tail products with exposure"), *coverage, TAIL, percent),
        (gini(), metrics.EXPOSURE_GINI, metrics.DELIVERED_GINI, metrics.ALL, index),
        (evenness(), metrics.EXPOSURE_ENTROPY_SHARE, metrics.DELIVERED_ENTROPY_SHARE, metrics.ALL, index),
        (say("Products without any in 28 days"), *never, metrics.ALL, amount),
    )
    cells = tuple(
        (label, cell(planned, segment, night, words), cell(delivered, segment, reading.as_of, words))
        for label, planned, delivered, segment, words in measures
    )
    columns = (say("measure"), say("planned"), say("delivered"))
    note = say(
        "Of the products that were eligible on that night. Lists that no shopper opened are planned, not delivered."
    )
    return Table(say("How even it was"), columns, cells, ("metrics", *_ACCOUNT), frozenset(columns[1:]), note)


def _labels(reading: NightFigures, names: Sequence[str]) -> tuple[str, ...]:
    """The headings of sums; those of money name the currency."""
    currency = reading.conf.source.currency
    return tuple(
        say("{name} ({currency})", name=say(_NAMES[name]), currency=currency) if name in _MONEY else say(_NAMES[name])
        for name in names
    )


def _cells(row: Mapping[Hashable, Any], names: Sequence[str]) -> tuple[str, ...]:
    """The sums of a row."""
    return tuple(
        NONE if pd.isna(row[name]) else (money if name in _MONEY else amount)(float(row[name])) for name in names
    )


def _by_segment(reading: NightFigures, by: pd.DataFrame) -> Table:
    names = _sums(reading)
    sums = by.groupby("segment")[list(names)].sum(min_count=1)
    cells = tuple(
        (_segment(row["segment"]), *_cells(row, _sums(reading))) for row in sums.reset_index().to_dict("records")
    )
    note = "" if sums["margin"].notna().any() else say("The store gives no margins.")
    labels = _labels(reading, names)
    return Table(say(OUTCOMES_TITLE), (say("segment"), *labels), cells, _ACCOUNT, frozenset(labels), note)


def _by_group(reading: NightFigures, night: date) -> tuple[Table, ...]:
    """What floors and caps of the accounted night asked for, what was planned and delivered, and what it led to."""
    groups = reading.account_of_groups(night, _outcomes(reading))
    if groups.empty:
        return ()
    largest = groups.sort_values("expected", ascending=False).head(MOST)
    cells = tuple(
        (
            f"{row['constraint']} ({row['member']})",
            *(percent(row[name]) for name in ("asked", "planned", "achieved")),
            *_cells(row, _outcomes(reading)),
        )
        for row in largest.to_dict("records")
    )
    columns = (
        say("rule"), say("asks for"), say("planned"), say("delivered"), *_labels(reading, _outcomes(reading)),
    )  # fmt: skip
    left = len(groups) - len(largest)
    note = paragraph(say("Groups may overlap."), say("{count} smaller ones are not shown.", count=left) if left else "")
    # Columns of items are read where a rule names one.
    sources = (*_ACCOUNT, "item_features", *(["items"] if "items" in reading.read_versions else []))
    return (Table(say("By floor and cap"), columns, cells, sources, frozenset(columns[1:]), note),)


def _by_policy(reading: NightFigures, night: date) -> tuple[Table, ...]:
    """What the lists of each arm got and led to; nothing where one policy alone was accounted."""
    names = _sums(reading)
    sums = reading.account_sums(night, ("policy",), names, arms=True)
    if len(sums) < 2:
        return ()
    cells = tuple((row["policy"], *_cells(row, names)) for row in sums.sort_values("policy").to_dict("records"))
    labels = _labels(reading, names)
    return (Table(say("By policy, of all arms"), (say("policy"), *labels), cells, _ACCOUNT, frozenset(labels)),)


def _reasons(by: pd.DataFrame) -> Bars:
    sums = by.assign(gap=by["delivered"] - by["planned"]).groupby("reason")[["gap", "items"]].sum()
    sums = sums[sums.index != ""].sort_values("gap")
    widest = max(sums["gap"].abs().max(), 1e-9) if len(sums) else 1.0
    bars = tuple(
        Bar(
            restated(str(reason)),
            abs(row["gap"]) / widest,
            signed(row["gap"]),
            note=say("{count} products", count=amount(row["items"])),
        )
        for reason, row in sums.iterrows()
    )
    note = "" if bars else say("Every gap is within chance.")
    return Bars(say("Why there are gaps, in exposures"), bars, _ACCOUNT, note)


def _log(reading: NightFigures) -> Words:
    counts = [(reading.figure(name), words) for name, words in _LOG]
    parts = say("; ").join(say(words, count=amount(count)) for count, words in counts if count)
    sentence = say(
        "Of the exposures logged for the last {nights} nights: {parts}.",
        nights=reading.conf.account.nights,
        parts=parts,
    )
    return Words((sentence,), ("metrics", "events"), title=say("The log"))


def _positions(reading: NightFigures) -> tuple[Block, ...]:
    """The weights of positions as the log shows them, as configured, and as tonight's plan uses them."""
    bars = []
    for position, configured in enumerate(reading.conf.plan.position_weights, start=1):
        learned = reading.figure(metrics.POSITION_WEIGHT, str(position))
        if learned is not None:
            used = reading.figure(metrics.POSITION_WEIGHT_USED, str(position)) or configured
            note = say(
                "configured {configured}, the plan uses {used}", configured=percent(configured), used=percent(used)
            )
            bars.append(Bar(say("position {position}", position=position), learned, percent(learned), note=note))
    if not bars:
        return ()
    note = say(
        "Chance that a place is looked at compared with the first one, estimated from the responses to products of "
        "like predicted relevance that were shown at several places (position-based model). Where the log holds too "
        "few of them, tonight's plan stays near what earlier nights learnt, and near plan.position_weights without any."
    )
    return (Bars(say("How often places are looked at"), tuple(bars), ("metrics", "events"), note),)


def _corrections(reading: NightFigures) -> tuple[Block, ...]:
    largest = reading.corrections.head(MOST)
    if largest.empty:
        return ()
    cells = tuple(
        (
            f"{row['constraint']} ({row['member']})", percent(row["asked_share"]),
            NONE if pd.isna(row["delivered_share"]) else percent(row["delivered_share"]),
            signed(row["correction"], percent), restated(row["reason"]),
        )
        for row in largest.to_dict("records")
    )  # fmt: skip
    columns = (say("rule"), say("asks for"), say("delivered"), say("bound moved by"), say("why"))
    title = say("What tonight's plan does about it")
    return (Table(title, columns, cells, ("exposure_corrections",), frozenset(columns[1:4])),)
