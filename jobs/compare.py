"""Compares two policies from the logged exposures of the plan's placement; nothing is written."""

from __future__ import annotations

import argparse
from datetime import date, timedelta

import numpy as np
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import EVENTS
from jobs.config.configuration import Config
from jobs.evaluation.policy_log import PolicyLog, read_policy_log
from jobs.execution.command import calendar_date, parser, run
from jobs.execution.night import Night, Record
from jobs.runtime.errors import LongtailError
from jobs.tables.warehouse import Warehouse
from jobs.uplift.policies import incremental_answer
from model.policy_evaluation.comparison import Bars, in_words
from model.policy_evaluation.two_policies import Answer, Settings, two_policies


def compare(
    spark: SparkSession, conf: Config, names: tuple[str, str], first: date | None = None, last: date | None = None
) -> str:
    """The difference between two policies in words: estimates, intervals, their evidence, what was left out.

    A policy that answered logged requests is evaluated on them; another one on the requests that other policies
    answered, weighted by the logged propensities. Raises LongtailError when a policy has no lists or the log has no
    evidence.
    """
    log = read_policy_log(Warehouse(spark, conf.warehouse), conf, names, first, last)
    setting = conf.evaluation
    settings = Settings(
        assumption=setting.assumption,
        clip=setting.clip,
        bars=Bars(setting.least_overlap, setting.least_effective_size),
        most_a_day=setting.most_exposures_a_day,
        position_weights=np.array(conf.plan.position_weights),
        deviation=setting.position_weight_deviation,
    )
    try:
        answer = two_policies(log.exposures, log.lists, names, settings)
    except ValueError as error:
        raise LongtailError(
            f"{names[0]} and {names[1]} cannot be compared: {str(error).rstrip('.')}.",
            "Give other days, or check how the storefront logs its exposures.",
        ) from error
    return _report(log, answer, conf)


def compare_incremental(
    night: Night,
    names: tuple[str, str],
    first: date | None = None,
    last: date | None = None,
    drawn_by: str | None = None,
) -> str:
    """The difference in what the lists of two policies cause, in words, by the recorded draws of exploration slots.

    What the shopper would have bought anyway does not count for a policy. No model needs to have been trained.
    night: `as_of` is the day after the log; first, last: nights of the draws
    drawn_by: the policy whose draws are read; None: those of every policy
    Raises LongtailError when the draws have no evidence.
    """
    conf = night.conf
    since = first or night.as_of - timedelta(days=conf.uplift.nights + conf.uplift.outcome_days + 1)
    try:
        answer = incremental_answer(night, names, since, last, drawn_by)
    except ValueError as error:
        raise LongtailError(
            f"What {names[0]} and {names[1]} cause cannot be compared: {str(error).rstrip('.')}.",
            "Give other nights, or plan both policies for the nights whose draws are recorded.",
        ) from error
    days = conf.uplift.outcome_days
    unit = f"{conf.relevance.words.plural} within {days} days that the lists cause"
    lines = [
        f"{names[0]} against {names[1]} at {conf.plan.placement}, draws of the nights {answer.first} to {answer.last}",
        in_words(names, answer.evaluations, answer.comparison, "position-based", unit),
        f"Evidence: draws of {', '.join(answer.drawn_by)}.",
    ]
    notes = [f"  {count} {reason}" for reason, count in answer.left_out.items()]
    if answer.sampled < 1:
        notes.insert(0, f"  {answer.sampled:.2%} of the shoppers, as more than uplift.sample_units pairs are recorded")
    return "\n".join([*lines, *(["Notes on the log:", *notes] if notes else [])])


def _report(log: PolicyLog, answer: Answer, conf: Config) -> str:
    setting = conf.evaluation
    unit = f"{setting.response}s within {setting.attribution_days} days of the exposure"
    evidence = ", ".join(
        f"{name} from {'its own requests' if name == by else 'the requests of other policies'}"
        for name, by in zip(answer.names, answer.logged_by, strict=True)
    )
    examined = " ".join(
        f"{value:.2f}{'' if known else '*'}" for value, known in zip(answer.examination, answer.from_log, strict=True)
    )
    lines = [
        f"{answer.names[0]} against {answer.names[1]} at {conf.plan.placement}, exposures of {log.first} to {log.last}",
        in_words(answer.names, answer.evaluations, answer.comparison, setting.assumption, unit),
        f"Evidence: {evidence}."
        + (
            " Each policy has its own requests, so shoppers must have been assigned to them at random."
            if answer.names == answer.logged_by and answer.names[0] != answer.names[1]
            else ""
        ),
        f"Examination of the positions, whose uncertainty the intervals hold: {examined}"
        + (
            ""
            if answer.from_log.all()
            else "  (* from plan.position_weights and the other positions, as the log does not say)"
        ),
    ]
    notes = [f"  {count} {reason}" for reason, count in answer.left_out.items()]
    if log.sampled < 1:
        notes.insert(0, f"  {log.sampled:.2%} of the shoppers, as the log exceeds evaluation.sample_exposures")
    if log.resorted:
        notes.append(
            f"  {log.resorted} exposures of lists that were sorted again in a session (list_order), which are left out"
        )
    if log.withdrawn:
        notes.append(f"  {log.withdrawn} exposures of items that were withdrawn by then, which are counted")
    if log.open:
        notes.append(
            f"  {log.open} exposures of the last {setting.attribution_days} days, to which responses may still come"
        )
    return "\n".join([*lines, *(["Notes on the log:", *notes] if notes else [])])


def _night_after_log(spark: SparkSession, conf: Config, run_id: str) -> Night:
    tables = Warehouse(spark, conf.warehouse)
    newest = tables.read(EVENTS).agg(F.max("event_date").alias("day")).first()
    if newest is None or newest["day"] is None:
        raise LongtailError("events is empty.", "Ingest the events of the storefront first.")
    return Night(conf, newest["day"] + timedelta(days=1), run_id, spark, tables, Record())


def main() -> None:
    """Parses the command line, evaluates and prints."""
    args = _arguments()

    names = (args.policy[0], args.policy[1])

    def print_comparison(spark: SparkSession, conf: Config, run_id: str) -> None:
        if args.incremental:
            night = _night_after_log(spark, conf, run_id)
            print(compare_incremental(night, names, args.first, args.last, args.drawn_by))
        else:
            print(compare(spark, conf, names, args.first, args.last))

    run(args.conf, "compare", print_comparison, writes=False)


def _arguments() -> argparse.Namespace:
    arguments = parser(__doc__)
    arguments.add_argument(
        "--policy", action="append", required=True, metavar="NAME", help="a policy of exposure_scores; give two"
    )
    arguments.add_argument(
        "--from", dest="first", type=calendar_date, metavar="YYYY-MM-DD", help="first day of exposures"
    )
    arguments.add_argument("--to", dest="last", type=calendar_date, metavar="YYYY-MM-DD", help="last day of exposures")
    arguments.add_argument(
        "--incremental", action="store_true", help="count only responses that the lists cause, by recorded draws"
    )
    arguments.add_argument("--drawn-by", metavar="NAME", help="with --incremental: read the draws of this policy alone")
    args = arguments.parse_args()
    if len(args.policy) != 2:
        arguments.error("give --policy twice: the policy, and the one that it is compared with")
    if args.drawn_by and not args.incremental:
        arguments.error("--drawn-by names whose draws --incremental reads; give both")
    return args


if __name__ == "__main__":
    main()
