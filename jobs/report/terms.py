"""Terms of statistics and of the plan that several parts of the report show, each with its plain sentence."""

from __future__ import annotations

from collections.abc import Callable

from jobs.report.page.numbers import index, percent
from jobs.report.page.parts import Term, term
from model.phrases.table import ResponseWords


def gini() -> Term:
    """Gini's index of the exposure."""
    return term(
        "Concentration (Gini)",
        "0 when every eligible product gets the same exposure, 1 when one product gets all of it.",
    )


def evenness() -> Term:
    """The entropy of the exposure as a share of its maximum."""
    return term(
        "Evenness (entropy)",
        "1 when every eligible product gets the same exposure, 0 when one product gets all of it; it reacts more than "
        "the concentration to how many products get a little.",
    )


def surprise(words: ResponseWords) -> Term:
    """words: of the response that relevance.target names."""
    return term(
        "Surprise (novelty)",
        "How rarely {done} the shown products are, in bits: each further bit means half the share of the shop's "
        "{responses}.",
        done=words.done,
        responses=words.plural,
    )


def providers_shown() -> Term:
    """The share of providers with exposure."""
    return term(
        "Providers with exposure",
        "Share of the manufacturers or sellers with an eligible product that get any exposure.",
    )


def provider_gap() -> Term:
    """How far providers' shares are from those of their relevance."""
    return term(
        "Provider imbalance",
        "Share of the exposure that would have to move to other providers for each to get it in proportion to how "
        "relevant its products are; 0 % is proportional.",
    )


def feature_figures() -> dict[str, tuple[Term, Callable[[float], str]]]:
    """Figures of a feature, by the names of quality.bars, with the way that they are written."""
    return {
        "null_share": (term("missing", "Share of the rows without a value."), percent),
        "default_share": (term("default", "Share of the rows with the default value of the feature."), percent),
        "out_of_range_share": (
            term("out of range", "Share of the rows outside the range that is declared."),
            percent,
        ),
        "default_rise": (
            term("rise of the default", "Share of default values above that of the previous night."),
            percent,
        ),
        "drift": (
            term(
                "drift",
                "How far the values are from those of the previous night (population stability index): below 0.1 is "
                "stable, above 0.25 a clear shift.",
            ),
            index,
        ),
    }
