"""The sum behind one chance, in words."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from jobs.config.configuration import load_config
from jobs.config.relevance import Response
from jobs.relevance.explanation import PairExplanation
from jobs.report.pair import pair_in_words, value_in_words
from model.explanation import Base, Explanation
from model.fusion.attribution import SHOPPER, TEXT


def test_every_contribution_stands_in_words_and_the_sum_is_complete() -> None:
    assert pair_in_words(_pair(), "purchase").splitlines() == [
        "log-odds by model version 7, against the average of the shopper's 2 candidates, which has a chance of 3.7 %",
        "   linear  network    trees      sum",
        "  +0.5000  +0.2500           +0.7500  Bought this type recently",
        "           -0.5000           -0.5000  Its text does not suit past purchases",
        "                    +0.2000  +0.2000  Known to few right now",
        "                             +0.0001  smaller contributions (1)",
        "  +0.5001  -0.2500  +0.2000  +0.4501  all contributions; the calibrator's slope, 0.900, is in each",
        "                             -1.0000  base: the calibrator's intercept",
        "                             -2.5000  base: the average candidate against the others of the shopper, times "
        "the slope",
        "                             +0.2000  base: how readily the shopper responds, against the other shoppers",
        "                             +0.0500  base: the season",
        "                             -2.7999  total: a chance of 5.7 %",
    ]


def test_a_pair_without_small_contributions_has_no_line_for_them() -> None:
    pair = _pair()
    explanation = replace(pair.of_candidates, linear=np.round(pair.of_candidates.linear, 3))
    assert "smaller" not in pair_in_words(replace(pair, of_candidates=explanation), "purchase")


def test_the_value_of_a_pair_is_a_sum_of_chances_times_values() -> None:
    relevance = load_config(Path("conf/local.yaml"), ["relevance.values={purchase: 1, click: 0.5}"]).relevance
    pairs: dict[Response, PairExplanation] = {"purchase": _pair(), "click": replace(_pair(), chance=0.4)}
    assert value_in_words(relevance, pairs) == "a value of 0.26 = 1 x 5.7 % (purchase) + 0.5 x 40 % (click)"
    assert value_in_words(relevance, {"purchase": _pair()}) == "a value of 0.0573 = 1 x 5.7 % (purchase)"


def _pair() -> PairExplanation:
    """Two candidates, of which the second is explained."""
    names = ("type_affinity", "popularity", "price_mean_90d", TEXT, SHOPPER)

    def of_second(*values: float) -> np.ndarray:
        return np.array([[[0.0] * len(names), values]])

    explanation = Explanation(
        names,
        Base(-1.0, np.array([-2.5]), np.array([0.2]), 0.05),
        slope=0.9,
        linear=of_second(0.5, 0.0, 0.0001, 0.0, 0.0),
        network=of_second(0.25, 0.0, 0.0, -0.5, 0.0),
        trees=of_second(0.0, 0.2, 0.0, 0.0, 0.0),
        below=of_second(0.0, 1.0, 0.0, 0.0, 0.0).astype(bool),
    )
    return PairExplanation(explanation, 1, 0.0573, "7")
