"""A date of a browsing world as the arrays that the first stage takes: catalogue, shoppers, what is bought next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from model.retrieval.affinities import NEVER_DAYS
from model.retrieval.catalogue import Catalogue
from model.retrieval.channels import ITEM_SCORES, learn_links, popularity_half_lives
from model.retrieval.event_weights import EventWeights
from model.retrieval.item_statistics import ItemSales, item_statistics
from model.retrieval.links import Interactions, LinkInputs, LinkSettings
from model.retrieval.sessions import SESSION
from model.retrieval.settings import ChannelSettings
from model.retrieval.shoppers import PURCHASE, EventLines, Shoppers
from model.retrieval.signal_channels import SIGNAL_CHANNELS
from model.retrieval.signals import (
    CART,
    FAVOURITE,
    NEGATIVE,
    QUERIES,
    SEARCH,
    VIEW,
    SignalScore,
    query_links,
    signal_statistics,
)
from model.retrieval.taste import shopper_profiles
from model.simulation import event_log
from model.simulation.browsing import BrowsingWorld
from model.simulation.event_log import EventLog, Events
from model.text.tfidf import tfidf, words
from tests.benchmark.signals.als import als_factors

# As in conf/base.yaml, with factors and iterations for so few items.
SETTINGS = ChannelSettings(history_items=20, history_decay=0.9, affinity_half_life_days=30.0, neighbours=100)
SIGNAL_SCORES = tuple(channel.score for channel in SIGNAL_CHANNELS.values() if isinstance(channel.score, SignalScore))
LINKS = LinkSettings(
    history_items=50, gaps=5, strongest=100, ease_items=4000, ease_regularisation=300.0, like_texts=16, most_texts=2000
)
FACTORS, ITERATIONS, REGULARISATION, ALPHA = 16, 6, 0.1, 10.0
POPULARITY_DAYS, HEAD_SHARE, SESSION_MINUTES, TYPES_OF_CATEGORY, TEXT_WIDTH = 14.0, 0.8, 30.0, 8, 48
_KINDS = {
    VIEW: (event_log.VIEW,), CART: (event_log.CART,), FAVOURITE: (event_log.FAVOURITE,),
    NEGATIVE: (event_log.RETURN, event_log.LOW_RATING), PURCHASE: (event_log.PURCHASE,),
}  # fmt: skip


@dataclass(frozen=True)
class Side:
    """targets: positions among the eligible items that each shopper newly buys within the horizon, none without any"""

    catalogue: Catalogue
    shoppers: Shoppers
    targets: dict[str, np.ndarray]


def side(world: BrowsingWorld, log: EventLog, cut: float, horizon: float) -> Side:
    """The date `cut` by purchases alone, without factors. The head holds 80 % of the purchases and is not eligible."""
    bought = log.events[event_log.PURCHASE]
    owner, early = log.owner[bought.visitor], bought.time < cut
    lines = np.bincount(bought.item[early], minlength=world.items)
    order = np.argsort(-lines, kind="stable")
    head = order[np.cumsum(lines[order]) - lines[order] < HEAD_SHARE * lines.sum()]
    candidate = world.arrives < cut
    candidate[head] = False
    eligible = np.flatnonzero(candidate).astype(np.int32)
    people = np.unique(owner[early])
    empty = np.zeros((len(people), FACTORS), dtype=np.float32)
    own = _lines(log, PURCHASE, people, cut)
    nowhere = np.full(len(own.item), -1, dtype=np.int32)
    no_text = np.zeros((len(people), TEXT_WIDTH), dtype=np.float32)
    ids = np.array([f"u{user:06}" for user in people])
    shoppers = Shoppers(ids, own.start, own.item, own.days_ago, nowhere, empty, no_text)
    catalogue = _catalogue(world, _counts(log, PURCHASE, world.items, cut), eligible, lines, shoppers)
    late = ~early & (bought.time < cut + horizon)
    return Side(catalogue, shoppers, _targets(shoppers, catalogue, people, owner[late], bought.item[late]))


def _targets(
    shoppers: Shoppers, catalogue: Catalogue, people: np.ndarray, user: np.ndarray, item: np.ndarray
) -> dict[str, np.ndarray]:
    place = np.full(len(catalogue.item_ids), -1)
    place[catalogue.eligible] = np.arange(len(catalogue.eligible))
    row = np.searchsorted(people, user)
    row = np.where((row < len(people)) & (people[np.minimum(row, len(people) - 1)] == user), row, -1)
    known = shoppers.row * len(place) + shoppers.item
    pair = np.unique((row * len(place) + item)[(row >= 0) & (place[item] >= 0)])
    pair = pair[~np.isin(pair, known)]
    of_user, wanted = np.divmod(pair, len(place))
    return {str(shoppers.user_ids[one]): place[wanted[of_user == one]] for one in np.unique(of_user)}


def _lines(log: EventLog, event_type: str, people: np.ndarray, cut: float) -> EventLines:
    """The events before the cut of visitors whom the store knows by then, newest first."""
    parts = [_known(log, kind, people, cut) for kind in _KINDS.get(event_type, (event_type,))]
    row, item, days_ago = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((item, days_ago, row))
    start = np.searchsorted(row[order], np.arange(len(people) + 1)).astype(np.int64)
    return EventLines(start, item[order].astype(np.int32), days_ago[order].astype(np.float32))


def _known(log: EventLog, kind: str, people: np.ndarray, cut: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    events, user = log.events[kind], log.known_user(kind, cut)
    row = np.minimum(np.searchsorted(people, user), len(people) - 1)
    mine = (people[row] == user) & (events.time < cut)
    return row[mine], events.item[mine], cut - events.time[mine]


def _before(log: EventLog, event_type: str, cut: float) -> Events:
    parts = [log.events[kind] for kind in _KINDS[event_type]]
    joined = Events.of(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("visitor", "item", "time"))
    )
    return joined.where(joined.time < cut)


def _counts(log: EventLog, event_type: str, items: int, cut: float) -> ItemSales:
    """Of the events of all visitors, known or not; a `buyer` is a visitor."""
    events = _before(log, event_type, cut)
    days_ago = cut - events.time
    first, last = np.zeros(items), np.full(items, NEVER_DAYS)
    np.maximum.at(first, events.item, days_ago)
    np.minimum.at(last, events.item, days_ago)
    pairs = np.unique(events.visitor * items + events.item)
    decayed = {
        name: np.bincount(events.item, 0.5 ** (days_ago / days), minlength=items)
        for name, days in popularity_half_lives(POPULARITY_DAYS).items()
    }
    lines = np.bincount(events.item, minlength=items).astype(np.float64)
    buyers = np.bincount(pairs % items, minlength=items).astype(np.float64)
    nothing = np.zeros(items, dtype=np.int32)
    return ItemSales(lines, buyers, first, last, decayed, nothing, np.zeros(items, dtype=np.float32))


def _catalogue(
    world: BrowsingWorld, sales: ItemSales, eligible: np.ndarray, lines: np.ndarray, shoppers: Shoppers
) -> Catalogue:
    m, n = world.items, len(eligible)
    types = world.type_share.shape[1]
    product_type = (world.item_type + 1).astype(np.int32)
    brand_type = (world.item_type * 1000 + world.brand + 1).astype(np.int32)
    category = (world.item_type // TYPES_OF_CATEGORY + 1).astype(np.int32)
    codes = {
        "product_type": product_type, "category": category, "brand_type": brand_type, "provider_type": brand_type,
        "provider_category": (category * 1000 + world.brand).astype(np.int32), "title": np.zeros(m, dtype=np.int32),
    }  # fmt: skip
    codes = {kind: np.unique(code, return_inverse=True)[1].astype(np.int32) + 1 for kind, code in codes.items()}
    codes["title"][:] = 0
    seen = sparse.hstack(
        [shoppers.bought(m), shoppers.counts(codes["product_type"][shoppers.item], types + 1, None) > 0]
    )
    idf = np.log(len(shoppers) / np.maximum(np.asarray(seen.sum(axis=0)).ravel(), 1.0)).astype(np.float32)
    place = np.zeros(m, dtype=np.int64)
    place[eligible] = np.arange(1, n + 1)
    no_stores = sparse.csr_matrix((1, n), dtype=np.float32)
    return Catalogue(
        item_ids=np.array([f"i{item:06}" for item in range(m)]), codes=codes,
        relative_price=np.zeros(m, dtype=np.float32), text_row=np.arange(m, dtype=np.int32), eligible=eligible,
        cold=lines[eligible] == 0, text=_embeddings(world), als=np.zeros((n, FACTORS), dtype=np.float32),
        item_statistics=item_statistics(ITEM_SCORES, replace(sales, product_type=codes["product_type"]), eligible),
        store_purchases=no_stores, store_promotions=no_stores, neighbour_ids=shoppers.user_ids,
        neighbour_profiles=shopper_profiles(shoppers, codes["product_type"], idf),
        neighbour_purchases=shoppers.counts(place[shoppers.item], n + 1, 45.0)[:, 1:].tocsr(), profile_idf=idf,
    )  # fmt: skip


def _embeddings(world: BrowsingWorld) -> np.ndarray:
    """[m, width] random projections of the texts' TF-IDF, as unit vectors: they keep its cosines nearly."""
    unit = tfidf(world.texts, words, LINKS.most_texts)
    vectors = unit @ np.random.default_rng(0).normal(size=(unit.shape[1], TEXT_WIDTH))
    return (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def links_of_queries(world: BrowsingWorld, log: EventLog) -> sparse.csr_matrix:
    """`query_links` of all queries of the log; they depend neither on the date nor on who searched."""
    return query_links(log.queries, world.texts, LINKS.most_texts, LINKS.strongest)


def with_signals(bare: Side, log: EventLog, cut: float, channels: tuple[str, ...], queries: sparse.csr_matrix) -> Side:
    """The side with the events of all types, and the links and item statistics that the channels take of them."""
    people = np.array([int(user[1:]) for user in bare.shoppers.user_ids])
    events = {kind: _lines(log, kind, people, cut) for kind in (VIEW, CART, FAVOURITE, NEGATIVE, SEARCH)}
    counts = {kind: _counts(log, kind, len(bare.catalogue.item_ids), cut) for kind in (VIEW, NEGATIVE, PURCHASE)}
    catalogue = bare.catalogue
    statistics = signal_statistics(SIGNAL_SCORES, counts, catalogue.eligible)
    viewed = _before(log, VIEW, cut)
    session = session_numbers(viewed.visitor, viewed.time, SESSION_MINUTES)
    interactions = {SESSION: Interactions(session, viewed.item, cut - viewed.time)}
    links = learn_links(channels, LinkInputs(catalogue, interactions), LINKS)
    links[QUERIES] = queries
    return replace(
        bare,
        catalogue=replace(catalogue, links=links, item_statistics={**catalogue.item_statistics, **statistics}),
        shoppers=replace(bare.shoppers, events=events),
    )


def with_factors(bare: Side, weights: EventWeights) -> Side:
    """The side with factors of ALS on the interest of all event types by these weights."""
    items = len(bare.catalogue.item_ids)
    pairs: Mapping[str, np.ndarray] = {
        kind: people.row * items + people.item
        for kind, people in ((kind, bare.shoppers.of(kind)) for kind in weights.weights)
    }
    pair, place = np.unique(np.concatenate(list(pairs.values())), return_inverse=True)
    bounds = np.cumsum([0, *(len(of_kind) for of_kind in pairs.values())])
    counts = {
        kind: np.bincount(place[begin:end], minlength=len(pair)).astype(np.float64)
        for kind, begin, end in zip(pairs, bounds[:-1], bounds[1:], strict=True)
    }
    rating = weights.interest(counts)
    some = rating > 0
    matrix = sparse.csr_matrix(
        (rating[some], np.divmod(pair[some], items)), shape=(len(bare.shoppers), items)
    )  # fmt: skip
    users, factors = als_factors(matrix, FACTORS, ITERATIONS, REGULARISATION, ALPHA, seed=1)
    return replace(
        bare,
        catalogue=replace(bare.catalogue, als=factors[bare.catalogue.eligible]),
        shoppers=replace(bare.shoppers, als=users),
    )


def session_numbers(visitor: np.ndarray, days: np.ndarray, gap_minutes: float) -> np.ndarray:
    """int (events): 0, 1, … for each session, in the order of visitors and times.

    visitor: int (events), a device, or the shopper where the store knows no device
    days: float64 (events), times in days
    A session ends where its visitor does nothing for more than `gap_minutes`.
    """
    order = np.lexsort((days, visitor))
    new = np.ones(len(order), dtype=bool)
    gap = np.diff(days[order]) * 1440.0
    new[1:] = (np.diff(visitor[order]) != 0) | (gap > gap_minutes)
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.cumsum(new) - 1
    return number
