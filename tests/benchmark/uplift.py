"""Truly incremental response of plans by f and by uplift in simulated storefronts: python -m tests.benchmark.uplift.

Every seed is a store with tastes, positions and visits of its own, and one f, off as in tests.benchmark.frontier, of
the chance to be bought within a week of an examined exposure. Worlds of a store differ in what share of that comes
without exposure, and for which items; f is equally off in all of them. For four weeks the store shows plans by f with
two explored places of ten; the log holds every draw with 20 alternatives. Then lists are planned by f, by uplift as
learnt from the log, by the mean of both, and by f times the true share that exposure causes, the most that can be
learnt about it. What a list truly brings is the effect of its examined exposures on buying within a week, in responses
a visit. Differences are paired by seed, with 95 % intervals (t).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from model.exposure.draws import Draws, Recording
from model.exposure.hashed_random import seeds_of
from model.exposure.passes import shard_starts
from model.exposure.plan import planned, rounded_shards
from model.exposure.prices import solve
from model.exposure.problem import Group, Problem, total_exposure
from model.exposure.shard_lists import Entries
from model.simulation.storefront import Day, Lists, Storefront
from model.simulation.world import Habits, World, synthetic_world, with_anyway
from model.uplift.model import UpliftModel, fitted_uplift, planned_response
from model.uplift.units import PairInputs, Units
from tests.model.exposure.problems import no_rules

USERS, ITEMS, SLOTS, EXPLORED, CANDIDATES = 1500, 300, 10, 2, 80
NIGHTS, WEEK, BEFORE = 28, 7, 28
RECORDING = Recording(alternatives=20, share=1.0)
Share = Callable[[np.random.Generator], np.ndarray]


def _by_item(mean: float) -> Share:
    return lambda random: random.beta(mean, 1.0 - mean, ITEMS)


WORLDS: dict[str, Share] = {
    "nothing": lambda _: np.zeros(ITEMS),
    "a quarter, by item": _by_item(0.25),
    "half, by item": _by_item(0.5),
    "half, by taste and item": lambda random: random.beta(0.5, 0.5, (12, ITEMS)),
    "half of every item": lambda _: np.full(ITEMS, 0.5),
    "three quarters, by item": _by_item(0.75),
}


@dataclass(frozen=True)
class Store:
    """world: all of whose response an exposure causes; user, item, f: by pair; nights: list and draws of each night."""

    world: World
    user: np.ndarray
    item: np.ndarray
    f: np.ndarray
    rare: np.ndarray
    nights: list[tuple[Entries, Draws]]

    def problem(self, value: np.ndarray, *, explored: int = 1, recording: Recording | None = None) -> Problem:
        """A plan of these values with a floor for rare items and a cap on each item."""
        world = self.world
        total = total_exposure(world.visits, world.examination)
        return Problem(
            user_start=np.searchsorted(self.user, np.arange(USERS + 1)), item_index=self.item.astype(np.int32),
            value=value, visits=world.visits, position_weights=world.examination, exploration_slots=explored,
            item_cap=np.full(ITEMS, 0.03 * total), item_floor=np.zeros(ITEMS),
            groups=(Group("rare", self.rare, floor=0.1 * total),), list_rules=no_rules(ITEMS), recording=recording,
        )  # fmt: skip


def store(seed: int) -> Store:
    """A store with the lists that f plans for it."""
    base = synthetic_world(
        seed, USERS, ITEMS, habits=Habits(new_share=0, scarce_share=0, response_rate=0.1, fatigue=1.0)
    )
    world = World(**{**vars(base), "visits": np.minimum(base.visits * 4, 4.0)})
    random = np.random.default_rng(1_000 + seed)
    truth = -np.expm1(-world.membership @ world.appeal)
    guess = truth**0.7 * truth.mean(axis=0) ** 0.3 * np.exp(random.normal(0, 0.5, truth.shape))
    f = np.minimum(guess * truth.sum() / guess.sum(), 1.0)
    chosen = np.sort(np.argpartition(-f, CANDIDATES, axis=1)[:, :CANDIDATES], axis=1)
    user, item = np.repeat(np.arange(USERS), CANDIDATES), chosen.ravel()
    rare = np.sort(np.argsort(truth.mean(axis=0))[: ITEMS // 3])
    empty = Store(world, user, item, f[user, item], rare, [])
    problem = empty.problem(empty.f, explored=EXPLORED, recording=RECORDING)
    solution = solve(problem, 0.002, 60)
    for night in range(NIGHTS):
        parts = rounded_shards(problem, solution, 0.002, *_seeds(night), shard_starts(USERS))[1]
        [(_, entries)] = parts
        empty.nights.append((entries, entries.draws))
    return empty


@dataclass(frozen=True)
class Log:
    """units: of the nights; days: float64 (units), from the first request to the end of the unit's window"""

    units: Units
    days: np.ndarray


def logged(shop: Store, world: World, seed: int) -> Log:
    """The log of the store's nights in a world."""
    storefront = Storefront(world, seed)
    nothing = Lists(np.full((USERS, 1), -1), np.ones((USERS, 1)))
    before = [storefront.play(nothing) for _ in range(BEFORE)]
    bought_item = np.bincount(np.concatenate([day.bought_item for day in before]), minlength=ITEMS)
    bought_user = np.bincount(np.concatenate([day.bought_user for day in before]), minlength=USERS)
    days = []
    for entries, _ in shop.nights:
        shown = np.full((USERS, SLOTS), -1)
        shown[entries.user, entries.rank] = shop.item[entries.pair]
        days.append(storefront.play(Lists(shown, np.ones(shown.shape))))
    days += [storefront.play(nothing) for _ in range(WEEK)]
    purchases = np.sort(np.concatenate([_purchases(day, number) for number, day in enumerate(days)]))
    exposures = np.sort(np.concatenate([_exposures(day, number) for number, day in enumerate(days)]))
    parts = []
    for number, ((_, draws), day) in enumerate(zip(shop.nights, days, strict=False)):
        first, dose = _visits(day, world.examination)
        came = np.isfinite(first[draws.user])
        pair, user = draws.pair[came], draws.user[came]
        key = (user * ITEMS + shop.item[pair]) * 1_000.0
        since = key + number + first[user]
        # The window ends where another night shows the pair again.
        again = np.append(exposures, np.inf)[np.searchsorted(exposures, key + number + 1)]
        until = np.minimum(since + WEEK, again)
        responded = np.searchsorted(purchases, until) > np.searchsorted(purchases, since)
        arrays = (pair, user, draws.drawn[came], draws.propensity[came], draws.weight[came], dose[user], responded)
        parts.append((*arrays, until - since))
    pair, user, drawn, propensity, weight, dose, responded, length = map(np.concatenate, zip(*parts, strict=True))
    features = _features(bought_item, bought_user)
    inputs = PairInputs(shop.f[pair], shop.item[pair], features(shop.item[pair], user))
    return Log(Units(inputs, user, drawn, propensity, weight, dose, responded.astype(np.float64)), length)


def _features(bought_item: np.ndarray, bought_user: np.ndarray) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    item, user = np.log1p(bought_item), np.log1p(bought_user)
    return lambda items, users: np.column_stack([item[items], user[users]])


def _purchases(day: Day, number: int) -> np.ndarray:
    """Pair and time in days as one number."""
    user = np.concatenate([day.user[day.responded], day.bought_user])
    item = np.concatenate([day.item[day.responded], day.bought_item])
    seconds = np.concatenate([day.seconds[day.responded] + 1, day.bought_seconds])
    return (user * ITEMS + item) * 1_000.0 + number + seconds / 86_400


def _exposures(day: Day, number: int) -> np.ndarray:
    """Pair and time in days as one number."""
    return (day.user * ITEMS + day.item) * 1_000.0 + number + day.seconds / 86_400


def _visits(day: Day, examination: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float64 (users) each: the first request in days, infinite without one; views of an explored place."""
    first = np.full(USERS, np.inf)
    np.minimum.at(first, day.user, day.seconds / 86_400)
    requests = np.bincount(day.user[np.unique(day.request, return_index=True)[1]], minlength=USERS)
    return first, requests * examination[-EXPLORED:].mean()


def _seeds(night: int) -> tuple[np.ndarray, np.ndarray]:
    return seeds_of(map(str, range(USERS)), night, "users"), seeds_of(map(str, range(ITEMS)), night, "items")


def brought(shop: Store, world: World, value: np.ndarray) -> float:
    """True effect of the lists planned by these values, in responses a visit."""
    entries = planned(shop.problem(value), 0.002, 60, *_seeds(NIGHTS)).entries
    user, item = shop.user[entries.pair], shop.item[entries.pair]
    exposure = world.visits[user] * world.examination[entries.rank]
    return float(exposure @ world.uplift(user, item, WEEK) / world.visits.sum())


def one_world(shop: Store, name: str, seed: int) -> dict[str, float]:
    """Response of every plan in one world of the store, and how well the share that is caused was estimated."""
    share = WORLDS[name](np.random.default_rng(2_000 + seed))
    world = with_anyway(shop.world, share, WEEK)
    log = logged(shop, world, seed)
    units = log.units
    model = fitted_uplift(units, np.array([f"i{n:03}" for n in range(ITEMS)]), ("item", "user"), seed, threads=1)
    # The lists of the comparison are planned from what was known when the log began.
    effect = _effect_of(model, shop, units)
    truth = world.uplift(shop.user, shop.item, WEEK) / shop.world.response(shop.user, shop.item)
    drawn = units.drawn
    responses = {
        "f": brought(shop, world, shop.f),
        "uplift": brought(shop, world, planned_response(shop.f, effect, 1.0)),
        "half": brought(shop, world, planned_response(shop.f, effect, 0.5)),
        "true share": brought(shop, world, shop.f * truth),
    }
    caused = model.caused
    assert caused is not None
    true_caused = _true_caused(log, world)
    return {
        **responses, "bought after": caused.responses, "drawn": float(drawn.sum()), "caused": caused.share,
        "true caused": true_caused, "covered": float(caused.low <= true_caused <= caused.high),
    }  # fmt: skip


def _effect_of(model: UpliftModel, shop: Store, units: Units) -> np.ndarray:
    """float64 (pairs)."""
    item_feature, user_feature = np.zeros(ITEMS), np.zeros(USERS)
    item_feature[units.inputs.item] = units.inputs.features[:, 0]
    user_feature[units.user] = units.inputs.features[:, 1]
    features = np.column_stack([item_feature[shop.item], user_feature[shop.user]])
    return model.predict(PairInputs(shop.f, shop.item, features)).effect


def _true_caused(log: Log, world: World) -> float:
    """Expected share that the exposure caused of what is bought after a drawn one."""
    drawn = log.units.drawn
    user, item, dose = log.units.user[drawn], log.units.inputs.item[drawn], log.units.dose[drawn]
    needed = world.needed(user, item, 1.0) * log.days[drawn]
    caused = (1.0 - needed) * -np.expm1(-dose * world.appeal_of(user, item))
    return float(caused.sum() / (caused + needed).sum())


def main() -> None:
    """Prints a row a world."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--world", choices=list(WORLDS), help="one world alone")
    args = parser.parse_args()
    names = [args.world] if args.world else list(WORLDS)
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for seed in range(args.seeds):
        shop = store(seed)
        for name in names:
            rows[name].append(one_world(shop, name, seed))
    print(f"{args.seeds} stores; truly caused responses a visit, and the difference to the plan by f in %")
    for name, of_world in rows.items():
        table = {key: np.array([row[key] for row in of_world]) for key in of_world[0]}
        cells = [_difference(label, table[label], table["f"]) for label in ("uplift", "half", "true share")]
        print(
            f"{name:24} f {table['f'].mean():.4f}  {'  '.join(cells)}  caused of {table['bought after'].mean():.0f} "
            f"bought after {table['drawn'].mean():.0f} drawn: {table['caused'].mean():.1%} "
            f"(true {table['true caused'].mean():.1%}, in the interval {table['covered'].mean():.0%})",
            flush=True,
        )


def _difference(label: str, values: np.ndarray, base: np.ndarray) -> str:
    difference = 100 * (values / base - 1)
    if len(difference) < 2:
        return f"{label} {difference.mean():+.1f}"
    half = stats.t.ppf(0.975, len(difference) - 1) * difference.std(ddof=1) / len(difference) ** 0.5
    return f"{label} {difference.mean():+.1f} ± {half:.1f}"


if __name__ == "__main__":
    main()
