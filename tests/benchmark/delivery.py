"""Planned against achieved shares over nights of simulated storefronts, in memory.

Every seed is a world of its own, planned, shown and accounted for night after night as the jobs do it. Expected visits
start from the chance to come at all, an uneven fifth of the truth, and are then estimated from the log of lists;
position weights start from a prior unlike the truth and are estimated from the answers; the controller moves the
floors. In the second part the storefront leaves out 15 % of the entries of `rare`. Items sell out during the days. The
achieved share uses the true examination of positions. The relative error in brackets is that of chance alone (a
standard error, Poisson).
python -m tests.benchmark.delivery [--seeds 12]
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

from features.delivery.strata import BOOST_WIDTH, LEVEL_WIDTH, RELEVANCE_WIDTH
from jobs.config.configuration import resolve_config
from jobs.config.files import read_packaged
from model.exposure.controller import Feedback, next_correction, relative_error
from model.exposure.hashed_random import seeds_of
from model.exposure.plan import ListedPlan, planned
from model.exposure.problem import Group, Problem, total_exposure
from model.policy_evaluation.position_bias import counted, weights_of_positions
from model.simulation.storefront import Day, Lists, Storefront
from model.simulation.world import Habits, World, synthetic_world
from tests.model.exposure.problems import no_rules
from tests.model.exposure.requests_in_memory import expected_visits

USERS, ITEMS, SLOTS, CANDIDATES, NIGHTS = 600, 400, 10, 100, 10
ASKED = {"rare": 0.2, "own": 0.3}
ASSUMED = np.arange(1, SLOTS + 1) ** -0.6  # the prior, off by one deviation: the worlds examine by the power -.5
ACCOUNT = resolve_config(read_packaged("base.yaml"), read_packaged("local.yaml"), "local.yaml").account
DEVIATION, CONTROL = ACCOUNT.position_weight_deviation, Feedback(**ACCOUNT.controller.model_dump())
BAR = 0.05
PRIOR_OFF = float(np.abs(ASSUMED - np.arange(1, SLOTS + 1) ** -0.5).mean())


class Loop:
    """A store: its world, its storefront, and the state that the nights estimate from its log."""

    def __init__(self, seed: int, left_out: float) -> None:
        world = synthetic_world(seed, USERS, ITEMS, habits=Habits(new_share=0, units=60))
        self.world: World = replace(world, visits=np.minimum(world.visits * 12, 8.0))
        self.shop, self.left_out = Storefront(self.world, seed), left_out
        self.random = np.random.default_rng(10_000 + seed)
        truth = -np.expm1(-self.world.membership @ self.world.appeal)
        self.guess = np.minimum(truth * self.random.lognormal(0.0, 0.5, truth.shape), 1.0)
        order = np.argsort(truth.mean(axis=0))
        self.members = {
            "rare": np.sort(order[: ITEMS // 3]),
            "own": np.sort(self.random.permutation(ITEMS)[: ITEMS // 4]),
        }
        self.chance = -np.expm1(-world.visits * 3)
        self.correction = dict.fromkeys(ASKED, 0.0)
        self.days: list[Day] = []
        self.weights = ASSUMED
        self.price = np.zeros((0, ITEMS))  # of every night's plan

    def night(self) -> list[tuple[float, float, float, float]]:
        """By group: expected exposures, planned share, truly achieved share, the correction of the night's plan."""
        plan, problem = self._planned()
        day = self.shop.play(self._shown(plan, problem))
        self.days.append(day)
        self.price = np.vstack([self.price, plan.solution.price])
        self.weights = self._weights()
        weight = self.weights[day.position]
        true = self.world.examination[day.position]
        shares = []
        for name, asked in ASKED.items():
            mine = np.isin(day.item, self.members[name])
            expected = float(plan.delivered[self.members[name]].sum())
            achieved = float(true[mine].sum() / true.sum())
            shares.append((expected, expected / float(plan.delivered.sum()), achieved, self.correction[name]))
            error = relative_error(
                np.array([asked]), np.array([weight[mine].sum()]), float(weight.sum()), CONTROL.noise
            )
            unmet = np.array([any(floor.name == name for floor in plan.unmet)])
            before = np.array([self.correction[name]])
            self.correction[name] = float(next_correction(before, error, np.array([False]), unmet, CONTROL)[0])
        return shares

    def _planned(self) -> tuple[ListedPlan, Problem]:
        requests = np.zeros(USERS)
        for day in self.days:
            requests += np.bincount(day.user[np.unique(day.request, return_index=True)[1]], minlength=USERS)
        visits = expected_visits(self.chance, requests, np.full(USERS, float(max(len(self.days), 1))))
        total = total_exposure(visits, self.weights)
        able = np.where(self.shop.for_sale(), self.guess, -1.0)
        item = np.sort(np.argpartition(-able, CANDIDATES, axis=1)[:, :CANDIDATES], axis=1)
        # A third of the candidates are rare ones, so that their floor has a choice.
        rare = self.members["rare"]
        best = rare[np.argsort(-able[:, rare], axis=1)[:, : CANDIDATES // 3]]
        allowed = np.zeros((USERS, ITEMS), dtype=bool)
        np.put_along_axis(allowed, item, True, axis=1)
        np.put_along_axis(allowed, best, True, axis=1)
        allowed &= able > 0
        user, item = np.nonzero(allowed)
        groups = tuple(
            Group(name, self.members[name], floor=asked * (1 + self.correction[name]) * total)
            for name, asked in ASKED.items()
        )
        problem = Problem(
            user_start=np.searchsorted(user, np.arange(USERS + 1)), item_index=item.astype(np.int32),
            value=self.guess[user, item], visits=visits, position_weights=self.weights, exploration_slots=1,
            item_cap=np.full(ITEMS, 0.02 * total), item_floor=np.zeros(ITEMS), groups=groups,
            list_rules=no_rules(ITEMS),
        )  # fmt: skip
        names = [np.array([f"{kind}{n}" for n in range(count)]) for kind, count in (("u", USERS), ("i", ITEMS))]
        return planned(problem, 0.002, 60, seeds_of(names[0], len(self.days)), seeds_of(names[1], 0)), problem

    def _shown(self, plan: ListedPlan, problem: Problem) -> Lists:
        item = np.full((USERS, SLOTS), -1)
        entries = plan.entries
        entry = problem.item_index[entries.pair]
        out = np.isin(entry, self.members["rare"]) & (self.random.random(len(entry)) < self.left_out)
        item[entries.user, entries.rank] = np.where(out, -1, entry)
        return Lists(item, np.ones(item.shape))

    def _weights(self) -> np.ndarray:
        """Position weights estimated as `jobs.delivery.position_weights` does, from the first exposure of each pair."""
        names = ("user", "item", "position", "clicked")
        user, item, place, answered = (np.concatenate([getattr(day, name) for day in self.days]) for name in names)
        night = np.repeat(np.arange(len(self.days)), [len(day.user) for day in self.days])
        first = np.unique(user * ITEMS + item, return_index=True)[1]
        user, item, place, answered, night = (values[first] for values in (user, item, place, answered, night))
        relevance = self.guess[user, item]
        bins = (
            np.log(relevance) / RELEVANCE_WIDTH,
            np.arcsinh(-self.price[night, item] / relevance) / BOOST_WIDTH,
            np.log(self.guess).mean(axis=1)[user] / LEVEL_WIDTH,
        )
        stratum = np.unique(np.floor(np.stack(bins)), axis=1, return_inverse=True)[1].ravel()
        shown, _ = counted(stratum, place, answered, relevance, SLOTS)
        _, responses = counted(stratum, place, answered, np.ones(len(place)), SLOTS)
        return weights_of_positions(shown, responses, ASSUMED, DEVIATION)


def main() -> None:
    """Prints both parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=12)
    seeds = parser.parse_args().seeds
    for left_out in (0.0, 0.15):
        print(f"\nthe storefront leaves out {left_out:.0%} of the entries of rare; {seeds} worlds, {NIGHTS} nights")
        loops = [Loop(seed, left_out) for seed in range(seeds)]
        nights = np.array([[loop.night() for _ in range(NIGHTS)] for loop in loops])
        for place, name in enumerate(ASKED):
            _report(name, nights[:, :, place])
        off = np.abs([loop.weights / loop.weights[0] - loop.world.examination for loop in loops])
        print(f"weights after the last night: {off.mean():.3f} off the true attention, by prior {PRIOR_OFF:.3f}")


def _report(name: str, nights: np.ndarray) -> None:
    """nights: float64 (seeds, nights, 4), as from `Loop.night`."""
    expected, plan, achieved, correction = np.moveaxis(nights, 2, 0)
    print(f"{name}, {ASKED[name]:.0%} asked")
    print("night  expected  planned  achieved  of plan, s.d.  [chance]  beyond 5 %  5 % short of asked  bound moved")
    error = achieved / plan - 1
    for night in range(NIGHTS):
        of_night = error[:, night]
        chance = float(np.mean(np.sqrt((1 - plan[:, night]) / expected[:, night])))
        short = (achieved[:, night] < (1 - BAR) * ASKED[name]).mean()
        shares = f"{plan[:, night].mean():8.1%} {achieved[:, night].mean():9.1%} {of_night.mean():+8.1%}"
        print(
            f"{night + 1:5d} {expected[:, night].mean():9,.0f} {shares} {of_night.std(ddof=1):5.1%}  [{chance:.1%}]"
            f" {(abs(of_night) > BAR).mean():11.0%} {short:19.0%} {correction[:, night].mean():+12.1%}"
        )
    moves = np.diff(correction, axis=1)
    back = np.maximum.accumulate(correction, axis=1)[:, -1] - correction[:, -1]
    print(f"after its highest a correction falls back by {back.mean():.1%}; it turns {_turns(moves):.1f} times in all")


def _turns(moves: np.ndarray) -> float:
    """Mean number of changes of direction of a correction."""
    return float(((moves[:, 1:] * moves[:, :-1]) < 0).sum(axis=1).mean())


if __name__ == "__main__":
    main()
