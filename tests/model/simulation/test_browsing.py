"""Browsing worlds: the funnel, what is known of visitors, and signals that are left out or made noise."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from model.simulation.browsing import BrowsingHabits, BrowsingWorld, browsing_world
from model.simulation.event_log import (
    CART,
    FAVOURITE,
    KINDS,
    LOW_RATING,
    PURCHASE,
    RETURN,
    SEARCH,
    VIEW,
    EventLog,
    Events,
)
from model.simulation.needs import browse

DAYS = 100.0


@cache
def store() -> tuple[BrowsingWorld, EventLog]:
    world = browsing_world(1, users=300, items=400, days=DAYS, types=10)
    return world, browse(world, DAYS, 1)


def test_equal_seeds_give_equal_logs() -> None:
    world, log = store()
    again = browse(world, DAYS, 1)
    for kind in KINDS:
        np.testing.assert_array_equal(log.events[kind].item, again.events[kind].item)
        np.testing.assert_array_equal(log.events[kind].time, again.events[kind].time)
    other = browse(world, DAYS, 2)
    assert len(other.events[VIEW]) != len(log.events[VIEW])


def test_each_step_of_the_funnel_is_rarer_and_of_better_items() -> None:
    world, log = store()
    counts = [len(log.events[kind]) for kind in (VIEW, CART, PURCHASE)]
    assert counts[0] > 3 * counts[1] > 3 * counts[2] > 0

    def utility(kind: str) -> float:
        events = log.events[kind]
        return float(world.utility(log.owner[events.visitor], events.item).mean())

    shoppers = np.repeat(np.arange(world.users), world.items)
    at_random = float(world.utility(shoppers, np.tile(np.arange(world.items), world.users)).mean())
    assert at_random + 1 < utility(VIEW) < utility(FAVOURITE)
    assert utility(VIEW) + 0.3 < min(utility(CART), utility(PURCHASE))


@pytest.mark.parametrize(("unseen", "least", "most"), [(0.0, 1.0, 1.0), (0.25, 0.8, 0.99), (1.0, 0.1, 0.8)])
def test_most_of_what_is_bought_was_viewed_before_by_the_shopper(unseen: float, least: float, most: float) -> None:
    world = browsing_world(3, 200, 1000, DAYS, types=4, habits=BrowsingHabits(unseen=unseen))
    log = browse(world, DAYS, 3)
    views, bought = log.events[VIEW], log.events[PURCHASE]
    first = np.full(world.users * world.items, np.inf)
    np.minimum.at(first, log.owner[views.visitor] * world.items + views.item, views.time)
    seen = first[log.owner[bought.visitor] * world.items + bought.item] < bought.time
    assert least <= seen.mean() <= most


def test_nothing_happens_to_an_item_before_it_arrives_or_after_the_last_day() -> None:
    world, log = store()
    for kind in set(KINDS) - {SEARCH}:
        events = log.events[kind]
        assert (events.time >= world.arrives[events.item]).all(), kind
        assert (events.time < DAYS).all()
        assert (np.diff(events.time) >= 0).all()
    assert (world.arrives > 0).mean() == pytest.approx(world.habits.fresh, abs=0.06)
    sold = set(log.events[PURCHASE].item.tolist())
    assert set(log.events[VIEW].item.tolist()) - sold  # cold items: viewed and never sold


def test_a_purchase_identifies_its_device_from_then_on_and_guests_stay_unknown() -> None:
    world, log = store()
    bought = log.events[PURCHASE]
    assert (log.identified[bought.visitor] <= bought.time).all()
    assert not world.guest[log.owner[bought.visitor]].any()
    assert np.isinf(log.identified[world.guest[log.owner]]).all()
    views, anonymous = log.events[VIEW], log.anonymous(VIEW)
    assert 0.2 < anonymous.mean() < 0.6
    early, late = log.known_user(VIEW, 20.0), log.known_user(VIEW, DAYS)
    joined = (early < 0) & (late >= 0)
    assert joined.any()  # a log-in after day 20 gives the shopper the views before it
    np.testing.assert_array_equal(late[late >= 0], log.owner[views.visitor][late >= 0])
    assert (late[world.guest[log.owner[views.visitor]]] == -1).all()


def test_disliked_brands_and_bad_items_are_regretted_and_then_avoided() -> None:
    bought_again = []
    for aversion in (0.0, 3.0):
        habits = BrowsingHabits(aversion=aversion)
        world = browsing_world(2, users=400, items=200, days=DAYS, types=5, brands=4, habits=habits)
        log = browse(world, DAYS, 2)
        bought = log.events[PURCHASE]
        user, brand = log.owner[bought.visitor], world.brand[bought.item]
        regretted = np.zeros((world.users, world.items), dtype=bool)
        first = np.full((world.users, 4), np.inf)
        for kind in (RETURN, LOW_RATING):
            events = log.events[kind]
            regretted[log.owner[events.visitor], events.item] = True
            np.minimum.at(first, (log.owner[events.visitor], world.brand[events.item]), events.time)
        disappointing = world.disliked[user, brand] | world.bad[bought.item]
        rate = [regretted[user, bought.item][disappointing == one].mean() for one in (False, True)]
        assert rate[1] > 2.5 * rate[0] > 0
        bought_again.append(float((bought.time > first[user, brand] + 10).mean()))
    assert bought_again[1] < 0.6 * bought_again[0]


def test_searches_are_in_words_of_texts() -> None:
    world, log = store()
    searches = log.events[SEARCH]
    assert len(searches) > 500
    vocabulary = {word for text in world.texts for word in text.split()}
    assert {word for query in log.queries for word in query.split()} <= vocabulary
    types = {text.split()[0] for text in world.texts}
    assert all(query.split()[0] in types for query in log.queries)
    assert searches.item.max() < len(log.queries)


@pytest.mark.parametrize("kind", KINDS)
def test_a_signal_is_left_out_or_made_noise_of_the_same_volume(kind: str) -> None:
    world, log = store()
    assert len(log.without(kind).events[kind]) == 0
    noise = log.with_noise(kind, world.arrives, seed=3)
    old, new = log.events[kind], noise.events[kind]
    assert sorted(zip(old.visitor, old.time, strict=True)) == sorted(zip(new.visitor, new.time, strict=True))
    assert (np.sort(old.item) != np.sort(new.item)).any()
    for other in set(KINDS) - {kind}:
        assert noise.events[other] is log.events[other]
    if kind != SEARCH:
        assert (new.time >= world.arrives[new.item]).all()
        utility = [world.utility(log.owner[one.visitor], one.item).mean() for one in (old, new)]
        assert utility[1] < utility[0] - 0.5


def test_noise_and_omission_of_a_part_leave_the_rest() -> None:
    world, log = store()
    anonymous = log.anonymous(VIEW)
    noise = log.with_noise(VIEW, world.arrives, 3, anonymous)
    rest, of_noise = log.events[VIEW].where(~anonymous), noise.events[VIEW].where(~noise.anonymous(VIEW))
    np.testing.assert_array_equal(rest.item, of_noise.item)
    assert len(log.without(VIEW, anonymous).events[VIEW]) == len(rest)


def test_events_are_in_the_order_of_time() -> None:
    events = Events.of(np.array([1, 0, 2]), np.array([5, 6, 7]), np.array([2.0, 3.0, 1.0]))
    assert events.visitor.tolist() == [2, 1, 0]
    assert events.where(events.time > 1.5).item.tolist() == [5, 6]


def test_without_wandering_searches_or_regret_there_is_none() -> None:
    habits = BrowsingHabits(search=0.0, regret=0.0, wandering=0.0, fresh=0.0)
    world = browsing_world(4, users=60, items=80, days=30, types=4, habits=habits)
    log = browse(world, 30.0, 4)
    assert len(log.events[VIEW]) > 0
    assert [len(log.events[kind]) for kind in (SEARCH, RETURN, LOW_RATING)] == [0, 0, 0]
    assert not world.arrives.any()
