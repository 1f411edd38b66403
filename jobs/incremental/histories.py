"""user_history of dates: made anew, or the one of an earlier night with the events that came since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.aggregates.history import next_user_history, user_history
from features.contract import USER_HISTORY, USERS
from jobs.execution.night import Night
from jobs.incremental.known_events import Known

DECISION = "history"  # of the run: how long its histories are


def histories(night: Night, events: DataFrame, dates: Sequence[date], made: set[date], known: Known) -> DataFrame:
    """The rows of user_history for each date.

    events: those before the night. made: the dates that the table has, in whole.

    The night alone goes on from the newest earlier one that knew all that is known now of the days before it, and whose
    histories are as long.
    """
    conf = night.conf.features
    length = night.record.decisions[DECISION] = f"{conf.history_length} events of {conf.history_days} days"
    users = night.tables.read(USERS)
    alike = [
        day
        for day, run in known.makers.items()
        if day in made and run["decisions"].get(DECISION) == length and not known.is_outdated(day)
    ]
    if list(dates) != [night.as_of] or not alike:
        return user_history(events, users, dates, conf.history_length, conf.history_days)
    last = max(alike)
    night.record.decisions["history_since"] = str(last)
    rows = night.tables.read(USER_HISTORY).where(F.col("as_of") == F.lit(last))
    return next_user_history(rows, events, users, last, night.as_of, conf.history_length, conf.history_days)
