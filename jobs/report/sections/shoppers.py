"""Lists and expected responses of shoppers, by values of their attributes."""

from __future__ import annotations

from collections.abc import Callable

from features.contract.metrics import (
    ALL,
    GROUP_BOOST,
    GROUP_LISTED,
    GROUP_MEASURES,
    GROUP_RELEVANCE,
    GROUP_SHOPPERS,
    GROUP_TAIL,
    MARGIN,
)
from features.health.shopper_groups import segment_of
from jobs.language.sentences import say
from jobs.report.night_figures import NightFigures
from jobs.report.page.numbers import NONE, amount, percent, signed
from jobs.report.page.parts import Section, Table, Words, term
from jobs.report.plan_value import value_words

_SOURCES = ("metrics", "exposure_scores", "user_features", "users")


def shoppers(reading: NightFigures) -> Section:
    """A table for each of report.shopper_attributes: its groups of shoppers, each compared with all shoppers."""
    report, number = reading.conf.report, reading.figure(GROUP_SHOPPERS)
    title, slug = say("What shoppers get, by their attributes"), "shoppers"
    if number is None:
        few = say(
            "Fewer than {least} shoppers agreed to personal lists, so their groups would be too small.",
            least=report.least_shoppers,
        )
        return Section(slug, title, "", (Words((few,), _SOURCES),))
    lead = say(
        "Of the {count} shoppers who agreed to personal lists, over all arms of a running test. The plan itself has no "
        "bound on groups of shoppers.",
        count=amount(number),
    )
    return Section(slug, title, lead, tuple(_table(reading, name) for name in report.shopper_attributes))


def _table(reading: NightFigures, attribute: str) -> Table:
    rows = tuple(
        (
            label,
            amount(reading.figure(GROUP_SHOPPERS, segment) or 0.0),
            *(_compared(reading, name, segment) for name in GROUP_MEASURES),
        )
        for label, segment in [(say("all shoppers"), ALL), *_groups(reading, attribute)]
    )
    columns = (
        attribute,
        say("shoppers"),
        term("with a list", "Share of the shoppers who have a list tonight."),
        term("chance of a place", "Mean chance of a response over the places of a list, then over the lists."),
        term("places of the tail", "Mean share of a list's places that tail products have."),
        term("mean boost", "What rules of the plan add to the score of a place, or take from it."),
        term("responses a shopper", "Expected responses of a shopper to the list on one day, without a list 0."),
    )
    note = say(
        "In brackets the difference to all shoppers and half of its 95 % interval; ! marks a difference whose interval "
        "excludes 0, as one in 20 does by chance alone. Values of fewer than {least} shoppers are "
        "together, and a figure that fewer of a group have is left out.",
        least=reading.conf.report.least_shoppers,
    )
    title = say("Shoppers by {attribute}", attribute=attribute)
    return Table(title, columns, rows, _SOURCES, frozenset(columns[1:]), note)


def _groups(reading: NightFigures, attribute: str) -> list[tuple[str, str]]:
    """Label and segment of tonight's groups, the largest first, those without a value and of rare values last."""
    figures = reading.figures
    tonight = figures[(figures["as_of"] == reading.as_of) & (figures["name"] == GROUP_SHOPPERS)]
    counts = dict(zip(tonight["segment"], tonight["value"], strict=True))
    absent, rare = segment_of(attribute, ""), segment_of(attribute, None)
    own = sorted((-count, name) for name, count in counts.items() if name.startswith(absent) and name != absent)
    last = [
        (label, name) for label, name in ((say("not given"), absent), (say("rarer values"), rare)) if name in counts
    ]
    return [*((name.removeprefix(absent), name) for _, name in own), *last]


def _words(reading: NightFigures, name: str) -> Callable[[float], str]:
    if name in (GROUP_LISTED, GROUP_RELEVANCE, GROUP_TAIL):
        return percent
    return value_words(reading.conf) if name == GROUP_BOOST else amount


def _compared(reading: NightFigures, name: str, segment: str) -> str:
    """A figure of a group; with its difference to all shoppers where this has an interval."""
    value, of_all, margin = reading.figure(name, segment), reading.figure(name), reading.figure(name + MARGIN, segment)
    words = _words(reading, name)
    if value is None:
        return NONE
    if of_all is None or margin is None:
        return words(value)
    difference = value - of_all
    compared = say(
        "{value} ({difference} ± {margin})",
        value=words(value), difference=signed(difference, words), margin=words(margin),
    )  # fmt: skip
    return f"{compared} !" if abs(difference) > margin else compared
