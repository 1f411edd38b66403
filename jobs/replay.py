"""Makes a past night again from its manifest in a scratch, and compares its tables with those of the night.

Each step finds the tables, models, configuration and seed that `runs` recorded for it. Nothing is published, and
nothing is written to the warehouse, MLflow or the online store. Ends with exit code 3 where a table differs.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from pyspark.sql import SparkSession

from jobs.config.configuration import Config
from jobs.execution.command import add_as_of, parser, run
from jobs.execution.configurations import stored_configuration
from jobs.execution.manifest import code_version
from jobs.nightly import STEPS, TRAINING, steps_named
from jobs.reproduction.causes import changed_configuration, likely_causes
from jobs.reproduction.recorded_night import read_runs, steps_of_night
from jobs.reproduction.replaying import Replay, ReplayedStep
from jobs.reproduction.report import first_difference, replay_in_words
from jobs.runtime.environment import environment
from jobs.runtime.errors import ConfigurationError, LongtailError, Refused
from jobs.runtime.redaction import redacted_configuration
from jobs.runtime.storage import has_scheme, storage_of
from jobs.saved_rules.merging import rules_of_night
from jobs.tables.warehouse import Warehouse

LEFT_OUT = {
    "ingest": "reads the source, which has changed since; its tables are taken at their recorded versions",
    "embed_images": "reads files of pictures, which may have changed since",
    "register_features": "writes the registry of Feast",
    "check_drift": "only judges tables, and sends alerts",
    "publish": "writes the online store",
    "monitor": "only judges tables, writes the page and sends alerts",
}
REPLAYED = tuple(step for step in STEPS if step not in LEFT_OUT)
NO_TRAINING = "was left out with --no-train; later steps read the model by its version"


def main() -> None:
    """Parses the command line, runs the steps and prints the report."""
    args = _arguments()

    def print_report(spark: SparkSession, conf: Config, run_id: str) -> None:
        with_scratch = args.scratch or f"{tempfile.gettempdir()}/longtail-replay-{run_id}"
        scratch = _empty_folder(with_scratch)
        try:
            report, problem = replay(
                spark, conf, args.as_of, scratch, args.first, train=args.train, keep=args.scratch is not None
            )
        finally:
            if args.scratch is None:
                shutil.rmtree(scratch, ignore_errors=True)
        print(report, flush=True)
        if problem is not None:
            raise problem

    run(args.conf, "replay", print_report, writes=False)


def replay(
    spark: SparkSession,
    conf: Config,
    as_of: date,
    scratch: Path,
    first: str | None = None,
    *,
    train: bool = True,
    keep: bool = False,
) -> tuple[str, Refused | None]:
    """Runs the steps of a night again; returns the report, and the first difference with its likely cause.

    scratch: an empty local folder; keep: whether what a step wrote there stays
    first: step to begin with; train: whether models are fitted again

    Raises LongtailError if there was no such night, or if a version of a table or of a model is gone.
    """
    live = Warehouse(spark, conf.warehouse)
    runs = read_runs(live, as_of)
    steps = steps_of_night(runs, STEPS)
    later = REPLAYED[REPLAYED.index(first or REPLAYED[0]) :]
    chosen = [
        run for name, run in steps.items() if name in later and run.status == "done" and (train or name not in TRAINING)
    ]
    if not chosen:
        raise LongtailError(
            f"No step of the night of {as_of} ran from {first} on.", "Give an earlier step with --from."
        )
    again = Replay(spark, conf, scratch, runs, steps, keep)
    again.check(chosen)
    functions = steps_named([recorded.step for recorded in chosen])
    replayed = [again.run(recorded, step) for recorded, step in zip(chosen, functions, strict=True)]
    left_out = {
        name: LEFT_OUT.get(name, NO_TRAINING)
        for name, run in steps.items()
        if run.status == "done" and (name in LEFT_OUT or (name in later and name in TRAINING and not train))
    }
    of_night = stored_configuration(live.files, chosen[-1].conf_hash).of_results()
    # Without secrets, which are not stored.
    of_today = redacted_configuration(rules_of_night(spark, conf, as_of).conf.of_results())
    changed = changed_configuration(of_night, of_today)
    return replay_in_words(as_of, replayed, left_out, changed), _problem(spark, replayed)


def _problem(spark: SparkSession, replayed: Sequence[ReplayedStep]) -> Refused | None:
    difference = first_difference(replayed)
    if difference is None:
        return None
    step, words = difference
    causes = likely_causes(step.recorded, code_version(), environment(spark))
    return Refused(f"The first difference is in {words}.", f"Likely cause: {'; '.join(causes)}.")


def _empty_folder(place: str) -> Path:
    """The folder of the scratch, created. Raises ConfigurationError if it is not empty or not on this machine."""
    if has_scheme(place):
        raise ConfigurationError(f"--scratch {place} is a URI.", "Give a folder of this machine.")
    folder = Path(place).absolute()
    if storage_of(place).names(""):
        raise ConfigurationError(
            f"The scratch {folder} is not empty.", "Give an empty folder, or one that does not exist."
        )
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _arguments() -> argparse.Namespace:
    arguments = parser(__doc__)
    add_as_of(arguments)
    arguments.add_argument(
        "--from", dest="first", choices=REPLAYED, default=None, help=f"begin at this step (default: {REPLAYED[0]})"
    )
    arguments.add_argument(
        "--train", action=argparse.BooleanOptionalAction, default=True,
        help="fit models again that the night fitted (default: yes)",
    )  # fmt: skip
    arguments.add_argument(
        "--scratch",
        metavar="FOLDER",
        help="an empty folder for what is written, which stays (default: a temporary one)",
    )
    return arguments.parse_args()


if __name__ == "__main__":
    main()
