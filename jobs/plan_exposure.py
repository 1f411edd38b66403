"""Decides the exposure of every shopper's candidates under slots, caps and floors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from pyspark.sql import DataFrame

from features.contract import CONSTRAINT_PRICES, EXPLORATION_DRAWS, EXPOSURE_SCORES, FALLBACK_LISTS, ITEM_EXPOSURE
from features.contract.table import Table
from jobs.delivery.learned_weights import with_learned_weights
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.experiments.arms import arm_nights, of_arm
from jobs.planning.candidates.pairs import read_candidates
from jobs.planning.catalogue.planned_items import Catalogue, read_catalogue
from jobs.planning.check import check_plan
from jobs.planning.entries.reasons import words_of
from jobs.planning.merchandising import Merchandising, merchandising_of
from jobs.planning.problem import Contexts, PlanProblem, limits_of
from jobs.planning.reports.missed import refuse_missed, report_above_caps, report_missed_floors, report_pins
from jobs.planning.reports.not_lifted import report_not_lifted
from jobs.planning.reports.unmatched import report_unmatched, unmatched_names
from jobs.planning.rows.plan_rows import PlanRows, plan_rows
from jobs.planning.rules.rules import Rules, read_rules
from jobs.planning.shared_lists import SharedLists, shared_lists
from jobs.planning.shoppers.planned_shoppers import Shoppers, read_shoppers
from jobs.planning.solution.solving import Solved, solve_plan
from jobs.planning.solution.warm_start import last_prices
from jobs.runtime.logs import event
from jobs.saved_rules.versions import DESK_RULES
from jobs.tables.sql import sql_equals
from model.exposure.draws import Recording


@dataclass(frozen=True)
class NightPlan:
    """The value of each stage of a night's plan, for reports; started_from: the night of the warm start, or none."""

    shoppers: Shoppers
    catalogue: Catalogue
    merchandising: Merchandising
    rules: Rules
    shared: SharedLists
    solved: Solved
    rows: PlanRows
    started_from: str

    def close(self) -> None:
        """Frees what lies on the executors; the rows of the lists cannot be read any more."""
        self.shoppers.close()
        self.solved.close()


def plan_exposure(night: Night) -> None:
    """Decides the exposure of every shopper's candidates under slots, caps and floors.

    Reads relevance, item_features and user_features of the night; writes exposure_scores, item_exposure,
    constraint_prices and fallback_lists of the night and its policy, and exploration_draws where uplift is learnt.
    Where a test runs, plans every arm's policy for the arm's shoppers, with shares, stock and budgets of their own.
    Prices start from those of the newest earlier night, and position weights are those learned from logged responses.
    With plan.on_unmet_floor: refuse, a missed floor ends the job with exit code 3 and nothing is written.
    """
    if night.rules:
        night.record.decisions[DESK_RULES] = night.rules
    # Plan every arm before writing any, so that a refusal leaves no half-written night.
    nights = {arm: with_learned_weights(arm_night) for arm, arm_night in arm_nights(night).items()}
    plans = {arm: _plan_and_report(arm_night, arm) for arm, arm_night in nights.items()}
    for arm, arm_night in nights.items():
        rows = plans[arm].rows
        # Write lists first: publish looks up their run_id in `runs` (jobs/online/plan_completeness.py).
        _write(arm_night, rows.lists, EXPOSURE_SCORES)
        for table, of_table in (
            (ITEM_EXPOSURE, rows.items),
            (CONSTRAINT_PRICES, rows.prices),
            (FALLBACK_LISTS, rows.fallback),
        ):
            _write(arm_night, night.spark.createDataFrame(of_table[table.column_names], table.schema), table)
        if night.conf.uplift.is_learnt:
            _write(arm_night, rows.draws, EXPLORATION_DRAWS)
        plans[arm].close()


def plan_night(night: Night, *, from_own_prices: bool = False, share: float = 1.0) -> NightPlan:
    """The plan of a night, stage by stage; nothing is written.

    from_own_prices: start from the night's own prices where it was planned before
    share: of the shoppers, of whom a sample is planned
    Raises LongtailError when a table has no rows for the night, nothing may enter, shoppers have no features, or more
    than one model version scored the night; ConfigurationError when columns, pins or bans are wrong.
    """
    plan = night.conf.plan
    check_plan(plan)
    # Who is planned for, and what may be shown.
    shoppers = read_shoppers(night, share)
    merchandising = merchandising_of(plan, night.as_of)
    catalogue = read_catalogue(night, merchandising)
    candidates = read_candidates(night, shoppers, catalogue.item_ids)
    # What the plan respects, and the lists that all shoppers without consent share.
    rules = read_rules(night, shoppers, catalogue, candidates, merchandising)
    shared = shared_lists(plan, shoppers, candidates, rules)
    # The problem that is left, its solution, and the rows of the tables.
    weights, setting = np.array(plan.position_weights), night.conf.uplift
    recording = Recording(setting.alternatives, setting.shopper_share) if setting.is_learnt else None
    contexts = Contexts(candidates.shoppers, weights, plan.exploration_slots, recording)
    problem = PlanProblem(contexts, catalogue.item_ids, rules.value, limits_of(rules, shared.delivered))
    warm, started_from = last_prices(night, catalogue.item_ids, rules.groups, of_tonight=from_own_prices)
    target, language = night.conf.relevance.target, night.conf.report.language
    words = partial(words_of, catalogue, rules.bounds, merchandising, target, language)
    solved = solve_plan(night, problem, candidates, warm, words)
    opted_out = shoppers.opted_out
    rows = plan_rows(night, candidates.model_version, catalogue, merchandising, rules, shared, opted_out, solved)
    night.record.model_version = candidates.model_version
    return NightPlan(shoppers, catalogue, merchandising, rules, shared, solved, rows, str(started_from or "none"))


def _plan_and_report(night: Night, arm: str) -> NightPlan:
    """An arm's plan (of all shoppers where arm is ''). Raises Refused as plan.on_unmet_floor says."""
    night_plan = plan_night(night)
    rules, plan, delivered = night_plan.rules, night_plan.solved.plan, night_plan.shared.delivered
    _report_solution(night, night_plan, arm)
    report_unmatched(night, unmatched_names(night.conf.plan, night_plan.catalogue.known, night_plan.merchandising), arm)
    report_not_lifted(night, night_plan.catalogue, night_plan.merchandising, arm)
    report_missed_floors(night, rules.groups, plan, arm)
    report_pins(night, night_plan.merchandising, night_plan.catalogue.item_ids, night_plan.rows.prices, arm)
    report_above_caps(night, night_plan.catalogue.item_ids, rules.bounds, delivered, arm)
    refuse_missed(night, rules.groups, plan, night_plan.rows.prices)
    return night_plan


def _write(night: Night, frame: DataFrame, table: Table) -> None:
    night.tables.replace_date(frame, table, night.as_of, sql_equals(policy=night.conf.plan.policy))


def _report_solution(night: Night, night_plan: NightPlan, arm: str) -> None:
    solved, shared = night_plan.solved, night_plan.shared
    solution = solved.plan.solution
    with_list = solved.counts.users + shared.users
    rows = {
        "pairs": solved.counts.pairs,
        "items": solved.bounds.items,
        "users": with_list,
        "users_without_list": night_plan.shoppers.number - with_list,
        "users_without_consent": shared.shoppers,
        "entries": night_plan.rows.entries,
    }
    decisions = {
        "warm_start": night_plan.started_from,
        "solved_in": solved.solved_in,
        "passes": str(solution.passes),
        "gap": f"{solution.gap:.5f}",
        "violation": f"{solution.violation:.5f}",
        "converged": str(solution.converged).lower(),
    }
    night.record.rows |= {of_arm(arm, name): count for name, count in rows.items()}
    night.record.decisions |= {of_arm(arm, name): word for name, word in decisions.items()}
    event(
        "plan solved" if solution.converged else "plan stopped at plan.max_passes; the best pass is used",
        step="plan_exposure",
        as_of=night.as_of,
        policy=night.conf.plan.policy,
        solved_in=solved.solved_in,
        passes=solution.passes,
        gap=f"{solution.gap:.5f}",
        violation=f"{solution.violation:.5f}",
        warm_start=night_plan.started_from,
        swaps=solved.counts.swaps,
    )


if __name__ == "__main__":
    main_of(plan_exposure)
