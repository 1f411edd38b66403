"""The simulated storefront: its rates, fatigue, stock, new items."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.simulation.storefront import Lists, Storefront
from model.simulation.world import Habits, World, synthetic_world, with_anyway

MANY = 10**9


def world(users: int = 4000, **changed: object) -> World:
    """Items 0 to 3: responses .5, .2, .0, .5 to an examined exposure; a visit a day; the second place counts half."""
    rates = -np.log1p(-np.array([[0.5, 0.2, 0.0, 0.5]]))
    base = World(
        membership=np.ones((users, 1)), appeal=rates, visits=np.ones(users), organic=np.zeros(users),
        examination=np.array([1.0, 0.5]), stock=np.full(4, MANY), arrives=np.array([0, 0, 0, 2]), fatigue=1.0,
    )  # fmt: skip
    return replace(base, **changed)  # type: ignore[arg-type]


def lists(users: int, *items: int) -> Lists:
    return Lists(np.tile(items, (users, 1)), np.ones((users, len(items))))


def test_rates_are_those_of_the_world() -> None:
    day = Storefront(world(), 1).play(lists(4000, 0, 1))
    requests = len(np.unique(day.request))
    assert requests == pytest.approx(4000, abs=4 * 4000**0.5)
    by_place = [day.responded[day.position == place].mean() for place in (0, 1)]
    # .5 x 1 and .2 x .5, with four standard errors
    assert by_place == pytest.approx([0.5, 0.1], abs=0.035)
    assert len(day.user) == 2 * requests
    assert (np.diff(day.seconds) >= 0).all()
    again = Storefront(world(), 1).play(lists(4000, 0, 1))
    np.testing.assert_array_equal(day.responded, again.responded)


def test_exposures_without_a_response_tire() -> None:
    shop = Storefront(world(visits=np.full(4000, 1.0), fatigue=0.5, appeal=np.full((1, 4), 0.1)), 2)
    shop.play(lists(4000, 0))
    some = shop.freshness(np.arange(4000), np.zeros(4000, dtype=int))
    assert set(np.round(np.log2(some)).astype(int)) >= {0, -1, -2}
    assert some.mean() == pytest.approx(
        np.exp(-0.5), abs=0.05
    )  # the mean of .5^n, n Poisson 1, nearly all without response
    assert shop.freshness(np.array([0]), np.array([1])).tolist() == [1.0]


def test_items_sold_out_or_not_arrived_are_not_shown_and_others_move_up() -> None:
    shop = Storefront(world(stock=np.array([100, MANY, MANY, MANY])), 3)
    first = shop.play(lists(4000, 3, 0))
    assert set(first.item) == {0}  # item 3 arrives on day 2
    assert set(first.position) == {0}
    assert first.responded.sum() == 100
    assert not shop.for_sale()[0]
    second = shop.play(lists(4000, 0, 1))
    assert set(zip(second.item, second.position, strict=True)) == {(1, 0)}
    assert set(shop.play(lists(4000, 3, -1)).item) == {3}


def test_a_restored_storefront_continues_as_the_original() -> None:
    original, restored = (Storefront(world(fatigue=0.5), 9) for _ in range(2))
    original.play(lists(4000, 0, 1))
    restored.restore(original.state())
    first, second = original.play(lists(4000, 1, 0)), restored.play(lists(4000, 1, 0))
    np.testing.assert_array_equal(first.responded, second.responded)
    np.testing.assert_array_equal(first.request, second.request)


def test_shoppers_also_buy_without_lists_what_appeals_to_them() -> None:
    truth = world(organic=np.full(4000, 2.0))
    day = Storefront(truth, 4).play(lists(4000, -1))
    assert not len(day.user)
    assert len(day.bought_user) == pytest.approx(8000, abs=4 * 8000**0.5)
    share = np.bincount(day.bought_item, minlength=4) / len(day.bought_item)
    rates = truth.appeal[0] * np.array([1, 1, 1, 0])  # item 3 has not arrived
    assert share == pytest.approx(rates / rates.sum(), abs=0.03)


def test_a_synthetic_world_has_a_long_tail() -> None:
    truth = synthetic_world(1, users=500, items=400, habits=Habits(new_share=0.1, scarce_share=0.3))
    popularity = np.sort((truth.membership @ truth.appeal).mean(axis=0))[::-1]
    assert popularity[:80].sum() / popularity.sum() > 0.6
    assert (truth.arrives > 0).mean() == pytest.approx(0.1, abs=0.06)
    assert (truth.stock < MANY).mean() == pytest.approx(0.3, abs=0.1)
    user, item = np.arange(500), np.arange(500) % 400
    assert np.all((truth.response(user, item) >= 0) & (truth.response(user, item) < 1))


def test_a_share_of_the_demand_comes_without_exposure() -> None:
    """Of item 0 half of the demand, of item 1 all, of item 3 none; f, the chance after an exposure, stays."""
    base = world(arrives=np.zeros(4, dtype=int))
    mixed = with_anyway(base, np.array([0.5, 1.0, 0.0, 0.0]), days=7)
    user, item = np.zeros(4, dtype=int), np.arange(4)
    rates = base.appeal[0]
    needed, response = mixed.needed(user, item, 7), mixed.response(user, item)
    assert needed == pytest.approx(-np.expm1(-rates * [0.5, 1, 0, 0]))
    assert 1 - (1 - needed) * (1 - response) == pytest.approx([0.5, 0.2, 0.0, 0.5])
    assert mixed.uplift(user, item, 7) == pytest.approx((0.5 - needed[0], 0.0, 0.0, 0.5))
    shop, days = Storefront(mixed, 5), 7
    bought = np.concatenate([shop.play(lists(4000, -1)).bought_item for _ in range(days)])
    expected = 4000 * rates * [0.5, 1.0, 0.0, 0.0]
    assert np.bincount(bought, minlength=4) == pytest.approx(expected, abs=4 * expected.max() ** 0.5)


def test_equal_seeds_draw_what_they_always_drew() -> None:
    """Replayed stores and published figures rest on these draws."""
    truth = synthetic_world(3, users=40, items=60)
    assert truth.appeal.sum() == pytest.approx(5.167599689)
    assert truth.stock[truth.stock < MANY][:5].tolist() == [17, 24, 25, 28, 20]
    shop = Storefront(truth, 5)
    day = [shop.play(lists(40, *range(10))) for _ in range(3)][-1]
    assert (len(day.user), int(day.clicked.sum()), int(day.responded.sum())) == (90, 9, 0)
    assert day.user[:8].tolist() == [30] * 8
    assert day.seconds[0] == pytest.approx(5660.290, abs=1e-3)
    assert len(day.bought_user) == 38
    assert day.bought_user[:6].tolist() == [0, 2, 2, 4, 4, 5]
    assert day.bought_item[:6].tolist() == [41, 54, 8, 25, 19, 17]
