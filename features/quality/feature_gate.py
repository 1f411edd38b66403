"""Which figures of a night's features are beyond their bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from features.quality.feature_profile import Profile


@dataclass(frozen=True)
class Bar:
    """The most that a figure may be; `stops` says whether the night stops when it is more."""

    most: float
    stops: bool


@dataclass(frozen=True)
class Violation:
    """A figure beyond its bar, of one feature of a table."""

    table: str
    feature: str
    figure: str
    value: float
    bar: Bar

    def __str__(self) -> str:
        return f"{self.table}.{self.feature}: {self.figure} is {self.value:.4g}, the bar is {self.bar.most:g}"


def with_rises(figures: Profile, before: Profile) -> Profile:
    """Adds default_rise: how much default_share is above that of the nights before; only for features known there."""
    return {
        name: {**mine, "default_rise": mine["default_share"] - before[name]["default_share"]}
        if name in before
        else dict(mine)
        for name, mine in figures.items()
    }


def violations(
    table: str, figures: Profile, bars: Mapping[str, Bar], exceptions: Mapping[str, Mapping[str, float]]
) -> list[Violation]:
    """What is beyond its bar, what stops first, then by how far. `exceptions`: feature -> figure -> its own bar."""
    found = []
    for feature, mine in figures.items():
        for figure, bar in bars.items():
            own = Bar(exceptions.get(feature, {}).get(figure, bar.most), bar.stops)
            if figure in mine and mine[figure] > own.most:
                found.append(Violation(table, feature, figure, mine[figure], own))
    return sorted(found, key=lambda one: (not one.bar.stops, one.bar.most - one.value, one.feature))
