"""The phrases of one language for the entries of a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

from model.fusion.causes import LOW


class Cause(NamedTuple):
    """What a term of the model says of an item when it is high, and when it is low, among those of the shopper."""

    high: str
    low: str


@dataclass(frozen=True)
class ResponseWords:
    """What a language calls a kind of response.

    singular, plural: nouns, 'purchase' and 'purchases'; article: of `singular`
    do: 'buy'; done, sold: of a product, 'bought' and 'sold'
    act, over: before and after the product, 'put' and ' into the cart'; act is `done` where nothing follows
    tried, try_it: of a product that is new to a shopper
    """

    singular: str
    plural: str
    do: str
    done: str
    sold: str
    tried: str
    try_it: str
    act: str = ""
    over: str = ""
    article: str = "a"

    def filled_into(self, template: str) -> str:
        """The template with the names of these words replaced; a name that begins with a capital gives one."""
        words = asdict(self) | {"act": self.act or self.done}
        return template.format_map(words | {name.capitalize(): word.capitalize() for name, word in words.items()})


@dataclass(frozen=True)
class Phrases:
    """All phrases of one language; callers fill in `{group}`, `{title}`, `{owner}` and `{day}`.

    responses: the words of each kind of response
    causes: templates of ResponseWords until `of_response`, by the names that `relevance.top_reasons` uses, channels of
        the first stage and item features, and by `model.fusion.attribution.FURTHER_CAUSES`
    no_cause: of a relevance that no single cause explains
    shared_list: of an entry of a shared list; such entries are recognised by it, so that no other reason may equal it
    separator: between a cause and what follows it
    Every other phrase follows the cause and says which constraint moved the entry.
    """

    responses: Mapping[str, ResponseWords]
    causes: Mapping[str, Cause]
    no_cause: str
    shared_list: str
    raised_by_group_floor: str
    raised_by_item_floor: str
    raised_as_new: str
    held_by_group_cap: str
    held_by_item_cap: str
    held_by_stock: str
    swapped_in_for_group: str
    in_place_of: str
    explored: str
    pinned: str
    pinned_until: str
    banned: str
    banned_until: str
    separator: str = "; "

    def of_response(self, response: str) -> Phrases:
        """The phrases of a model that predicts this kind of response."""
        words = self.responses[response]
        filled = {
            name: Cause(words.filled_into(cause.high), words.filled_into(cause.low))
            for name, cause in self.causes.items()
        }
        return replace(self, causes=filled)

    def cause(self, name: str | None) -> str:
        """The phrase of a cause as `top_reasons` names it; `no_cause` for none and for a name of another version."""
        if not name:
            return self.no_cause
        cause = self.causes.get(name.removeprefix(LOW))
        if cause is None:
            return self.no_cause
        return cause.low if name.startswith(LOW) else cause.high
