"""Reports what a night would ingest from the source, without writing; or proposes a first mapping of exports.

--propose reads the headers of exports of Shopify, WooCommerce, Magento, PrestaShop, Google Analytics 4, a Google
Merchant feed, or of any other table with names that it knows, and writes a configuration for a person to correct.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from pyspark.sql import SparkSession

from features.contract.source_parts import SOURCE_PARTS
from jobs.config.configuration import Config
from jobs.execution.command import add_as_of, parser, run
from jobs.execution.night import Night, Record
from jobs.runtime.errors import ConfigurationError
from jobs.runtime.logs import milestone
from jobs.runtime.progress import expect, progress_of
from jobs.source_check import phrases
from jobs.source_check.proposal.proposing import propose
from jobs.source_check.report import report_of
from jobs.source_check.sample import sample_of
from jobs.source_check.taking import taken_in
from jobs.tables.warehouse import Warehouse

MIB = 1 << 20


def main() -> None:
    """Parses the command line, then checks or proposes."""
    args = _arguments()
    if args.propose:
        sys.exit(_propose(args.propose, Path(args.to)))

    def print_report(spark: SparkSession, conf: Config, run_id: str) -> None:
        with progress_of("check_source"):
            report = check_source(spark, conf, args.conf, run_id, args.as_of, args.sample_mib * MIB, args.all)
        print(report)

    run(args.conf, "check_source", print_report, writes=False)


def check_source(
    spark: SparkSession,
    conf: Config,
    conf_path: str,
    run_id: str,
    as_of: date | None,
    most_bytes: int,
    everything: bool,
) -> str:
    """The report of a check.

    as_of: the night's date; by default the day after the newest event
    most_bytes: size of the files that are read, for each input
    everything: also the files that earlier nights have ingested, as a first night would read them
    Raises ConfigurationError if the source has no files, and what `ingest` raises for a wrong mapping.
    """
    if conf.source.files is None:
        raise ConfigurationError(
            f"source.kind is {conf.source.kind}, which has no mapping to check.", "Give a configuration of kind files."
        )
    milestone("lists files", "lists the files of the inputs")
    sample = sample_of(spark, conf.source.files, most_bytes)
    read, all_files = (sum(map(len, parts.values())) for parts in (sample.chosen, sample.parts))
    milestone("reads files", f"reads {read:,} of {all_files:,} files and judges their rows as a night would")
    expect(4, "tables", alike=False)
    # Without the tables of earlier nights every file is new and every item unknown, as on a first night.
    folder = f"{conf.warehouse.rstrip('/')}/none-{run_id}" if everything else conf.warehouse
    tables = Warehouse(spark, folder)
    night = Night(conf, as_of or date.max, run_id, spark, tables, Record())
    with taken_in(night, sample, tables.read_or_empty(SOURCE_PARTS), as_of) as taken:
        return report_of(taken, conf_path)


def _propose(paths: list[str], target: Path) -> int:
    """Writes the proposal, unless its file exists; returns the exit code."""
    try:
        if target.exists():
            raise ConfigurationError(f"{target} exists.", "Name another file with --to, or remove it.")
        proposal = propose(paths, _store_name(target), report=lambda doing: print(doing, file=sys.stderr))
        target.write_text(proposal.text, encoding="utf-8")
    except ConfigurationError as error:
        print(f"check_source: {error}", file=sys.stderr)
        return error.exit_code
    print("\n".join([*proposal.recognised, "", f"{target} is written. {phrases.next_check(str(target))}"]))
    return 0


def _store_name(target: Path) -> str:
    """A name for warehouse, online project and model: letters, digits and underscores, which each of them takes."""
    return "".join(character if character.isalnum() else "_" for character in target.stem.lower())


def _arguments() -> argparse.Namespace:
    arguments = parser(__doc__)
    add_as_of(arguments, required=False)
    arguments.add_argument(
        "--sample-mib",
        type=int,
        default=256,
        metavar="N",
        help="MiB of files read of each input (default: %(default)s)",
    )
    arguments.add_argument(
        "--all", action="store_true", help="check also files that earlier nights have ingested, as a first night would"
    )
    arguments.add_argument("--propose", nargs="+", metavar="FILE", help="exports for which to write a first mapping")
    arguments.add_argument(
        "--to", default="conf/proposed.yaml", metavar="FILE", help="where the mapping is written (default: %(default)s)"
    )
    return arguments.parse_args()


if __name__ == "__main__":
    main()
