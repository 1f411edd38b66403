"""Why an entry is in a list, in words."""

from __future__ import annotations

from datetime import date

from model.phrases import ENGLISH, PURCHASE, languages, phrases

_WORDS = phrases()

RAISED_BY_ITEM_FLOOR = _WORDS.raised_by_item_floor
HELD_BY_CAP = _WORDS.held_by_item_cap
HELD_BY_STOCK = _WORDS.held_by_stock
LAUNCHED = _WORDS.raised_as_new
NOT_PERSONAL = _WORDS.shared_list
# Rows of shared lists are recognised by their reason, in whatever language it was written.
SHARED_LIST_REASONS = tuple(phrases(language).shared_list for language in languages())
EXPLORED = _WORDS.explored
EXPLORED_REASONS = tuple(phrases(language).explored for language in languages())  # parts of drawn entries' reasons


def raised_by(group: str) -> str:
    """Of an item whose boost the floor of a group pays for."""
    return _WORDS.raised_by_group_floor.format(group=group)


def held_by(group: str) -> str:
    """Of an item that the cap of a group keeps from more exposure."""
    return _WORDS.held_by_group_cap.format(group=group)


def in_place_of(title: str) -> str:
    """Of an entry that displaced what relevance alone would show there."""
    return _WORDS.in_place_of.format(title=title)


def swapped_in_for(group: str) -> str:
    """Of an entry that the repair of a missed floor put there."""
    return _WORDS.swapped_in_for_group.format(group=group)


def pinned_by(owner: str, until: date | None) -> str:
    """Of an item that a merchandising rule pins: 'pinned by Ann until 2017-12-24'."""
    return _rule_by(_WORDS.pinned, _WORDS.pinned_until, owner, until)


def banned_by(owner: str, until: date | None) -> str:
    """Of an item that a merchandising rule bans."""
    return _rule_by(_WORDS.banned, _WORDS.banned_until, owner, until)


def _rule_by(unlimited: str, limited: str, owner: str, until: date | None) -> str:
    return unlimited.format(owner=owner) if until is None else limited.format(owner=owner, day=until.isoformat())


def reason_of(cause: str | None, *constraints: str, response: str = PURCHASE) -> str:
    """'Bought this type recently; boosted by the floor for new_items'; empty constraints are left out.

    cause: as `relevance.top_reasons` names it; response: what the relevance is the chance of
    """
    return "; ".join([phrases(ENGLISH, response).cause(cause), *(text for text in constraints if text)])
