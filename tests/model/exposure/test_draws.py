"""The record of the exploration's draw: all that was drawn, and a fair sample of what was not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.exposure.draws import Draws, Recording
from model.exposure.hashed_random import seeds_of
from model.exposure.passes import shard_starts
from model.exposure.plan import rounded_shards
from model.exposure.prices import solve
from model.exposure.shard_lists import Entries
from tests.benchmark.plan_problems import synthetic_problem

USERS, ITEMS, PER_USER = 400, 60, 20


@pytest.fixture(scope="module")
def recorded() -> dict[tuple[int, float] | None, Entries]:
    """By recording the entries of one plan."""
    problem = replace(synthetic_problem(USERS, ITEMS, PER_USER), exploration_slots=2)
    solution = solve(problem, 0.002, 60)
    seeds = seeds_of(map(str, range(USERS)), 1), seeds_of(map(str, range(ITEMS)), 2)
    entries = {}
    for key in (None, (3, 1.0), (PER_USER, 1.0), (3, 0.25)):
        asked = replace(problem, recording=None if key is None else Recording(*key))
        [(_, of_all)] = rounded_shards(asked, solution, 0.002, *seeds, shard_starts(USERS))[1]
        entries[key] = of_all
    return entries


def draws_of(recorded: dict[tuple[int, float] | None, Entries], key: tuple[int, float]) -> Draws:
    return recorded[key].draws


def test_recording_changes_no_list_and_nothing_is_recorded_unasked(
    recorded: dict[tuple[int, float] | None, Entries],
) -> None:
    plain = recorded[None]
    assert len(plain.draws.pair) == 0
    for entries in recorded.values():
        np.testing.assert_array_equal(entries.pair, plain.pair)
        np.testing.assert_array_equal(entries.propensity, plain.propensity)


def test_all_that_was_drawn_and_its_alternatives_stand_in_a_complete_record(
    recorded: dict[tuple[int, float] | None, Entries],
) -> None:
    draws, entries = draws_of(recorded, (PER_USER, 1.0)), recorded[None]
    explored = entries.explored & (entries.propensity < 0.999)
    np.testing.assert_array_equal(np.sort(draws.pair[draws.drawn]), np.sort(entries.pair[explored]))
    by_pair = dict(zip(entries.pair[explored], entries.propensity[explored], strict=True))
    known = np.array([by_pair[pair] for pair in draws.pair[draws.drawn]])
    np.testing.assert_array_equal(draws.propensity[draws.drawn], known)
    assert set(draws.weight) == {1.0}
    # Two slots are drawn, less those that are certain: the propensities of a user add up to what was drawn.
    of_user = np.bincount(draws.user, draws.propensity, minlength=USERS)
    assert of_user == pytest.approx(np.bincount(draws.user, draws.drawn, minlength=USERS), abs=1.0)
    assert draws.propensity.sum() == pytest.approx(draws.drawn.sum(), rel=0.02)


def test_a_sample_stands_for_all_alternatives(recorded: dict[tuple[int, float] | None, Entries]) -> None:
    complete, sample = draws_of(recorded, (PER_USER, 1.0)), draws_of(recorded, (3, 1.0))
    np.testing.assert_array_equal(sample.pair[sample.drawn], complete.pair[complete.drawn])
    others = ~sample.drawn
    assert np.bincount(sample.user[others], minlength=USERS).max() == 3
    support = np.bincount(complete.user[~complete.drawn], minlength=USERS)
    assert np.bincount(sample.user[others], sample.weight[others], minlength=USERS) == pytest.approx(support)
    # The weighted mean of a pair's property is that of the complete record, here its propensity, within chance.
    mean = np.average(sample.propensity[others], weights=sample.weight[others])
    assert mean == pytest.approx(complete.propensity[~complete.drawn].mean(), rel=0.03)


def test_a_share_of_the_users_is_recorded_completely_or_not_at_all(
    recorded: dict[tuple[int, float] | None, Entries],
) -> None:
    part, complete = draws_of(recorded, (3, 0.25)), draws_of(recorded, (3, 1.0))
    users = np.unique(part.user)
    assert len(users) == pytest.approx(USERS / 4, abs=4 * (USERS * 3 / 16) ** 0.5)
    of_users = np.isin(complete.user, users)
    np.testing.assert_array_equal(part.pair, complete.pair[of_users])
