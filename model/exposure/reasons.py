"""Why an entry is in a list, in words."""

from __future__ import annotations

import re
from datetime import date

from model.phrases import ENGLISH, PURCHASE, languages, phrases

# Rows of shared lists are recognised by their reason, in whatever language it was written.
SHARED_LIST_REASONS = tuple(phrases(language).shared_list for language in languages())
EXPLORED_REASONS = tuple(phrases(language).explored for language in languages())  # parts of drawn entries' reasons
# Finds what `in_place_of` adds to a reason, as a regular expression of Python and Java.
DISPLACED = "|".join(
    re.escape(table.separator + table.in_place_of.partition("{title}")[0]) + ".*"
    for table in (phrases(language) for language in languages())
)


def raised_by(group: str, language: str = ENGLISH) -> str:
    """Of an item whose boost the floor of a group pays for."""
    return phrases(language).raised_by_group_floor.format(group=group)


def held_by(group: str, language: str = ENGLISH) -> str:
    """Of an item that the cap of a group keeps from more exposure."""
    return phrases(language).held_by_group_cap.format(group=group)


def in_place_of(title: str, language: str = ENGLISH) -> str:
    """Of an entry that displaced what relevance alone would show there."""
    return phrases(language).in_place_of.format(title=title)


def swapped_in_for(group: str, language: str = ENGLISH) -> str:
    """Of an entry that the repair of a missed floor put there."""
    return phrases(language).swapped_in_for_group.format(group=group)


def pinned_by(owner: str, until: date | None, language: str = ENGLISH) -> str:
    """Of an item that a merchandising rule pins: 'pinned by Ann until 2017-12-24'."""
    table = phrases(language)
    return _rule_by(table.pinned, table.pinned_until, owner, until)


def banned_by(owner: str, until: date | None, language: str = ENGLISH) -> str:
    """Of an item that a merchandising rule bans."""
    table = phrases(language)
    return _rule_by(table.banned, table.banned_until, owner, until)


def _rule_by(unlimited: str, limited: str, owner: str, until: date | None) -> str:
    return unlimited.format(owner=owner) if until is None else limited.format(owner=owner, day=until.isoformat())


def reason_of(cause: str | None, *constraints: str, response: str = PURCHASE, language: str = ENGLISH) -> str:
    """'Bought this type recently; boosted by the floor for new_items'; empty constraints are left out.

    cause: as `relevance.top_reasons` names it; response: what the relevance is the chance of
    """
    table = phrases(language, response)
    return table.separator.join([table.cause(cause), *(text for text in constraints if text)])
