"""The season of a date: how far the level of the chances is from that of the periods that the calibrator saw."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import log

import numpy as np
from pyspark.sql import DataFrame

from features.contract import DAILY_PAIR, DAILY_USER, METRICS, USERS
from features.contract.metrics import ALL, SEASON, SEASON_DEVIATION, SEASON_SHIFT
from features.contract.responses import PURCHASE
from features.demand.response_days import response_days
from features.demand.response_weeks import response_weeks, shoppers_by_week
from jobs.execution.night import Night
from jobs.tables.sql import sql_starts_with
from model.bundle import Description
from model.season import MOST_WEEKS, NO_SEASON, Season, WeeklyResponses, Window, season_of

Days = tuple[date, date]  # the first and the last of a period


def season_at(night: Night, cut: date, past: Sequence[Days], days: int | None = None) -> Season:
    """The season of the horizon that begins at `cut`, from the responses before it; NO_SEASON without past periods.

    Counts responses to items that are new to the shopper if only these are candidates, else of all items. The driver
    holds one number a week.

    past: the periods that the calibrator was fitted on
    days: of the horizon, None for those within which a response counts
    """
    coming = days_of_response(night) if days is None else days
    if not night.conf.relevance.season or not past:
        return NO_SEASON
    windows = [Window((first - cut).days, (last - cut).days + 1) for first, last in past]
    return season_of(weekly_responses(night, cut), windows, Window(0, coming))


def weekly_responses(night: Night, cut: date) -> WeeklyResponses:
    """Responses and known shoppers of up to MOST_WEEKS weeks before `cut`; empty where no shopper was known."""
    users = night.tables.read(USERS)
    signed_up = {row["week"]: row["shoppers"] for row in shoppers_by_week(users, cut).collect()}
    weeks = min(max(signed_up, default=0), MOST_WEEKS)
    counts = response_weeks(users, *_responses_by_day(night), as_of=cut, weeks=weeks)
    by_week = {row["week"]: float(row["responses"]) for row in counts.collect()}
    known = [float(sum(number for week, number in signed_up.items() if week > at)) for at in reversed(range(weeks))]
    return WeeklyResponses(np.array([by_week.get(at, 0.0) for at in reversed(range(weeks))]), np.array(known))


def _responses_by_day(night: Night) -> tuple[DataFrame, str]:
    """Rows with day and user_id, and the name of the column that counts the items responded to."""
    only_new = night.conf.candidates.exclude_bought
    if night.conf.relevance.target == PURCHASE:
        return night.tables.read(DAILY_USER), "new_items_count" if only_new else "items_count"
    pairs = night.tables.read(DAILY_PAIR)
    return response_days(pairs, night.conf.relevance.target, only_new=only_new), "responses"


def periods_of(description: Description) -> list[Days]:
    """The periods that a bundle's calibrator was fitted on; none for a bundle of a version that did not record them."""
    return [(date.fromisoformat(first), date.fromisoformat(last)) for first, last in description.calibrated_on]


def extension(night: Night, past: Sequence[Days]) -> float:
    """What the log-odds of a model of shorter periods gain for the horizon of the configuration.

    The logarithm of the days of the horizon a day of the periods, so chances of a few per cent grow in proportion to
    the days; 0 per exposure, whose chance does not depend on the period, and without past periods.
    """
    if night.conf.relevance.per != "horizon" or not past:
        return 0.0
    first, last = past[-1]
    return log(night.conf.relevance.horizon_days / ((last - first).days + 1))


def write_season(night: Night, season: Season) -> None:
    """Writes season_shift and season_deviation to `metrics`."""
    versions = dict(night.tables.inputs)
    figures = {SEASON_SHIFT: season.shift, SEASON_DEVIATION: season.deviation}
    rows = [(night.as_of, name, ALL, value, versions) for name, value in figures.items()]
    frame = night.spark.createDataFrame(rows, METRICS.schema).coalesce(1)
    night.tables.replace_date(frame, METRICS, night.as_of, sql_starts_with("name", SEASON))


def days_of_response(night: Night) -> int:
    """Days from a night on within which what it scores is responded to."""
    relevance = night.conf.relevance
    return relevance.horizon_days if relevance.per == "horizon" else relevance.attribution_days
