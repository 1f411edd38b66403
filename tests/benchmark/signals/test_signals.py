"""The benchmark's dates of a world: what is known before the cut, what is bought after it, and the table."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy import sparse

from model.retrieval.event_weights import EventWeights
from model.retrieval.shoppers import PURCHASE
from model.retrieval.signals import CART, NEGATIVE, QUERIES, VIEW
from model.simulation import event_log
from model.simulation.browsing import BrowsingWorld, browsing_world
from model.simulation.event_log import EventLog
from model.simulation.needs import browse
from tests.benchmark.signals.__main__ import ALL, ALONE, SIGNALS, VARIANTS, Variant, signalled, table
from tests.benchmark.signals.als import als_factors
from tests.benchmark.signals.side import FACTORS, Side, links_of_queries, side, with_factors, with_signals

CUT, HORIZON = 40.0, 20.0


@cache
def store() -> tuple[BrowsingWorld, EventLog, Side]:
    world = browsing_world(5, users=60, items=150, days=CUT, types=6)
    log = browse(world, CUT + HORIZON, 5)
    return world, log, side(world, log, CUT, HORIZON)


def test_a_side_has_what_was_bought_before_the_cut_and_newly_after_it() -> None:
    world, log, now = store()
    bought = log.events[event_log.PURCHASE]
    user, early = log.owner[bought.visitor], bought.time < CUT
    assert [int(name[1:]) for name in now.shoppers.user_ids] == np.unique(user[early]).tolist()
    assert len(now.shoppers.item) == early.sum()
    lines = np.bincount(bought.item[early], minlength=world.items)
    eligible = now.catalogue.eligible
    head = np.setdiff1d(np.flatnonzero(world.arrives < CUT), eligible)
    assert lines[head].sum() / lines.sum() == pytest.approx(0.8, abs=0.05)
    assert lines[head].min() >= lines[eligible].max()
    np.testing.assert_array_equal(now.catalogue.cold, lines[eligible] == 0)
    for name, targets in now.targets.items():
        mine = user == int(name[1:])
        assert set(eligible[targets]) == (set(bought.item[mine & ~early]) & set(eligible)) - set(
            bought.item[mine & early]
        )
    assert now.targets


def test_events_of_visitors_join_their_shopper_once_identified() -> None:
    world, log, now = store()
    channels, queries = VARIANTS[ALL].channels, links_of_queries(world, log)
    full = with_signals(now, log, CUT, channels, queries)
    views = full.shoppers.of(VIEW)
    known, times = log.known_user(event_log.VIEW, CUT), log.events[event_log.VIEW].time
    people = [int(name[1:]) for name in now.shoppers.user_ids]
    assert len(views.item) == (np.isin(known, people) & (times < CUT)).sum()
    assert log.anonymous(event_log.VIEW)[np.isin(known, people) & (times < CUT)].any()
    assert (views.days_ago > 0).all()
    assert all((np.diff(views.days_ago[begin:end]) >= 0).all() for begin, end in zip(views.start, views.start[1:]))  # noqa: B905
    regrets = [log.events[kind] for kind in (event_log.RETURN, event_log.LOW_RATING)]
    assert 0 < len(full.shoppers.of(NEGATIVE).item) <= sum((events.time < CUT).sum() for events in regrets)
    assert set(full.catalogue.links) == {"session_cosines", QUERIES}
    # Views of guests, too, count for an item.
    assert (
        np.expm1(full.catalogue.item_statistics["viewers"]).sum()
        > np.expm1(
            with_signals(now, log.without(event_log.VIEW, known < 0), CUT, channels, queries).catalogue.item_statistics[
                "viewers"
            ]
        ).sum()
    )


def test_als_has_the_factors_of_whom_it_knows_and_finds_groups() -> None:
    rating = sparse.csr_matrix(np.kron(np.eye(2), np.ones((6, 5))))
    rating = sparse.csr_matrix(np.vstack([rating.toarray(), np.zeros((1, 10))]))
    users, items = als_factors(rating, 3, 8, 0.05, 10.0, seed=1)
    predicted = users @ items.T
    assert predicted[:6, :5].min() > 0.8
    assert np.abs(predicted[:6, 5:]).max() < 0.2
    assert not users[12].any()


def test_a_weight_of_carts_moves_the_factors() -> None:
    world, log, now = store()
    full = with_signals(now, log, CUT, (), links_of_queries(world, log))
    alone = with_factors(full, EventWeights({PURCHASE: 1.0}))
    assert alone.catalogue.als.shape == (len(now.catalogue.eligible), FACTORS)
    never = now.catalogue.cold
    assert not alone.catalogue.als[never].any()
    both = with_factors(full, EventWeights({PURCHASE: 1.0, CART: 0.5}))
    assert both.catalogue.als[never].any()
    same = with_factors(full, EventWeights({PURCHASE: 1.0, CART: 0.0}))
    np.testing.assert_array_equal(same.catalogue.als, alone.catalogue.als)


def test_a_variant_has_its_signals_alone_and_noise_in_their_place() -> None:
    world, log, _ = store()
    none = signalled(log, VARIANTS[ALONE], world, 1)
    assert {kind for kind in event_log.KINDS if len(none.events[kind])} == {event_log.PURCHASE}
    known = signalled(log, VARIANTS["views of known visitors"], world, 1)
    assert not known.anonymous(event_log.VIEW).any()
    assert len(known.events[event_log.VIEW]) == (~log.anonymous(event_log.VIEW)).sum()
    everything = signalled(log, VARIANTS[ALL], world, 1)
    for kind in event_log.KINDS:
        np.testing.assert_array_equal(everything.events[kind].item, log.events[kind].item)
    noise = signalled(log, Variant(tuple(SIGNALS), ("views of anonymous visitors",)), world, 1)
    before, after = log.events[event_log.VIEW], noise.events[event_log.VIEW]
    rest = ~log.anonymous(event_log.VIEW), ~noise.anonymous(event_log.VIEW)
    np.testing.assert_array_equal(before.item[rest[0]], after.item[rest[1]])
    assert (before.item[~rest[0]] != after.item[~rest[1]]).mean() > 0.8


def test_the_table_pairs_worlds() -> None:
    rows = {
        "0": {ALONE: [0.1, 0.02, 50, 20], ALL: [0.13, 0.1, 50, 20]},
        "1": {ALONE: [0.2, 0.04, 70, 20], ALL: [0.22, 0.2, 70, 20]},
    }
    lines = table(rows).splitlines()
    assert lines[0] == "2 worlds; 60 shoppers with targets, 20 with cold ones"
    # +30 % and +10 %; half-width 12.706 * 14.14 / sqrt(2).
    assert lines[2].split() == [*ALL.split(), "0.1750", "+20.0", "±", "127.1", "%", "cold", "0.1500"]
