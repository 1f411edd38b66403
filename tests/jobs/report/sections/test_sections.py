"""What sections say, from a handful of figures."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from jobs.config.configuration import load_config
from jobs.report.night_tables import Reading
from jobs.report.page.parts import Tiles
from jobs.report.sections.exposure import exposure
from jobs.report.sections.headline import headline
from jobs.report.sections.prices import group_in_words
from jobs.report.sections.run_times import run_times

AS_OF, LAST, WEEK = date(2017, 12, 8), date(2017, 12, 7), date(2017, 12, 1)
FIGURES = ["as_of", "name", "segment", "value", "source_versions"]


def reading(figures: list[tuple[date, str, str, float]], **held: Any) -> Reading:
    """A reading that holds these figures and frames, and reads no table."""
    made = Reading(None, load_config(Path("conf/local.yaml")), AS_OF)  # type: ignore[arg-type]
    made.__dict__["figures"] = pd.DataFrame([(*one, {"item_exposure": 3}) for one in figures], columns=FIGURES)
    made.__dict__.update(held)
    return made


def told(figures: list[tuple[date, str, str, float]]) -> dict[str, tuple[str, list[str]]]:
    [block] = headline(reading(figures)).blocks
    assert isinstance(block, Tiles)
    return {
        tile.label: (tile.value, [f"{one.direction} {one.text} {one.against}" for one in tile.changes])
        for tile in block.tiles
    }


def test_the_first_night_compares_with_nothing() -> None:
    first = [(AS_OF, "exposure_allocated_sum", "all", 2500.0)]
    assert told(first) == {"Planned exposures": ("2,500", [])}
    assert "first night" in headline(reading(first)).lead


def test_a_night_against_the_last_one_and_the_week_before() -> None:
    found = told(
        [
            (AS_OF, "exposure_allocated_sum", "all", 2500.0), (LAST, "exposure_allocated_sum", "all", 2000.0),
            (WEEK, "exposure_allocated_sum", "all", 5000.0),
            (AS_OF, "coverage_share", "all", 0.25), (LAST, "coverage_share", "all", 0.20),
        ]
    )  # fmt: skip
    assert found["Planned exposures"] == (
        "2,500",
        ["up +25.0 % against 7 Dec, last night", "down -50.0 % against 1 Dec, a week ago"],
    )
    assert found["Coverage"] == (
        "25.0 %",
        [
            "up +5.0 points against 7 Dec, last night",
            "none nothing to compare with against 1 Dec, a week ago",
        ],
    )


def test_segments_without_figures_are_left_out() -> None:
    figures = [
        (AS_OF, name, segment, value)
        for name in ("items_eligible_count", "exposure_allocated_sum", "coverage_share")
        for segment, value in (("tail", 0.75), ("all", 1.0))
    ]
    shares = exposure(reading(figures)).blocks[0]
    assert [(bar.label, bar.share) for bar in shares.bars] == [  # type: ignore[union-attr]
        ("tail of the eligible products", 0.75),
        ("tail of the planned exposure", 0.75),
    ]


@pytest.mark.parametrize(
    ("constraint", "price", "bound", "used", "shortfall", "sentence"),
    [
        (
            "cold", 0.0013, 51.2, 58.4, 0.0,
            "One more exposure for cold (segment = cold) costs 0.0013 purchases: the floor asks for 51.2 exposures, it "
            "gets 58.4. At that price the whole floor costs at most 0.0666 purchases.",
        ),
        (
            "cold", 0.0, 51.2, 158.4, 0.0,
            "cold (segment = cold) gets 158 exposures by itself, where 51.2 are asked for; the floor costs nothing.",
        ),
        (
            "cold", 0.3, 51.2, 40.0, 11.2,
            "cold (segment = cold) lacks 11.2 of the 51.2 exposures asked for; one more would cost 0.30 purchases.",
        ),
        (
            "brand", 0.002, 100.0, 100.0, 0.0,
            "One exposure more for brand (segment = cold) would bring 0.002 purchases; its cap is 100 exposures, it "
            "has 100.",
        ),
        (
            "brand", 0.0, 100.0, 60.0, 0.0,
            "brand (segment = cold) stays below its cap of 100 exposures by itself, with 60; the cap costs nothing.",
        ),
    ],
)  # fmt: skip
def test_prices_in_words(
    constraint: str, price: float, bound: float, used: float, shortfall: float, sentence: str
) -> None:
    row = {
        "constraint": constraint, "member": "segment = cold", "price": price, "bound": bound, "used": used,
        "shortfall": shortfall,
    }  # fmt: skip
    assert group_in_words(row, {"brand"}, "purchases") == sentence


def test_run_times_beside_those_of_the_night_before() -> None:
    rows = [
        (LAST, "score", 10.0, "done", 1), (AS_OF, "score", 20.0, "done", 2),
        (AS_OF, "train_relevance", 5.0, "failed", 3),
    ]  # fmt: skip
    runs = pd.DataFrame(rows, columns=["as_of", "step", "seconds", "status", "started_at"])
    [bars] = run_times(reading([(LAST, "x", "all", 1.0), (AS_OF, "x", "all", 1.0)], runs=runs)).blocks
    assert [(bar.label, bar.share, bar.text, bar.note) for bar in bars.bars] == [  # type: ignore[union-attr]
        ("score", 1.0, "20.0 s", "10.0 s the night before"),
        ("train_relevance — failed", 0.25, "5.0 s", ""),
    ]
