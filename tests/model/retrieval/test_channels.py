import numpy as np
import pytest

from model.retrieval.affinities import NEVER_DAYS
from model.retrieval.catalogue import Catalogue
from model.retrieval.channels import (
    ALL_CHANNELS,
    CHANNELS,
    ITEM_SCORES,
    popularity_half_lives,
    score_channels,
    silent_channels,
)
from model.retrieval.scores import ChannelScores
from model.retrieval.shoppers import Shoppers
from tests.model.retrieval.small_store import SETTINGS, catalogue, shoppers


def dense(channel: ChannelScores) -> np.ndarray:
    rows, items = channel.shape
    return channel.at(np.arange(rows)[:, None], np.arange(items)[None, :])


def scores(name: str) -> np.ndarray:
    """[3 shoppers, 4 eligible items: tea-b, rye-c, rye-d, odd]."""
    return dense(score_channels(catalogue(), shoppers(), SETTINGS, (name,))[0])


def test_als_is_the_inner_product() -> None:
    np.testing.assert_allclose(scores("als"), [[1, 0, 0.5, 0], [0, 2, 1, 0], [0, 0, 0, 0]])


def test_text_history_takes_the_best_decayed_cosine() -> None:
    # ann: texts (1,0) at place 0 and (0,1) at place 1, which counts half.
    # tea-b is text (.6,.8): max(.6, .8 / 2) = .6; rye-c is (0,1): max(0, 1 / 2); rye-d like tea-b; odd is (1,0): 1.
    np.testing.assert_allclose(scores("text_history")[0], [0.6, 0.5, 0.6, 1.0], rtol=1e-6)
    np.testing.assert_allclose(scores("text_history")[2], 0.0)


def test_type_affinity_halves_and_skips_items_without_a_type() -> None:
    # ann bought tea today: log(1 + 1); bob rye 20 days ago, two half-lives: log(1 + 1/4); nothing for code 0.
    expected = [[np.log(2), 0, 0, 0], [0, np.log(1.25), np.log(1.25), 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(scores("type_affinity"), expected, rtol=1e-6)


def test_type_recency_is_one_today_and_zero_without_a_purchase() -> None:
    recency = scores("type_recency")
    assert recency[0, 0] == pytest.approx(1.0)
    assert recency[1, 1] == pytest.approx(1 - np.log1p(20) / np.log1p(NEVER_DAYS), rel=1e-6)
    np.testing.assert_allclose(recency[2], 0.0, atol=1e-7)
    np.testing.assert_allclose(recency[:, 3], 0.0, atol=1e-7)


def test_store_channels_use_the_shares_of_the_own_stores() -> None:
    # ann: weights 1 in store 0 and 2 ** (-10 / 60) in store 1; bob's store is unknown.
    far = 0.5 ** (10 / 60)
    shares = np.array([1, far]) / (1 + far)
    np.testing.assert_allclose(scores("store_popularity")[0], [shares[0], 0, 4 * shares[1], 0], rtol=1e-5)
    np.testing.assert_allclose(scores("store_promotion")[0], [0, 0, 0, shares[0]], rtol=1e-5)
    np.testing.assert_allclose(scores("store_popularity")[1], 0.0)


def test_a_shopper_is_no_neighbour_of_itself() -> None:
    # bob's only like shopper would be bob, whose rye-c must not come back to him.
    np.testing.assert_allclose(scores("neighbours")[1], 0.0)


def test_channels_of_the_item_alone_have_one_row() -> None:
    popularity = scores("popularity")
    assert popularity.shape == (1, 4)
    np.testing.assert_allclose(popularity[0], [0.1, 0.2, 0.3, 0.4], rtol=1e-6)


@pytest.mark.parametrize("name", CHANNELS)
def test_every_channel_is_finite_for_all_shoppers(name: str) -> None:
    values = scores(name)
    of_item = name in {score.name for score in ITEM_SCORES}
    assert values.shape == (1 if of_item else 3, 4)
    assert np.isfinite(values).all()


def test_a_catalogue_is_the_same_after_shipping() -> None:
    sent = Catalogue.from_arrays(catalogue().to_arrays())
    for name in CHANNELS:
        np.testing.assert_array_equal(dense(score_channels(sent, shoppers(), SETTINGS, (name,))[0]), scores(name))


def test_provider_and_title_channels_count_purchases_that_share_them() -> None:
    # ann bought tea-a, of tea-b's provider and title, today: log(1 + 1); milk-b shares its provider and category.
    np.testing.assert_allclose(scores("provider_type_affinity")[0], [np.log(2), 0, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(scores("title_loyalty")[0], [np.log(2), 0, 0, 0], rtol=1e-6)
    # Of provider and category 1: tea today and milk one half-life ago.
    np.testing.assert_allclose(scores("provider_category_affinity")[0], [np.log(2.5), 0, 0, 0], rtol=1e-6)


def test_variety_and_novelty_count_items_and_not_purchases() -> None:
    people = Shoppers(
        user_ids=np.array(["ann"]),
        start=np.array([0, 4]),
        item=np.array([0, 2, 0, 3], dtype=np.int32),
        days_ago=np.array([1.0, 2.0, 90.0, 90.0], dtype=np.float32),
        store=np.full(4, -1, dtype=np.int32),
        als=np.zeros((1, 2), dtype=np.float32),
        text=np.zeros((1, 2), dtype=np.float32),
    )
    # tea-a twice and tea-b once are two items; tea-a was new 90 days ago, tea-b 2 days ago.
    for name, expected in (("type_variety", [2, 1, 1, 0]), ("type_novelty", [1, 0, 0, 0])):
        values = dense(score_channels(catalogue(), people, SETTINGS, (name,))[0])
        np.testing.assert_allclose(np.expm1(values[0]), expected, atol=1e-6)


def test_price_gap_is_to_what_the_shopper_pays_within_the_type() -> None:
    # ann bought tea at +0.2, tea-b is at -0.2; she never bought rye. bob bought rye-c at +0.5: rye-d is 1.0 away.
    np.testing.assert_allclose(scores("price_gap")[:2], [[0.4, 1, 1, 1], [1, 0, 1, 1]], atol=1e-6)


def test_channels_and_their_scores_have_the_declared_names() -> None:
    assert {name: channel.name for name, channel in ALL_CHANNELS.items()} == {name: name for name in ALL_CHANNELS}
    assert len(ALL_CHANNELS) == 74
    assert all(channel.meaning.endswith(".") for channel in ALL_CHANNELS.values())
    assert [score.name for score in ITEM_SCORES] == [
        name for name, channel in CHANNELS.items() if channel.score in ITEM_SCORES
    ]


def test_a_channel_of_another_version_is_named() -> None:
    with pytest.raises(ValueError, match="no channel seen_together in this version"):
        score_channels(catalogue(), shoppers(), SETTINGS, ("als", "seen_together"))


def test_channels_without_what_they_need_are_silent() -> None:
    names = ("als", "type_affinity", "brand_type_affinity", "store_promotion", "promotion_reach", "brand_knn")
    assert silent_channels(names, {"items.brand", "items.price"}) == ("brand_type_affinity", "brand_knn")
    assert silent_channels(names, {"promotions"}) == ("store_promotion", "promotion_reach")
    assert silent_channels(names, {"items.price"}) == ()


def test_popularities_have_their_half_life_or_the_configured_one() -> None:
    assert popularity_half_lives(14.0) == {
        "popularity": 14.0, "popularity_7d": 7.0, "popularity_30d": 30.0, "popularity_90d": 90.0,
    }  # fmt: skip
