"""A catalogue in parts of its eligible items, so that a worker's memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from model.retrieval.catalogue import Catalogue
from model.retrieval.channels import channels_of_all_items, links_followed


def parts_of(
    catalogue: Catalogue, items_at_once: int | None, channels: tuple[str, ...]
) -> Iterator[tuple[int, Catalogue]]:
    """(first eligible item, catalogue of at most `items_at_once` of them); the catalogue itself where it is small.

    What a shopper may have bought, all known items, is the same in every part. A part is built when the iterator
    reaches it, so that only one is in memory. Raises ValueError when one of `channels` needs all items at once.
    """
    items = len(catalogue.eligible)
    if items_at_once is None or items <= items_at_once:
        yield 0, catalogue
        return
    if needing_all := channels_of_all_items(channels):
        raise ValueError(f"The channels {', '.join(needing_all)} cannot be scored in parts of the items.")
    to_eligible = {links.name for links in links_followed(channels) if links.to_eligible}
    for begin in range(0, items, items_at_once):
        yield begin, _part(catalogue, slice(begin, begin + items_at_once), to_eligible)


def _part(catalogue: Catalogue, some: slice, to_eligible: set[str]) -> Catalogue:
    part = replace(
        catalogue,
        eligible=catalogue.eligible[some],
        cold=catalogue.cold[some],
        als=catalogue.als[some],
        item_statistics={name: row[some] for name, row in catalogue.item_statistics.items()},
        store_purchases=catalogue.store_purchases[:, some],
        store_promotions=catalogue.store_promotions[:, some],
        neighbour_purchases=catalogue.neighbour_purchases[:, some],
        links={name: links[:, some] if name in to_eligible else links for name, links in catalogue.links.items()},
    )
    # It does not depend on the eligible items, and costs more than all else of a part.
    part.__dict__["profiles_by_item"] = catalogue.profiles_by_item
    return part
