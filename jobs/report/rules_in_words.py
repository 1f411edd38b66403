"""What a rule of the plan asks, gets and costs, as a sentence of the page and of the summary."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Set
from typing import Any

from jobs.language.sentences import say
from jobs.report.page.numbers import amount

Row = Mapping[Hashable, Any]


def group_in_words(row: Row, caps: Set[str], unit: str) -> str:
    """A sentence about one group. row: of constraint_prices; caps: the constraints that are caps; unit: of the plan."""
    name, price = f"{row['constraint']} ({row['member']})", float(row["price"])
    bound, used, shortfall = (amount(float(row[key])) for key in ("bound", "used", "shortfall"))
    rate = say("{value} {unit} for 1,000 exposures", value=amount(1000 * price), unit=unit)
    if row["constraint"] in caps:
        if price == 0:
            return say(
                "{name} stays below its cap: {used} of {bound} exposures; the cap costs nothing.",
                name=name,
                used=used,
                bound=bound,
            )
        return say(
            "{name} is held by its cap of {bound} exposures; more would bring {rate}.",
            name=name,
            bound=bound,
            rate=rate,
        )
    if row["shortfall"] > 0:
        return say(
            "{name} lacks {shortfall} of the {bound} exposures that its floor asks for; the last ones cost {rate}.",
            name=name,
            shortfall=shortfall,
            bound=bound,
            rate=rate,
        )
    if price == 0:
        return say(
            "{name} gets {used} exposures, and its floor asks for {bound}; the floor costs nothing.",
            name=name,
            used=used,
            bound=bound,
        )
    return say(
        "{name} gets {used} exposures, and its floor asks for {bound}; the floor costs {rate}, at most {most} {unit} "
        "in all.",
        name=name, used=used, bound=bound, rate=rate, most=amount(price * float(row["bound"])), unit=unit,
    )  # fmt: skip
