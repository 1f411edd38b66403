"""What sections say, from a handful of figures."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from jobs.config.configuration import load_config
from jobs.report.night_tables import Reading
from jobs.report.page.numbers import NONE
from jobs.report.page.parts import Tiles
from jobs.report.rules_in_words import group_in_words
from jobs.report.sections.exposure import exposure
from jobs.report.sections.headline import headline
from jobs.report.sections.prices import prices
from jobs.report.sections.run_times import run_times
from jobs.report.sections.shoppers import shoppers

AS_OF, LAST, WEEK = date(2017, 12, 8), date(2017, 12, 7), date(2017, 12, 1)
FIGURES = ["as_of", "name", "segment", "value", "source_versions"]


def reading(figures: list[tuple[date, str, str, float]], **held: Any) -> Reading:
    """A reading that holds these figures and frames, and reads no table."""
    of_night = Reading(None, load_config(Path("conf/local.yaml")), AS_OF)  # type: ignore[arg-type]
    of_night.__dict__["figures"] = pd.DataFrame(
        [(*figure, {"item_exposure": 3}) for figure in figures], columns=FIGURES
    )
    of_night.__dict__.update(held)
    return of_night


def tiles(figures: list[tuple[date, str, str, float]]) -> dict[str, tuple[str, list[str]]]:
    [block] = headline(reading(figures)).blocks
    assert isinstance(block, Tiles)
    return {
        tile.label: (tile.value, [f"{change.direction} {change.text} {change.against}" for change in tile.changes])
        for tile in block.tiles
    }


def test_the_first_night_compares_with_nothing() -> None:
    first = [(AS_OF, "exposure_allocated_sum", "all", 2500.0)]
    assert tiles(first) == {"Planned exposures": ("2,500", [])}
    assert "first night" in headline(reading(first)).lead


def test_money_and_shares_are_rounded_for_a_reader() -> None:
    figures = [(AS_OF, "revenue_expected_sum", "all", 1280.4567), (AS_OF, "exposure_share", "cold", 0.0755551)]
    assert tiles(figures) == {"Expected revenue": ("1,280.46 USD", []), "Exposure of cold products": ("7.6 %", [])}


def test_a_night_compared_with_the_previous_one_and_the_week_before() -> None:
    compared = tiles(
        [
            (AS_OF, "exposure_allocated_sum", "all", 2500.0), (LAST, "exposure_allocated_sum", "all", 2000.0),
            (WEEK, "exposure_allocated_sum", "all", 5000.0),
            (AS_OF, "coverage_share", "all", 0.25), (LAST, "coverage_share", "all", 0.20),
        ]
    )  # fmt: skip
    assert compared["Planned exposures"] == (
        "2,500",
        ["up +25.0 % against 7 Dec, previous night", "down -50.0 % against 1 Dec, a week ago"],
    )
    assert compared["Coverage"] == (
        "25 %",
        [
            "up +5.0 points against 7 Dec, previous night",
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


def test_the_rules_count_the_products_that_they_may_not_lift() -> None:
    columns = ["constraint", "member", "price", "bound", "used", "shortfall"]
    rules = pd.DataFrame([("cold", "segment = cold", 0.0, 1.0, 2.0, 0.0)], columns=columns)
    sentence = "1,200 eligible products have a word of plan.not_lifted in their texts;"
    for figures, is_said in (([(AS_OF, "items_not_lifted_count", "all", 1200.0)], True), ([], False)):
        assert (sentence in str(prices(reading(figures, prices=rules)).blocks)) is is_said


def test_groups_of_shoppers_are_compared_with_all() -> None:
    figures = [
        (AS_OF, f"shopper_group_{name}", segment, value)
        for segment, named in (
            ("all", {"count": 500.0, "relevance_mean": 0.02, "tail_share": 0.8}),
            ("age=65+", {"count": 100.0, "relevance_mean": 0.015, "relevance_mean_margin": 0.001, "tail_share": 0.8,
                         "tail_share_margin": 0.1}),
            ("age=35-44", {"count": 300.0}), ("age=", {"count": 80.0}), ("age others", {"count": 20.0}),
        )
        for name, value in named.items()
    ]  # fmt: skip
    of_night = reading(figures)
    changes = ["report.shopper_attributes=[age]"]
    object.__setattr__(of_night, "conf", load_config(Path("conf/local.yaml"), changes))
    [table] = shoppers(of_night).blocks
    rows = {row[0]: row[1:] for row in table.rows}  # type: ignore[union-attr]
    assert list(rows) == ["all shoppers", "35-44", "65+", "not given", "rarer values"]
    assert rows["65+"] == ("100", NONE, "1.5 % (-0.50 % ± 0.10 %) !", "80 % (0 % ± 10 %)", NONE, NONE)


@pytest.mark.parametrize(
    ("constraint", "price", "bound", "used", "shortfall", "sentence"),
    [
        (
            "cold", 0.0013, 51.2, 58.4, 0.0,
            "cold (segment = cold) gets 58.4 exposures, and its floor asks for 51.2; the floor costs 1.30 purchases "
            "for 1,000 exposures, at most 0.0666 purchases in all.",
        ),
        (
            "cold", 0.0, 51.2, 158.4, 0.0,
            "cold (segment = cold) gets 158 exposures, and its floor asks for 51.2; the floor costs nothing.",
        ),
        (
            "cold", 0.3, 51.2, 40.0, 11.2,
            "cold (segment = cold) lacks 11.2 of the 51.2 exposures that its floor asks for; the last ones cost 300 "
            "purchases for 1,000 exposures.",
        ),
        (
            "brand", 0.002, 100.0, 100.0, 0.0,
            "brand (segment = cold) is held by its cap of 100 exposures; more would bring 2 purchases for 1,000 "
            "exposures.",
        ),
        (
            "brand", 0.0, 100.0, 60.0, 0.0,
            "brand (segment = cold) stays below its cap: 60 of 100 exposures; the cap costs nothing.",
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


def test_run_times_next_to_those_of_the_night_before() -> None:
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
