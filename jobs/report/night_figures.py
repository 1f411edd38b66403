"""What the sections of a night's page are computed from: small frames, however they were read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import pandas as pd

from features.contract.metrics import ALL
from features.contract.segments import SEGMENTS
from features.contract.table import Table
from jobs.config.configuration import Config
from jobs.language.sentences import dated
from jobs.report.response_in_words import words_of
from model.phrases.table import ResponseWords

TREND_DAYS = 56
WEEK = 7


@dataclass(frozen=True)
class NightFigures(ABC):
    """The night of `as_of` and the nights before it. `Reading` reads them with Spark, the desk without."""

    conf: Config
    as_of: date

    @property
    @abstractmethod
    def figures(self) -> pd.DataFrame:
        """as_of, name, segment, value, source_versions of the nights of the trend, without features and forecasts."""

    @property
    @abstractmethod
    def feature_figures(self) -> pd.DataFrame:
        """name, segment, value of tonight's figures of features; names with their prefix."""

    @property
    @abstractmethod
    def runs(self) -> pd.DataFrame:
        """The newest row of `runs` of each step and night of the last two weeks, in order of start."""

    @property
    @abstractmethod
    def newest_training(self) -> pd.Series | None:
        """The newest row of `runs` of a train_relevance that a gate decided, up to tonight; None without one."""

    @property
    @abstractmethod
    def prices(self) -> pd.DataFrame:
        """Tonight's constraint_prices of the configured policy."""

    @property
    @abstractmethod
    def read_versions(self) -> dict[str, int]:
        """Version by table, of those read so far."""

    @abstractmethod
    def exists(self, table: Table) -> bool:
        """Whether the warehouse has the table."""

    @abstractmethod
    def titles_of(self, item_ids: Sequence[str]) -> dict[str, str]:
        """Titles of items of tonight's item_features by item_id."""

    @property
    @abstractmethod
    def accounted_night(self) -> date | None:
        """The newest accounted night before tonight of which anything was logged, else the newest; None without one."""

    @abstractmethod
    def account_sums(self, night: date, by: Sequence[str], names: Sequence[str], *, arms: bool = False) -> pd.DataFrame:
        """Sums (float64, NaN where none is known) of columns of exposure_account by columns, and `items`, their rows.

        arms: of all policies instead of the configured one
        """

    @abstractmethod
    def account_of_groups(self, night: date, outcomes: Sequence[str]) -> pd.DataFrame:
        """`group_shares` of an accounted night."""

    @property
    @abstractmethod
    def corrections(self) -> pd.DataFrame:
        """Tonight's exposure_corrections of the configured policy, the greatest change first."""

    @property
    def versions(self) -> dict[str, int]:
        """Version by table: those read here, and those that tonight's figures were computed from."""
        tonight = self.figures.loc[self.figures["as_of"] == self.as_of, "source_versions"]
        behind = {name: int(version) for versions in tonight for name, version in dict(versions).items()}
        return behind | self.read_versions

    @property
    def words(self) -> ResponseWords:
        """What the response that relevance.target names is called."""
        return words_of(self.conf.relevance)

    def figure(self, name: str, segment: str = ALL, on: date | None = None) -> float | None:
        """A figure of tonight or of an earlier night; None where that night has none."""
        rows = self.figures
        named = rows[(rows["name"] == name) & (rows["segment"] == segment) & (rows["as_of"] == (on or self.as_of))]
        return float(named["value"].iloc[0]) if len(named) else None

    def trend(self, name: str, segment: str = ALL) -> tuple[tuple[date, float], ...]:
        """A figure by night, the oldest first, tonight last."""
        named = self.figures[(self.figures["name"] == name) & (self.figures["segment"] == segment)]
        return tuple(sorted(zip(named["as_of"], map(float, named["value"]), strict=True)))

    def segments(self, name: str) -> list[str]:
        """Those of head, tail and cold that have the figure tonight."""
        return [segment for segment in SEGMENTS if self.figure(name, segment) is not None]

    @cached_property
    def previous_night(self) -> date | None:
        """The newest earlier night that was measured, at most a week ago."""
        return self._newest(self.as_of - timedelta(days=WEEK), self.as_of - timedelta(days=1))

    @cached_property
    def week_ago(self) -> date | None:
        """The night a week ago, or the newest in the week before it."""
        return self._newest(self.as_of - timedelta(days=2 * WEEK), self.as_of - timedelta(days=WEEK))

    def _newest(self, first: date, last: date) -> date | None:
        nights = {day for day in self.figures["as_of"] if first <= day <= last}
        return max(nights, default=None)

    def run_of(self, step: str, on: date | None = None) -> pd.Series | None:
        """The newest run of a step for a night; None where it did not run."""
        of_step = self.runs[(self.runs["step"] == step) & (self.runs["as_of"] == (on or self.as_of))]
        return None if of_step.empty else of_step.iloc[-1]


def newest_of_each_step(runs: pd.DataFrame) -> pd.DataFrame:
    """The newest row of each step and night among rows of `runs`, in order of start."""
    return runs.sort_values("started_at").drop_duplicates(["as_of", "step"], keep="last")


def day_words(day: date) -> str:
    """4 December."""
    return dated(day, "%-d %B")
