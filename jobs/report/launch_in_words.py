"""The text that jobs/launch_items.py prints for an item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jobs.config.configuration import Config
from jobs.report.page.numbers import amount, percent, signed
from model.launch.wordings import CURRENT

Row = Mapping[str, Any]
_MOST_NAMED = 3  # look-alikes
LIMITS = (
    "A chance is the mean over sampled shoppers who have the item as a candidate, and its interval covers this "
    "sampling alone.\nIt covers neither the error of the model, nor how people respond to words that change the "
    "vector of the text little, nor\nshoppers who would get the item as a candidate only with the other words, nor "
    "search, nor a change of the plan. Only an A/B test\nshows the effect of a wording."
)


def launch_in_words(rows: Sequence[Row], titles: Mapping[str, str], conf: Config) -> str:
    """An item with its wordings. rows: of launch_suggestions, the current wording first; titles: by item"""
    item = rows[0]
    named = [f"{titles[other]} ({other})" for other in item["look_alikes"][:_MOST_NAMED]]
    lines = [
        f"{item['title']} ({item['item_id']})",
        f"  Look-alikes that sell well: {_list(named)}{_more(item['look_alikes'])}",
        f"  Attributes that they have and it lacks: {_shares(item['missing_attributes'])}",
        f"  Keywords that they have and it lacks: {_shares(item['missing_keywords'])}",
    ]
    if item["likely_queries"]:
        lines.append(f"  Searches nearest to it: {_list(item['likely_queries'])}")
        lines.append(f"  Words of them that look-alikes have and it lacks: {_list(item['missing_searched'])}")
    lines += [f"  {line}" for line in _wordings(rows, conf)]
    lines.append(
        f"  Shoppers with consent who have it as a candidate: {amount(item['audience_count'])}, of whom "
        f"{amount(item['audience_responses'])} responses are expected"
    )
    lines += [
        f"    {group['name']}: {amount(group['shoppers'])}, chance {percent(group['chance'])}"
        for group in item["audience_groups"]
    ]
    if item["allocated"] is None:
        lines.append("  The plan does not have it: jobs/show.py says why")
    else:
        lines.append(
            f"  The plan expects {amount(item['allocated'])} exposures a day; floor {amount(item['floor'])}, cap "
            f"{amount(item['cap'])}"
        )
    return "\n".join(lines)


def _wordings(rows: Sequence[Row], conf: Config) -> list[str]:
    meaning = conf.relevance.of_response(conf.relevance.target).meaning
    sampled = rows[0]["sampled_count"]
    few = ", too few for the intervals to be relied on," if sampled < conf.report.least_shoppers else ","
    lines = [f"Chance of {meaning}, of {amount(sampled)} sampled shoppers{few} by wording"]
    if rows[0]["chance"] is None:
        lines = ["No shopper with consent has it as a candidate, so there is no response to predict; wordings"]
    for row in rows:
        lines.append(f"  {row['wording']}: {row['title']}")
        if row["description"] and row["description"] != rows[0]["description"]:
            lines.append(f"    {row['description']}")
        if row["chance"] is not None:
            lines.append(f"    {_chance(row)}")
    return lines


def _chance(row: Row) -> str:
    chance = f"{percent(row['chance'])} ({percent(row['chance_low'])} to {percent(row['chance_high'])})"
    if row["wording"] == CURRENT:
        return chance
    low, high = signed(row["difference_low"], percent), signed(row["difference_high"], percent)
    return f"{chance}, {signed(row['difference'], percent)} to the current wording ({low} to {high})"


def _shares(entries: Sequence[Row]) -> str:
    return _list([f"{entry['name']} ({percent(entry['share'])})" for entry in entries])


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _more(names: Sequence[str]) -> str:
    return f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
