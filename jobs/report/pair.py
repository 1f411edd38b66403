"""Why a shopper has a chance for a product, as a sum that a person can check."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import expit

from jobs.config.relevance import Relevance, Response
from jobs.relevance.explanation import PairExplanation
from jobs.report.page.numbers import amount, percent
from model.fusion.attribution import FURTHER_CAUSES
from model.fusion.causes import LOW
from model.fusion.ranker import FIRST_STAGE
from model.phrases import ENGLISH, phrases

_LEAST_SHOWN = 5e-4  # log-odds; smaller contributions share one line
_WIDTH, _PARTS = 9, ("linear", "network", "trees")


def pair_in_words(pair: PairExplanation, response: str) -> str:
    """Every contribution with its cause in words, the base, and the total; response: what the chance is of."""
    contributions = pair.contributions
    largest = np.abs(contributions).max(axis=1)
    order = np.argsort(-np.abs(contributions.sum(axis=1)), kind="stable")
    small = (largest > 0) & (largest < _LEAST_SHOWN)
    base = pair.base
    average = percent(float(expit(base.log_odds[0])))
    lines = [
        f"log-odds by model version {pair.model_version}, against the average of the shopper's {pair.candidates:,} "
        f"candidates, which has a chance of {average}",
        "".join(f"{name:>{_WIDTH}}" for name in (*_PARTS, "sum")),
        *(
            _line(contributions[place], _cause(pair, place, response))
            for place in order
            if largest[place] >= _LEAST_SHOWN
        ),
    ]
    if small.any():
        lines.append(_line(contributions[small].sum(axis=0), f"smaller contributions ({small.sum():,})"))
    lines += [
        _line(contributions.sum(axis=0), f"all contributions; the calibrator's slope, {pair.slope:.3f}, is in each"),
        _total(base.intercept, "base: the calibrator's intercept"),
        _total(base.share[0], "base: the average candidate against the others of the shopper, times the slope"),
        _total(base.level[0], "base: how readily the shopper responds, against the other shoppers"),
        _total(base.season, "base: the season"),
        _total(pair.log_odds, f"total: a chance of {percent(pair.chance)}"),
    ]
    return "\n".join(lines)


def value_in_words(relevance: Relevance, pairs: Mapping[Response, PairExplanation]) -> str:
    """'a value of 0.2 = 1 x 18 % (purchase) + 0.5 x 4 % (click)': what the plan counts for a pair."""
    chances: dict[str, float] = {response: pair.chance for response, pair in pairs.items()}
    value, terms = relevance.value_of(chances[relevance.target], chances), relevance.counted(chances)
    summands = (f"{each:g} x {percent(chances[response])} ({response})" for response, each in terms.items())
    return f"a value of {amount(value)} = {' + '.join(summands)}"


def _line(parts: np.ndarray, words: str) -> str:
    """The three parts, of which those that round to nothing are left blank, and their sum."""
    split = (f"{value:+.4f}" if abs(value) >= _LEAST_SHOWN else "" for value in parts)
    return "".join(f"{text:>{_WIDTH}}" for text in split) + f"{parts.sum():>+{_WIDTH}.4f}  {words}"


def _total(value: float, words: str) -> str:
    return f"{'':{_WIDTH * len(_PARTS)}}{value:>+{_WIDTH}.4f}  {words}"


def _cause(pair: PairExplanation, place: int, response: str) -> str:
    name = pair.names[place]
    # What is no term of its own has no size that could be low: its phrase follows the contribution.
    low = pair.contributions[place].sum() < 0 if name in FURTHER_CAUSES and name != FIRST_STAGE else pair.below[place]
    return phrases(ENGLISH, response).cause(f"{LOW}{name}" if low else name)
