"""Runs one night, or a range of nights, step by step in one Spark session."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from importlib import import_module

from pyspark.sql import SparkSession

from jobs.config.configuration import Config
from jobs.execution.command import add_as_of, calendar_date, parser, run
from jobs.execution.manifest import run_step, usual_seconds
from jobs.execution.night import Night, Record, Step
from jobs.planning.check import check_rules
from jobs.report.stopped_night import report_end, report_stop
from jobs.report.summary import night_summary
from jobs.runtime.logs import milestone
from jobs.saved_rules.merging import NightRules, rules_of_night
from jobs.tables.warehouse import Warehouse

STEPS = (
    "ingest",
    "enrich_items",
    "embed_images",
    "read_reviews",
    "build_features",
    "register_features",
    "fine_tune",
    "embed",
    "train_first_stage",
    "build_candidates",
    "train_relevance",
    "train_uplift",
    "score",
    "search_items",
    "link_items",
    "account_exposure",
    "measure_potential",
    "suggest",
    "plan_exposure",
    "check_drift",
    "publish",
    "monitor",
)
TRAINING = ("fine_tune", "train_first_stage", "train_relevance", "train_uplift")
PUBLISHING = ("register_features", "publish")


def main() -> None:
    """Parses the command line and runs the nights."""
    args = _arguments()
    chosen = STEPS[STEPS.index(args.from_step) :]
    if not args.train:
        chosen = tuple(step for step in chosen if step not in TRAINING)
    if not args.publish:
        chosen = tuple(step for step in chosen if step not in PUBLISHING)

    def nights(spark: SparkSession, conf: Config, run_id: str) -> None:
        steps = steps_named(_switched_on(conf, chosen))
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


def steps_named(names: Sequence[str]) -> tuple[Step, ...]:
    """The steps of these names, each of the job of its name.

    Imported here: torch, Feast and MLflow take seconds, for which --help and a usage error do not wait.
    """
    return tuple(getattr(import_module(f"jobs.{name}"), name) for name in names)


def _rules_of(conf: Config, as_of: date, run_id: str, spark: SparkSession) -> NightRules:
    """The night's rules; invalid ones of the desk stop it before its first step."""
    try:
        return check_rules(rules_of_night(spark, conf, as_of))
    except Exception as error:
        report_stop(Night(conf, as_of, run_id, spark, Warehouse(spark, conf.warehouse), Record()), "start-up", error)
        raise


def _check_services(night: Night, steps: tuple[Step, ...]) -> None:
    """Asks the servers that the steps need, some of them hours later; one that does not answer stops the night."""
    from jobs.online.answering import check_online
    from jobs.registry.active_models import model_store

    try:
        model_store(night).check_answers()
        if any(step.__name__ in PUBLISHING for step in steps):
            check_online(night.conf)
    except Exception as error:
        report_stop(night, "start-up", error)
        raise


def _switched_on(conf: Config, chosen: Sequence[str]) -> tuple[str, ...]:
    """The chosen steps that the configuration does not switch off."""
    needed = {
        "enrich_items": conf.catalogue.enrich,
        "embed_images": conf.images.embed,
        "read_reviews": conf.reviews.read,
        "train_uplift": conf.uplift.is_learnt,
        "search_items": conf.search.is_on,
        "link_items": conf.neighbours.are_linked,
        "measure_potential": conf.potential.is_measured,
        "suggest": conf.suggestions.of_prices or conf.suggestions.of_stock,
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
        "--from-step", default=STEPS[0], choices=STEPS, help="resume at this step (default: the first one)"
    )
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
