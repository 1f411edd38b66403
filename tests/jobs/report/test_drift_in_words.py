"""The words of the figures of drift and of features."""

from __future__ import annotations

from math import log
from typing import get_args

import pytest

from jobs.config.drift import DriftBars
from jobs.config.quality import Quality
from jobs.report.drift_in_words import drift_figures
from jobs.report.terms import feature_figures
from model.phrases import response_words


def test_every_bar_of_the_configuration_has_its_words() -> None:
    assert set(drift_figures(response_words("purchase"))) == set(DriftBars.model_fields)
    assert set(feature_figures()) == set(get_args(get_args(Quality.model_fields["bars"].annotation)[0]))


@pytest.mark.parametrize(
    ("name", "value", "bar", "sentence"),
    [
        ("texts", 0.0755551, 0.05, "7.6 % of the product texts are new since the previous night; the bar is 5 %."),
        (
            "response_level", log(2.0), log(1.5),
            "Purchases a day rose or fell by a factor of 2 in the last week; the bar is 1.50.",
        ),
        (
            "scores", 0.31415, 0.25,
            "Predicted chances shifted by 0.314 (population stability index) since the previous night; the bar is "
            "0.250.",
        ),
    ],
)  # fmt: skip
def test_a_figure_beyond_its_bar_in_one_sentence(name: str, value: float, bar: float, sentence: str) -> None:
    assert drift_figures(response_words("purchase"))[name].beyond(value, bar) == sentence
