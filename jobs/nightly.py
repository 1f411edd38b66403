"""Runs one night, or a range of nights, step by step in one Spark session."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import date, timedelta

from pyspark.sql import SparkSession

from jobs.account_exposure import account_exposure
from jobs.build_candidates import build_candidates
from jobs.build_features import build_features
from jobs.check_drift import check_drift
from jobs.config.configuration import Config
from jobs.embed import embed
from jobs.embed_images import embed_images
from jobs.enrich_items import enrich_items
from jobs.execution.command import add_as_of, calendar_date, parser, run
from jobs.execution.manifest import run_step, usual_seconds
from jobs.execution.night import Night, Record, Step
from jobs.fine_tune import fine_tune
from jobs.ingest import ingest
from jobs.measure_potential import measure_potential
from jobs.monitor import monitor
from jobs.online.answering import check_online
from jobs.plan_exposure import plan_exposure
from jobs.planning.check import check_rules
from jobs.publish import publish
from jobs.read_reviews import read_reviews
from jobs.register_features import register_features
from jobs.registry.active_models import model_store
from jobs.report.stopped_night import report_end, report_stop
from jobs.report.summary import night_summary
from jobs.runtime.logs import milestone
from jobs.saved_rules.merging import NightRules, rules_of_night
from jobs.score import score
from jobs.search_items import search_items
from jobs.suggest import suggest
from jobs.tables.warehouse import Warehouse
from jobs.train_first_stage import train_first_stage
from jobs.train_relevance import train_relevance
from jobs.train_uplift import train_uplift

STEPS: tuple[Step, ...] = (
    ingest,
    enrich_items,
    embed_images,
    read_reviews,
    build_features,
    register_features,
    fine_tune,
    embed,
    train_first_stage,
    build_candidates,
    train_relevance,
    train_uplift,
    score,
    search_items,
    account_exposure,
    measure_potential,
    suggest,
    plan_exposure,
    check_drift,
    publish,
    monitor,
)
TRAINING: tuple[Step, ...] = (fine_tune, train_first_stage, train_relevance, train_uplift)
PUBLISHING: tuple[Step, ...] = (register_features, publish)


def main() -> None:
    """Parses the command line and runs the nights."""
    args = _arguments()
    chosen = STEPS[[step.__name__ for step in STEPS].index(args.from_step) :]
    if not args.train:
        chosen = tuple(step for step in chosen if step not in TRAINING)
    if not args.publish:
        chosen = tuple(step for step in chosen if step not in PUBLISHING)

    def nights(spark: SparkSession, conf: Config, run_id: str) -> None:
        steps = _steps_of(conf, chosen)
        _check_services(Night(conf, args.dates[0], run_id, spark, Warehouse(spark, conf.warehouse), Record()), steps)
        usual = usual_seconds(Warehouse(spark, conf.warehouse))
        for number, as_of in enumerate(args.dates):
            # A run's id is the key of its rows together with the step, so each night of a range has its own.
            night_id = run_id if number == 0 else f"{run_id}-{as_of:%Y%m%d}"
            rules = _rules_of(conf, as_of, night_id, spark)
            milestone("night started", f"night of {as_of}, {len(steps)} steps", run=night_id, as_of=as_of)
            night = Night(rules.conf, as_of, night_id, spark, Warehouse(spark, conf.warehouse), Record(), rules.said)
            seconds = {step.__name__: _seconds_of(step, night, usual.get(step.__name__)) for step in steps}
            report_end(night)
            print(night_summary(spark, rules.conf, as_of, seconds), flush=True)

    run(args.conf, "nightly", nights)


def _rules_of(conf: Config, as_of: date, run_id: str, spark: SparkSession) -> NightRules:
    """The night's rules; invalid ones of the desk stop it before its first step."""
    try:
        return check_rules(rules_of_night(spark, conf, as_of))
    except Exception as error:
        report_stop(Night(conf, as_of, run_id, spark, Warehouse(spark, conf.warehouse), Record()), "start-up", error)
        raise


def _check_services(night: Night, steps: tuple[Step, ...]) -> None:
    """Asks the servers that the steps need, some of them hours later; one that does not answer stops the night."""
    try:
        model_store(night).check_answers()
        if set(PUBLISHING) & set(steps):
            check_online(night.conf)
    except Exception as error:
        report_stop(night, "start-up", error)
        raise


def _steps_of(conf: Config, chosen: tuple[Step, ...]) -> tuple[Step, ...]:
    """The chosen steps that are not switched off."""
    needed: dict[Step, bool] = {
        enrich_items: conf.catalogue.enrich,
        embed_images: conf.images.embed,
        read_reviews: conf.reviews.read,
        train_uplift: conf.uplift.is_learnt,
        search_items: conf.search.is_on,
        measure_potential: conf.potential.is_measured,
        suggest: conf.suggestions.of_prices or conf.suggestions.of_stock,
    }
    return tuple(step for step in chosen if needed.get(step, True))


def _seconds_of(step: Step, night: Night, usual: float | None) -> float:
    """Runs a step and returns its seconds; a step that stops the night is reported by a page and an alert."""
    try:
        return run_step(step, night.spark, night.conf, night.as_of, night.run_id, usual, night.rules)[1]
    except Exception as error:
        report_stop(night, step.__name__, error)
        raise


def _arguments() -> argparse.Namespace:
    arguments = parser(__doc__)
    add_as_of(arguments, required=False)
    arguments.add_argument(
        "--from", dest="first", type=calendar_date, metavar="YYYY-MM-DD", help="first night of a back-fill"
    )
    arguments.add_argument(
        "--to", dest="last", type=calendar_date, metavar="YYYY-MM-DD", help="last night of a back-fill"
    )
    arguments.add_argument(
        "--from-step", default=STEPS[0].__name__, choices=[step.__name__ for step in STEPS],
        help="resume at this step (default: the first one)",
    )  # fmt: skip
    for name, description in (("train", "train models that are due"), ("publish", "publish to the storefront")):
        arguments.add_argument(
            f"--{name}", action=argparse.BooleanOptionalAction,
            help=f"{description} (default: for one night, not for a range)",
        )  # fmt: skip
    args = arguments.parse_args()
    is_night, is_range = args.as_of is not None, args.first is not None and args.last is not None
    if is_night == is_range or (args.first is None) != (args.last is None):
        arguments.error("give either --as-of, or --from and --to")
    if is_range and args.last < args.first:
        arguments.error(f"--to {args.last} is before --from {args.first}")
    args.dates = [args.as_of] if is_night else list(_days(args.first, args.last))
    args.train = is_night if args.train is None else args.train
    args.publish = is_night if args.publish is None else args.publish
    return args


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


if __name__ == "__main__":
    main()
