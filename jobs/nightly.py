"""Runs the whole night, or a range of nights, step by step in one Spark session."""

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
from jobs.execution.command import add_as_of, calendar_date, parser, run
from jobs.execution.manifest import run_step
from jobs.execution.night import Night, Record, Step
from jobs.fine_tune import fine_tune
from jobs.ingest import ingest
from jobs.monitor import monitor
from jobs.plan_exposure import plan_exposure
from jobs.publish import publish
from jobs.register_features import register_features
from jobs.report.stopped_night import report_end, report_stop
from jobs.report.summary import night_summary
from jobs.score import score
from jobs.tables.warehouse import Warehouse
from jobs.train_first_stage import train_first_stage
from jobs.train_relevance import train_relevance

STEPS: tuple[Step, ...] = (
    ingest,
    build_features,
    register_features,
    fine_tune,
    embed,
    train_first_stage,
    build_candidates,
    train_relevance,
    score,
    account_exposure,
    plan_exposure,
    check_drift,
    publish,
    monitor,
)
TRAINING: tuple[Step, ...] = (fine_tune, train_first_stage, train_relevance)
PUBLISHING: tuple[Step, ...] = (register_features, publish)


def main() -> None:
    """Parses the command line and runs the nights."""
    given = _arguments()
    steps = STEPS[[step.__name__ for step in STEPS].index(given.from_step) :]
    if not given.train:
        steps = tuple(step for step in steps if step not in TRAINING)
    if not given.publish:
        steps = tuple(step for step in steps if step not in PUBLISHING)

    def nights(spark: SparkSession, conf: Config, run_id: str) -> None:
        for number, as_of in enumerate(given.dates):
            # A run's id is the key of its rows together with the step, so each night of a range has its own.
            night_id = run_id if number == 0 else f"{run_id}-{as_of:%Y%m%d}"
            night = Night(conf, as_of, night_id, spark, Warehouse(spark, conf.warehouse), Record())
            seconds = {step.__name__: _told_if_stopped(step, night) for step in steps}
            report_end(night)
            print(night_summary(spark, conf, as_of, seconds), flush=True)

    run(given.conf, "nightly", nights)


def _told_if_stopped(step: Step, night: Night) -> float:
    """Runs a step and returns its seconds; where it stops the night, a page and an alert say so."""
    try:
        return run_step(step, night.spark, night.conf, night.as_of, night.run_id)[1]
    except Exception as error:
        report_stop(night, step.__name__, error)
        raise


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    add_as_of(made, required=False)
    made.add_argument(
        "--from", dest="first", type=calendar_date, metavar="YYYY-MM-DD", help="first night of a back-fill"
    )
    made.add_argument("--to", dest="last", type=calendar_date, metavar="YYYY-MM-DD", help="last night of a back-fill")
    made.add_argument(
        "--from-step", default=STEPS[0].__name__, choices=[step.__name__ for step in STEPS], help="resume"
    )
    for name, what in (("train", "train models that are due"), ("publish", "publish to the storefront")):
        made.add_argument(
            f"--{name}", action=argparse.BooleanOptionalAction, help=f"{what} (default: for one night, not for a range)"
        )
    given = made.parse_args()
    one, several = given.as_of is not None, given.first is not None and given.last is not None
    if one == several or (given.first is None) != (given.last is None):
        made.error("give either --as-of, or --from and --to")
    if several and given.last < given.first:
        made.error(f"--to {given.last} is before --from {given.first}")
    given.dates = [given.as_of] if one else list(_days(given.first, given.last))
    given.train = one if given.train is None else given.train
    given.publish = one if given.publish is None else given.publish
    return given


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


if __name__ == "__main__":
    main()
