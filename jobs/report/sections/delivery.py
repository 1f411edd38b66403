"""What the storefront delivered of earlier plans, what it brought, and what tonight's plan does about the gaps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pandas as pd
from pyspark.sql import functions as F

from features.contract import EXPOSURE_ACCOUNT, EXPOSURE_CORRECTIONS
from features.delivery.account import NOT_LOGGED
from jobs.delivery.group_shares import OUTCOMES, group_shares
from jobs.planning.columns import item_rows_of, named_columns
from jobs.report.night_tables import Reading, day_words
from jobs.report.page.numbers import NONE, amount, percent
from jobs.report.page.parts import Bar, Bars, Block, Section, Table, Words

MOST = 10
_ACCOUNT = ("exposure_account",)
_EVENTS = (
    ("delivery_counted_count", "count"),
    ("delivery_duplicate_count", "came twice and count once"),
    ("delivery_bot_count", "are a program's and do not count"),
    ("delivery_withdrawn_count", "are of items that were withdrawn, and do not count"),
    (
        "delivery_without_propensity_count",
        "of those that count have no propensity, so that off-policy estimates lack them",
    ),
    ("delivery_without_request_count", "of those that count have no request_id"),
    ("delivery_late_count", "of those that count came after their day was over"),
)


def delivery(reading: Reading) -> Section:
    """Planned against logged exposure of the newest accounted night; says so where nothing was logged."""
    slug, title = "delivery", "Planned and delivered"
    night = _newest(reading)
    if night is None:
        known = _ACCOUNT if reading.tables.exists(EXPOSURE_ACCOUNT) else ()
        nothing = Words(("No earlier night of this policy has been accounted for yet.",), known)
        return Section(slug, title, "", (nothing,))
    rows = reading.of_policy(EXPOSURE_ACCOUNT, night)
    sums = [F.sum(name).cast("double").alias(name) for name in _SUMS]
    by = rows.groupBy("segment", "reason").agg(*sums, F.count("*").alias("items")).toPandas()
    if by["logged"].isna().all():
        told = (
            f"Nothing is known of what was delivered of the night of {day_words(night)}: {NOT_LOGGED} "
            f"({reading.conf.plan.placement}). Log the exposures that the client's exposure_events makes.",
        )
        blocks: tuple[Block, ...] = (Words(told, _ACCOUNT, mark="warn"), *_corrections(reading))
        return Section(slug, title, "", blocks)
    lead = (
        f"Lists of {day_words(night)}; a response goes back to the shopper's last exposure of the product within "
        f"{reading.conf.account.attribution_days} days."
    )
    blocks = (
        _shares(by), _spread(reading, night), _reasons(by), _by_segment(by), *_by_group(reading, night),
        *_by_policy(reading, night), _events(reading), *_positions(reading), *_corrections(reading),
    )  # fmt: skip
    return Section(slug, title, lead, blocks)


_SUMS = ("planned", "delivered", "logged", "clicks", "carts", "purchases", "revenue", "margin")


def _newest(reading: Reading) -> date | None:
    """The newest accounted night of which anything was logged, else the newest."""
    found = (
        reading.tables.read_or_empty(EXPOSURE_ACCOUNT)
        .where((F.col("policy") == reading.conf.plan.policy) & (F.col("as_of") < F.lit(reading.as_of)))
        .agg(F.max(F.when(F.col("logged") > 0, F.col("as_of"))).alias("logged"), F.max("as_of").alias("any"))
        .first()
    )
    return None if found is None else found["logged"] or found["any"]


def _shares(by: pd.DataFrame) -> Bars:
    sums = by.groupby("segment")[["planned", "delivered"]].sum()
    whole = sums.sum()
    bars = []
    for segment in (name for name in ("head", "tail", "cold", "") if name in sums.index):
        for kind in ("planned", "delivered"):
            share = sums.loc[segment, kind] / whole[kind] if whole[kind] else 0.0
            label = f"{segment or 'not in the plan'}, {kind}"
            bars.append(
                Bar(label, share, f"{percent(share)}  ({amount(float(sums[kind][segment]))})", segment or "plain")
            )
    ratio = whole["delivered"] / whole["planned"] if whole["planned"] else 0.0
    note = (
        f"Delivered {percent(ratio)} of what was planned. Delivered is what was logged, each exposure times the chance "
        "that its position is looked at, as planned is."
    )
    return Bars("Shares intended and achieved", tuple(bars), _ACCOUNT, note)


_SPREAD = (
    ("Products with exposure", "coverage_share", "delivered_coverage_share", percent),
    ("Tail products with exposure", "coverage_share/tail", "delivered_coverage_share/tail", percent),
    ("Gini, 0 is even, 1 is all for one product", "exposure_gini", "delivered_gini", "{:.3f}".format),
    ("Entropy, 1 is even", "exposure_entropy_share", "delivered_entropy_share", "{:.3f}".format),
    ("Products without any in 28 days", "never_given_28d_count", "never_logged_28d_count", amount),
)


def _spread(reading: Reading, night: date) -> Table:
    """How even the exposure of the accounted night was, as it was planned and as it was delivered."""

    def cell(name: str, on: date, words: Callable[[float], str]) -> str:
        figure, _, segment = name.partition("/")
        value = reading.figure(figure, segment or "all", on)
        return NONE if value is None else words(value)

    cells = tuple(
        (label, cell(planned, night, words), cell(delivered, reading.as_of, words))
        for label, planned, delivered, words in _SPREAD
    )
    columns = ("measure", "planned", "delivered")
    note = "Of the products that were eligible on that night. What nobody asked for was planned and not delivered."
    return Table("How even it was", columns, cells, ("metrics", *_ACCOUNT), frozenset(columns[1:]), note)


def _by_segment(by: pd.DataFrame) -> Table:
    sums = by.groupby("segment")[list(_SUMS)].sum(min_count=1)
    cells = tuple(
        (str(segment) or "not in the plan", *(NONE if pd.isna(row[name]) else amount(row[name]) for name in _SUMS))
        for segment, row in sums.iterrows()
    )
    columns = ("segment", *_SUMS)
    note = "" if sums["margin"].notna().any() else "The store gives no margins."
    return Table("What the exposures led to", columns, cells, _ACCOUNT, frozenset(_SUMS), note)


def _by_group(reading: Reading, night: date) -> tuple[Table, ...]:
    """Floors and caps of the accounted night: asked, planned, achieved, and what came of it."""
    tables, plan = reading.tables, reading.conf.plan
    items = item_rows_of(tables, night, named_columns(plan)).toPandas()
    found = group_shares(plan, items, reading.of_policy(EXPOSURE_ACCOUNT, night).toPandas())
    if found.empty:
        return ()
    shown = found.sort_values("expected", ascending=False).head(MOST)
    cells = tuple(
        (
            f"{row['constraint']} ({row['member']})", percent(row["asked"]), percent(row["planned"]),
            percent(row["achieved"]), *(NONE if pd.isna(row[name]) else amount(row[name]) for name in OUTCOMES),
        )
        for row in shown.to_dict("records")
    )  # fmt: skip
    columns = ("rule", "asked", "planned", "achieved", *OUTCOMES)
    left = len(found) - len(shown)
    note = "Groups may overlap." + (f" {left} smaller ones are not shown." if left else "")
    # Columns of items are read where a rule names one.
    sources = (*_ACCOUNT, "item_features", *(["items"] if "items" in tables.inputs else []))
    return (Table("By floor and cap", columns, cells, sources, frozenset(columns[1:]), note),)


def _by_policy(reading: Reading, night: date) -> tuple[Table, ...]:
    """What the lists of each arm got and led to; nothing where one policy alone was accounted."""
    of_night = reading.tables.read(EXPOSURE_ACCOUNT).where(F.col("as_of") == F.lit(night))
    sums = of_night.groupBy("policy").agg(*(F.sum(name).cast("double").alias(name) for name in _SUMS)).toPandas()
    if len(sums) < 2:
        return ()
    cells = tuple(
        (row["policy"], *(NONE if pd.isna(row[name]) else amount(row[name]) for name in _SUMS))
        for row in sums.sort_values("policy").to_dict("records")
    )
    return (Table("By policy, of all arms", ("policy", *_SUMS), cells, _ACCOUNT, frozenset(_SUMS)),)


def _reasons(by: pd.DataFrame) -> Bars:
    sums = by.assign(gap=by["delivered"] - by["planned"]).groupby("reason")[["gap", "items"]].sum()
    sums = sums[sums.index != ""].sort_values("gap")
    widest = max(sums["gap"].abs().max(), 1e-9) if len(sums) else 1.0
    bars = tuple(
        Bar(str(reason), abs(row["gap"]) / widest, f"{row['gap']:+,.0f}", note=f"{amount(row['items'])} products")
        for reason, row in sums.iterrows()
    )
    return Bars("Why there are gaps, in exposures", bars, _ACCOUNT, "" if bars else "Every gap is within chance.")


def _events(reading: Reading) -> Words:
    counts = [(reading.figure(name), words) for name, words in _EVENTS]
    told = tuple(f"{amount(count)} {words}" for count, words in counts if count)
    days = reading.conf.account.nights
    sentence = f"Of the exposures logged for the last {days} nights: {'; '.join(told)}."
    return Words((sentence,), ("metrics", "events"), title="The log")


def _positions(reading: Reading) -> tuple[Block, ...]:
    """The weights of positions that the log's answers tell, beside those configured and those reckoned with."""
    reckoned = reading.conf.plan.position_weights
    bars = []
    for place, weight in enumerate(reckoned, start=1):
        found = reading.figure("delivery_position_weight", str(place))
        if found is not None:
            used = reading.figure("delivery_position_weight_used", str(place)) or weight
            bars.append(
                Bar(
                    f"position {place}",
                    found,
                    f"{found:.2f}",
                    note=f"configured {weight:.2f}, reckoned with {used:.2f}",
                )
            )
    if not bars:
        return ()
    note = (
        "Chance to be looked at against the first place, by a position-based model of the answers to products shown at "
        "several places. What the log cannot tell well stays near plan.position_weights; tonight's plan reckons with "
        "what is between the two."
    )
    return (Bars("How often places are looked at", tuple(bars), ("metrics", "events"), note),)


def _corrections(reading: Reading) -> tuple[Block, ...]:
    rows = reading.tables.read_or_empty(EXPOSURE_CORRECTIONS).where(
        (F.col("as_of") == F.lit(reading.as_of)) & (F.col("policy") == reading.conf.plan.policy)
    )
    found = rows.orderBy(F.desc(F.abs("correction")), "constraint", "member").limit(MOST).toPandas()
    if found.empty:
        return ()
    cells = tuple(
        (
            f"{row['constraint']} ({row['member']})", percent(row["asked_share"]),
            NONE if pd.isna(row["delivered_share"]) else percent(row["delivered_share"]),
            f"{100 * row['correction']:+.1f} %", row["reason"],
        )
        for row in found.to_dict("records")
    )  # fmt: skip
    columns = ("rule", "asked", "delivered", "bound moved by", "why")
    table = Table(
        "What tonight's plan does about it", columns, cells, ("exposure_corrections",), frozenset(columns[1:4])
    )
    return (table,)
