"""What a short history takes away from a training, in words that name the keys."""

from __future__ import annotations

from datetime import date

import pytest

from jobs.config.configuration import Config, load_config
from jobs.relevance.training_plan import plan_of
from model.periods import training_periods
from tests.conftest import ROOT

NIGHT = date(2024, 3, 9)
HAD = "On 2024-03-09 the history had"


def conf(*overrides: str) -> Config:
    return load_config(ROOT / "conf/local.yaml", list(overrides))


def test_a_long_history_is_trained_as_configured_and_says_nothing() -> None:
    plan = plan_of(conf(), NIGHT, 140)
    assert (plan.periods, plan.limits) == (training_periods(NIGHT, 28, 2), ())


@pytest.mark.parametrize(
    ("history", "overrides", "words"),
    [
        (
            150,
            ["fusion.periods=4"],
            f"{HAD} 150 days: the training used 2 periods, not 4 (fusion.periods).",
        ),
        (
            60,
            [],
            f"{HAD} 60 days: the training used periods of 12 days, not 28 (relevance.horizon_days), "
            "which need 140. The chances are extended to 28 days in proportion to the days.",
        ),
        (
            60,
            ["relevance.per=exposure"],
            f"{HAD} 60 days: the training used periods of 12 days, not 28 (relevance.horizon_days), which need 140.",
        ),
        (
            20,
            [],
            # 20 + 7 + 7 days are too few, 20 + 7 + 7 + 7 are enough.
            f"{HAD} 20 days, a training needs 35: popularity and the likeness of texts alone rank "
            "the products, and how often shoppers came back sets the level of the chances. The first training is due "
            "on 2024-03-30; attempts follow every 7 days (gate.retry_days).",
        ),
        (
            1,
            ["relevance.per=exposure"],  # a period has to be longer than relevance.attribution_days, 7
            f"{HAD} 1 day, a training needs 40: popularity and the likeness of texts alone rank "
            "the products, and how often shoppers came back sets the level of the chances. The first training is due "
            "on 2024-04-20; attempts follow every 7 days (gate.retry_days).",
        ),
        (
            0,  # no purchase yet, so it is not known when there will be enough
            [],
            f"{HAD} 0 days, a training needs 35: popularity and the likeness of texts alone rank "
            "the products, and how often shoppers came back sets the level of the chances.",
        ),
    ],
)
def test_what_a_short_history_takes_away(history: int, overrides: list[str], words: str) -> None:
    assert " ".join(plan_of(conf(*overrides), NIGHT, history).limits) == words
