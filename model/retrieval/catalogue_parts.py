"""A catalogue in parts of its eligible items, so that the memory of a worker is bounded whatever their number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from model.retrieval.catalogue import Catalogue
from model.retrieval.sequences import LINK_CHANNELS


def parts_of(
    catalogue: Catalogue, items_at_once: int | None, channels: tuple[str, ...]
) -> Iterator[tuple[int, Catalogue]]:
    """(first eligible item, catalogue of at most `items_at_once` of them); the whole one where it is small enough.

    What a shopper may have bought, all known items, is the same in every part. A part is made when it is asked for and
    can be forgotten before the next. Raises ValueError when one of `channels` needs all items at once.
    """
    items = len(catalogue.eligible)
    if items_at_once is None or items <= items_at_once:
        yield 0, catalogue
        return
    if whole := channels_of_the_whole(channels):
        raise ValueError(f"The channels {', '.join(whole)} cannot be scored in parts of the items.")
    for begin in range(0, items, items_at_once):
        yield begin, _part(catalogue, slice(begin, begin + items_at_once))


def channels_of_the_whole(channels: tuple[str, ...]) -> list[str]:
    """Those that share scores between all eligible items, and so need them at once."""
    return [name for name in channels if name in LINK_CHANNELS and LINK_CHANNELS[name].spread in {"after", "both"}]


def _part(catalogue: Catalogue, some: slice) -> Catalogue:
    to_items = {channel.links for channel in LINK_CHANNELS.values() if channel.of == "item"}
    part = replace(
        catalogue,
        eligible=catalogue.eligible[some],
        cold=catalogue.cold[some],
        als=catalogue.als[some],
        item_statistics=catalogue.item_statistics[:, some],
        store_purchases=catalogue.store_purchases[:, some],
        store_promotions=catalogue.store_promotions[:, some],
        neighbour_purchases=catalogue.neighbour_purchases[:, some],
        links={name: links[:, some] if name in to_items else links for name, links in catalogue.links.items()},
    )
    # It does not depend on the eligible items, and costs more than all else of a part.
    part.__dict__["profiles_by_item"] = catalogue.profiles_by_item
    return part
