"""Line plots as inline SVG; lines differ in marker, dash and label as well as in the style sheet's colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import ceil, floor, log10

from markupsafe import escape

from jobs.language.sentences import dated, say
from jobs.report.page.numbers import amount, short

WIDTH, HEIGHT = 400, 172
LEFT, RIGHT, TOP, BOTTOM = 44, 74, 12, 28
MOST_MARKERS = 31


@dataclass(frozen=True)
class Line:
    """Values by date; `pattern` is a class of the style sheet and chooses the marker."""

    label: str
    points: tuple[tuple[date, float], ...]
    pattern: str


def line_plot(title: str, lines: Sequence[Line]) -> str:
    """Lines over dates, from zero upwards, each labelled at its end. Raises ValueError without any point."""
    drawn = [line for line in lines if line.points]
    if not drawn:
        raise ValueError(f"{title}: there is nothing to draw")
    days = sorted({day for line in drawn for day, _ in line.points})
    ticks = _ticks(max(value for line in drawn for _, value in line.points))
    place = _Place(days[0], days[-1], ticks[-1])
    parts = [*_axis(place, ticks), *_dates(place, days)]
    for line, y in zip(drawn, _label_places([place.y(line.points[-1][1]) for line in drawn]), strict=True):
        parts += _line(place, line, y)
    values = say("; ").join(
        say("{line} {value} on {day}", line=line.label, value=amount(line.points[-1][1]), day=line.points[-1][0])
        for line in drawn
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(f"{title}: {values}")}" '
        f'preserveAspectRatio="xMidYMid meet">{"".join(parts)}</svg>'
    )


@dataclass(frozen=True)
class _Place:
    first: date
    last: date
    top: float

    def x(self, day: date) -> float:
        span = (self.last - self.first).days
        inner = WIDTH - LEFT - RIGHT
        return LEFT + (inner * (day - self.first).days / span if span else inner / 2)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value / self.top)


def _ticks(most: float) -> list[float]:
    """Multiples of a round step, from 0 to the first at or above `most`; five steps at most."""
    if most <= 0:
        return [0.0, 1.0]
    step = 10.0 ** floor(log10(most / 4))
    step *= next(factor for factor in (1, 2, 5, 10) if most / (step * factor) <= 5)
    return [step * n for n in range(ceil(most / step - 1e-9) + 1)]


def _axis(place: _Place, ticks: Sequence[float]) -> list[str]:
    parts = []
    for tick in ticks:
        y = place.y(tick)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{short(tick)}</text>')
    return parts


def _dates(place: _Place, days: Sequence[date]) -> list[str]:
    ends = [(days[0], "start"), (days[-1], "end")] if len(days) > 1 else [(days[0], "middle")]
    return [
        f'<text class="tick" x="{place.x(day):.1f}" y="{HEIGHT - 9}" text-anchor="{anchor}">'
        f"{dated(day, '%-d %b %Y')}</text>"
        for day, anchor in ends
    ]


def _line(place: _Place, line: Line, label_y: float) -> list[str]:
    spots = [(place.x(day), place.y(value)) for day, value in line.points]
    parts = []
    if len(spots) > 1:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        parts.append(f'<polyline class="line {line.pattern}" points="{path}"/>')
    shown = spots if len(spots) <= MOST_MARKERS else spots[-1:]
    parts += [_marker(line.pattern, x, y) for x, y in shown]
    x = spots[-1][0] + 9
    parts.append(f'<text class="name" x="{x:.1f}" y="{label_y + 4:.1f}">{escape(line.label)}</text>')
    return parts


def _marker(pattern: str, x: float, y: float) -> str:
    """A square for head, a triangle for cold, a diamond for the second of two lines, else a circle."""
    if pattern == "head":
        return f'<rect class="mark {pattern}" x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7"/>'
    if pattern == "cold":
        return f'<path class="mark {pattern}" d="M{x:.1f} {y - 4.5:.1f}l4.5 8h-9z"/>'
    if pattern == "other":
        return f'<path class="mark {pattern}" d="M{x:.1f} {y - 4.5:.1f}l4.5 4.5l-4.5 4.5l-4.5 -4.5z"/>'
    return f'<circle class="mark {pattern}" cx="{x:.1f}" cy="{y:.1f}" r="3.7"/>'


def _label_places(wanted: Sequence[float], apart: float = 15.0) -> list[float]:
    """The heights nearest to those wanted at which labels do not overlap."""
    order = sorted(range(len(wanted)), key=lambda place: wanted[place])
    heights = list(wanted)
    for before, after in pairwise(order):
        heights[after] = max(heights[after], heights[before] + apart)
    beyond = max(0.0, heights[order[-1]] - (HEIGHT - BOTTOM))
    if beyond:
        heights[order[-1]] -= beyond
        for after, before in pairwise(order[::-1]):
            heights[before] = min(heights[before], heights[after] - apart)
    return heights
