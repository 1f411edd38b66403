"""When readers saw which night, and the night of every logged exposure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from features.contract import EXPOSURE_SCORES
from jobs.config.plan import Plan
from jobs.execution.manifest import done_runs
from jobs.online.roll_backs import returns_to_runs
from jobs.tables.warehouse import Warehouse

# A night that is published later is one of a replayed past: the clock of its publish is not that of its events.
_REPLAYED = timedelta(days=7)
_SHOWN = "_shown"


@dataclass(frozen=True)
class LivePeriod:
    """Readers saw the lists of the night from `since` to before `until`, UTC; None: of a plan that was replaced."""

    as_of: date | None
    since: datetime
    until: datetime


def plan_runs(tables: Warehouse, plan: Plan, nights: Collection[date]) -> list[Row]:
    """as_of, policy, run_id of the placement's plans that are stored for these nights."""
    lists = tables.read_or_empty(EXPOSURE_SCORES).where(
        F.col("as_of").isin(list(nights)) & (F.col("placement") == plan.placement)
    )
    return lists.select("as_of", "policy", "run_id").distinct().collect()


def live_periods(
    tables: Warehouse, nights: Collection[date], runs: Iterable[Row], policy: str, until: date
) -> list[LivePeriod]:
    """When readers saw which night, in order, from the midnight (UTC) of the first of these nights to that of `until`.

    A night is live from the end of its publish, or from a roll-back to it, to the next flip. Where nothing was ever
    published, and for nights that were published more than a week late, as in a replayed past, it is live from the
    midnight with which its date begins. Before the first flip no night was live. If the policy was planned again after
    the flip, readers saw a plan that is no longer stored.

    nights: from `live_nights`; runs: from `plan_runs`, none where it does not matter that a plan was replaced
    """
    published = done_runs(tables, "publish")
    planned = _ends_of_plans(tables, runs, policy)
    starts: list[tuple[datetime, date | None]] = [(_midnight(night), night) for night in nights]
    if published:
        starts = _flips(tables, nights, published, planned)
    first, end = _midnight(min(nights)), _midnight(until)
    starts = sorted(((at, night) for at, night in starts if at < end), key=lambda start: start[0])
    ends = [*(at for at, _ in starts[1:]), end]
    periods = (LivePeriod(night, max(at, first), stop) for (at, night), stop in zip(starts, ends, strict=True))
    return [period for period in periods if period.since < period.until]


def live_days(periods: Iterable[LivePeriod]) -> dict[date, float]:
    """By night the days for which readers saw it."""
    days: dict[date, float] = {}
    for period in periods:
        if period.as_of is not None:
            days[period.as_of] = days.get(period.as_of, 0.0) + (period.until - period.since) / timedelta(days=1)
    return days


def with_night(
    exposures: DataFrame, nights: Collection[date], runs: Iterable[Row], periods: Sequence[LivePeriod]
) -> DataFrame:
    """The columns of the exposures and as_of: the night whose list was shown.

    It is the night that the event names, else the one that was live at its time; NULL where that is none of `nights`,
    where none was live, or where the event names another run than the one whose plan is stored. Exposures of a night
    before all of `nights` are left out.

    exposures: event_time, list_as_of, list_run_id and any others
    nights, runs: those to account, and their runs from `plan_runs`
    """
    stored = exposures.sparkSession.createDataFrame(
        sorted({(run["as_of"], run["run_id"]) for run in runs}), "_planned date, _run_id string"
    )
    by_name = (F.col("list_as_of") == F.col("_planned")) & (F.col("list_run_id") == F.col("_run_id"))
    shown = F.col(_SHOWN)
    is_stored = F.col("list_run_id").isNull() | F.col("_run_id").isNotNull()
    return (
        _with_shown_night(exposures, periods)
        .join(F.broadcast(stored), on=by_name, how="left")
        .where(shown.isNull() | (shown >= F.lit(min(nights))))
        .select(*exposures.columns, F.when(shown.isin(list(nights)) & is_stored, shown).alias("as_of"))
    )


def shown_since(exposures: DataFrame, first: date, periods: Sequence[LivePeriod]) -> DataFrame:
    """The exposures of lists of the night `first` or of a later one, whether or not their plan is stored.

    exposures: event_time, list_as_of and any others
    """
    shown = _with_shown_night(exposures, periods)
    return shown.where(F.col(_SHOWN) >= F.lit(first)).select(*exposures.columns)


def _with_shown_night(exposures: DataFrame, periods: Sequence[LivePeriod]) -> DataFrame:
    """The columns of the exposures and _SHOWN: the night that the event names, else the one that was live; or NULL."""
    rows = [(period.as_of, period.since, period.until) for period in periods]
    live = exposures.sparkSession.createDataFrame(rows, "_live date, _since timestamp, _until timestamp")
    at_its_time = (F.col("event_time") >= F.col("_since")) & (F.col("event_time") < F.col("_until"))
    joined = exposures.join(F.broadcast(live), on=at_its_time, how="left")
    return joined.select(*exposures.columns, F.coalesce("list_as_of", "_live").alias(_SHOWN))


def _flips(
    tables: Warehouse, nights: Collection[date], published: Iterable[Row], planned: dict[date, float]
) -> list[tuple[datetime, date | None]]:
    """When readers moved to which night, in any order."""
    starts: list[tuple[datetime, date | None]] = []
    of_run: dict[str, date | None] = {}
    for run in published:
        night, at = run["as_of"], datetime.fromtimestamp(run["ended_at"], UTC)
        shown = night if planned.get(night, 0.0) <= run["ended_at"] else None
        if at - _midnight(night) < _REPLAYED:
            starts.append((at, shown))
            of_run[run["run_id"]] = shown
        elif night in nights:
            starts.append((_midnight(night), shown))
    starts += [(at, of_run[run]) for at, run in returns_to_runs(tables.files) if run in of_run]
    return starts


def _ends_of_plans(tables: Warehouse, runs: Iterable[Row], policy: str) -> dict[date, float]:
    """By night when its stored plan of the policy was complete, in seconds since 1970."""
    stored = {(run["as_of"], run["run_id"]) for run in runs if run["policy"] == policy}
    done = done_runs(tables, "plan_exposure")
    return {run["as_of"]: run["ended_at"] for run in done if (run["as_of"], run["run_id"]) in stored}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
