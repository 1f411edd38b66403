"""Figures of a night's features that exceed their bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from features.quality.feature_profile import Profile


@dataclass(frozen=True)
class Bar:
    """The most that a figure may be; `stops`: whether the night stops when it is more."""

    most: float
    stops: bool


@dataclass(frozen=True)
class Violation:
    """A figure that exceeds its bar, of one feature of a table."""

    table: str
    feature: str
    figure: str
    value: float
    bar: Bar

    def __str__(self) -> str:
        return f"{self.table}.{self.feature}: {self.figure} is {self.value:.4g}, the bar is {self.bar.most:g}"


def with_rises(figures: Profile, before: Profile) -> Profile:
    """Adds default_rise, the increase of default_share since an earlier night, for features that it had."""
    return {
        name: {**current, "default_rise": current["default_share"] - before[name]["default_share"]}
        if name in before
        else dict(current)
        for name, current in figures.items()
    }


def violations(
    table: str, figures: Profile, bars: Mapping[str, Bar], exceptions: Mapping[str, Mapping[str, float]]
) -> list[Violation]:
    """Figures that exceed their bars: those that stop the night first, then by the excess.

    exceptions: feature -> figure -> a bar for this feature
    """
    exceeded = []
    for feature, values in figures.items():
        for figure, general in bars.items():
            bar = Bar(exceptions.get(feature, {}).get(figure, general.most), general.stops)
            if figure in values and values[figure] > bar.most:
                exceeded.append(Violation(table, feature, figure, values[figure], bar))
    return sorted(
        exceeded,
        key=lambda violation: (not violation.bar.stops, violation.bar.most - violation.value, violation.feature),
    )
