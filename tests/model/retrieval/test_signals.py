"""Channels of views, carts, searches and negative feedback, by hand on the small store."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from model.retrieval.catalogue import Catalogue
from model.retrieval.channels import learn_links, links_followed, negative_channels, score_channels, silent_channels
from model.retrieval.item_statistics import ItemSales
from model.retrieval.links import Interactions, LinkInputs, LinkSettings
from model.retrieval.sessions import SESSION, SESSION_COSINES
from model.retrieval.shoppers import PURCHASE, EventLines, Shoppers
from model.retrieval.signal_channels import SIGNAL_CHANNELS, channels_by_signal
from model.retrieval.signals import (
    CART,
    FAVOURITE,
    NEGATIVE,
    QUERIES,
    SEARCH,
    VIEW,
    query_links,
    regret_rate,
    signal_statistics,
)
from tests.benchmark.signals.side import SIGNAL_SCORES, session_numbers
from tests.model.retrieval.small_store import SETTINGS, catalogue, shoppers

NO_EVENTS = EventLines(np.zeros(4, dtype=np.int64), np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32))
LINKS = LinkSettings(50, 5, 100, 4000, 300.0, 16, 2000)


def browsing() -> Shoppers:
    """bob viewed rye-d (4) today and a week ago and tea-b (2) two weeks ago, eve regretted rye-c (3); eve searched."""
    views = EventLines(
        np.array([0, 0, 3, 3]), np.array([4, 4, 2], dtype=np.int32), np.array([0.0, 7.0, 14.0], dtype=np.float32)
    )
    regrets = EventLines(np.array([0, 0, 0, 1]), np.array([3], dtype=np.int32), np.zeros(1, dtype=np.float32))
    searches = EventLines(
        np.array([0, 0, 0, 2]), np.array([1, 1], dtype=np.int32), np.array([0.0, 7.0], dtype=np.float32)
    )
    events = {VIEW: views, NEGATIVE: regrets, SEARCH: searches, CART: NO_EVENTS, FAVOURITE: NO_EVENTS}
    return replace(shoppers(), events=events)


def linked() -> Catalogue:
    sessions = np.zeros((6, 4), dtype=np.float32)
    sessions[4, 0], sessions[0, 3] = 0.5, 0.2  # from rye-d to tea-b, and from tea-a to odd
    links = {
        SESSION_COSINES.name: sparse.csr_matrix(sessions),
        QUERIES: sparse.csr_matrix(np.array([[1.0, 0, 0], [0, 0.5, 0]], dtype=np.float32)),
    }
    names = [score.name for score in SIGNAL_SCORES]
    rows = {name: np.arange(4, dtype=np.float32) for name in names}
    return replace(catalogue(), links=links, item_statistics={**catalogue().item_statistics, **rows})


def scores(name: str) -> np.ndarray:
    """[shoppers, 4 eligible items: tea-b, rye-c, rye-d, odd]."""
    scored = score_channels(linked(), browsing(), SETTINGS, (name,))[0]
    rows, items = scored.shape
    return scored.at(np.arange(rows)[:, None], np.arange(items)[None, :])


def test_views_of_the_item_itself_halve_in_a_week() -> None:
    expected = np.log1p([[0, 0, 0, 0], [0.25, 0, 1.5, 0], [0, 0, 0, 0]])
    np.testing.assert_allclose(scores("viewed"), expected, rtol=1e-6)


def test_channels_of_purchases_score_views_alike() -> None:
    # With a half-life of 10 days: rye-d today and 7 days ago are of type rye, tea-b 14 days ago of type tea.
    rye, tea = 1 + 0.5**0.7, 0.5**1.4
    np.testing.assert_allclose(scores("viewed_type_affinity")[1], np.log1p([tea, rye, rye, 0]), rtol=1e-6)
    np.testing.assert_allclose(scores("viewed_brand_type_affinity")[1], np.log1p([tea, 0, rye, 0]), rtol=1e-6)
    assert not scores("viewed_type_affinity")[[0, 2]].any()


def test_regrets_are_those_of_the_brand_and_maker() -> None:
    np.testing.assert_allclose(scores("regretted_brand_type_affinity")[2], np.log([1, 2, 1, 1]), rtol=1e-6)
    np.testing.assert_allclose(scores("regretted_provider_category_affinity")[2], np.log([1, 2, 2, 1]), rtol=1e-6)


def test_sessions_link_what_was_viewed_and_what_was_bought() -> None:
    np.testing.assert_allclose(scores("session_knn")[1], [0.5, 0, 0, 0])  # bob's newest view is rye-d
    np.testing.assert_allclose(scores("session_knn_bought")[0], [0, 0, 0, 0.2])  # ann's newest purchase is tea-a


def test_a_search_scores_the_texts_that_it_matches() -> None:
    # eve searched for the second query today and a week ago: 1.5 times its cosine of .5 with text 1, which rye-c has.
    np.testing.assert_allclose(scores("searched")[2], np.log1p([0, 0.75, 0, 0]), rtol=1e-6)
    assert not scores("searched")[:2].any()


@pytest.mark.parametrize("name", SIGNAL_CHANNELS)
def test_every_channel_is_finite_and_the_same_after_shipping(name: str) -> None:
    assert np.isfinite(scores(name)).all()
    sent = Catalogue.from_arrays(linked().to_arrays())
    again = score_channels(sent, browsing(), SETTINGS, (name,))[0]
    np.testing.assert_array_equal(again.values, score_channels(linked(), browsing(), SETTINGS, (name,))[0].values)


def test_without_links_and_statistics_channels_score_zero() -> None:
    for name in ("session_knn", "searched", "view_popularity", "regret_rate"):
        scored = score_channels(catalogue(), browsing(), SETTINGS, (name,))[0]
        assert scored.shape == (1, 4)
        assert not scored.values.any()


def test_a_store_without_views_or_brands_has_no_such_channels() -> None:
    assert "viewed" in silent_channels(SIGNAL_CHANNELS, {"views"})
    none = {"views", "carts", "favourites", "searches", "returns", "events.rating"}
    assert set(silent_channels(SIGNAL_CHANNELS, none)) == set(SIGNAL_CHANNELS)
    # Without returns there are still low ratings.
    assert "regret_rate" not in silent_channels(SIGNAL_CHANNELS, none - {"events.rating"})
    assert "regret_rate" not in silent_channels(SIGNAL_CHANNELS, {"items.brand"})
    assert negative_channels(("als", *SIGNAL_CHANNELS)) == {
        "regretted_brand_type_affinity", "regretted_provider_category_affinity", "regret_rate"
    }  # fmt: skip


def test_channels_belong_to_the_event_that_they_score() -> None:
    assert channels_by_signal(("als", "viewed", "searched", "session_knn_bought", "regret_rate", "ease")) == {
        VIEW: ("viewed", "session_knn_bought"), SEARCH: ("searched",), NEGATIVE: ("regret_rate",),
    }  # fmt: skip
    assert sum(map(len, channels_by_signal(SIGNAL_CHANNELS).values())) == len(SIGNAL_CHANNELS)
    assert set(channels_by_signal(SIGNAL_CHANNELS)) == {VIEW, CART, FAVOURITE, SEARCH, NEGATIVE}


def sales(**columns: list[float]) -> ItemSales:
    empty = np.zeros(3)
    arrays = {name: np.array(values, dtype=float) for name, values in columns.items()}
    return ItemSales(
        arrays.get("lines", empty), arrays.get("buyers", empty), empty, empty,
        {"popularity_7d": arrays.get("decayed", empty)}, np.zeros(3, dtype=int), empty,
    )  # fmt: skip


def test_statistics_of_views_and_regrets() -> None:
    events = {
        VIEW: sales(decayed=[0, 1, 3], buyers=[0, 2, 5]), NEGATIVE: sales(lines=[0, 1, 2]),
        PURCHASE: sales(lines=[9, 5, 1]),
    }  # fmt: skip
    rows = signal_statistics(SIGNAL_SCORES, events, np.array([2, 1]))
    np.testing.assert_allclose(rows["view_popularity"], np.log([4, 2]), rtol=1e-6)
    np.testing.assert_allclose(rows["viewers"], np.log([6, 3]), rtol=1e-6)
    # (2 + .5) / .5 over (2 + 5) / 5, since more cannot be regretted than was bought; (1 + .5) / .5 over (5 + 5) / 5.
    np.testing.assert_allclose(rows["regret_rate"], np.log([5 / 1.4, 3 / 2]), rtol=1e-6)
    assert regret_rate(events)[0] == 0.0


def test_a_session_ends_after_a_gap_and_with_its_visitor() -> None:
    visitor = np.array([7, 7, 3, 7, 7])
    minutes = np.array([0.0, 29.0, 10.0, 100.0, 60.0])
    assert session_numbers(visitor, minutes / 1440, 30).tolist() == [1, 1, 0, 3, 2]
    assert session_numbers(visitor, minutes / 1440, 45).tolist() == [1, 1, 0, 1, 1]
    assert session_numbers(np.zeros(0, dtype=int), np.zeros(0), 30).tolist() == []


def test_items_of_a_session_are_linked_whoever_visited() -> None:
    met = Interactions(np.array([0, 0, 1, 1, 2]), np.array([0, 2, 4, 3, 5]), np.zeros(5))
    links = learn_links(("session_knn", "session_knn_bought"), LinkInputs(catalogue(), {SESSION: met}), LINKS)
    expected = np.zeros((6, 4))
    expected[0, 0] = 1.0  # tea-a to tea-b; nothing links back to tea-a, which is not eligible
    expected[4, 1] = expected[3, 2] = 1.0  # rye-d to rye-c and back
    np.testing.assert_allclose(links[SESSION_COSINES.name].toarray(), expected, rtol=1e-6)
    assert [kind.name for kind in links_followed(("session_knn", "viewed"))] == ["session_cosines"]
    assert SESSION_COSINES.to_eligible


def test_queries_match_texts_that_share_their_words() -> None:
    texts = ["green tea", "black tea", "rye bread", "oat bread"]
    links = query_links(["tea", "rye bread", "coffee"], texts, most_texts=100, strongest=3).toarray()
    assert links.shape == (3, 4)
    assert links[0, 0] > 0
    assert links[0, 1] > 0
    assert not links[0, 2:].any()
    assert links[1].argmax() == 2
    assert 0 < links[1, 3] < links[1, 2]
    assert not links[2].any()
