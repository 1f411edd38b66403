"""What each step of each run read and wrote."""

from pyspark.sql.types import DateType, DoubleType, LongType, MapType, StringType, TimestampType

from features.contract.table import Column, Invariant, Table

RUNS = Table(
    name="runs",
    meaning="What each step of each run read and wrote.",
    columns=(
        Column("run_id", StringType(), "Run."),
        Column("step", StringType(), "Step."),
        Column("as_of", DateType(), "Night."),
        Column("started_at", TimestampType(), "Start, UTC."),
        Column("inputs", MapType(StringType(), LongType()), "Versions of the tables read."),
        Column("outputs", MapType(StringType(), LongType()), "Versions of the tables written."),
        Column("conf_hash", StringType(), "Hash of the resolved configuration."),
        Column("code_version", StringType(), "Version of the code."),
        Column("model_version", StringType(), "Version of longtail-ranker that was used or made.", nullable=True),
        Column("rows", MapType(StringType(), LongType()), "Rows by what they are."),
        Column(
            "decisions",
            MapType(StringType(), StringType()),
            "What the night depends on and could move: encoder version, dtype, warm start.",
        ),
        Column("seconds", DoubleType(), "Wall time."),
        Column("status", StringType(), "done, failed, refused or skipped."),
    ),
    key=(
        "run_id",
        "step",
    ),
    invariants=(Invariant("known_status", "status in ('done', 'failed', 'refused', 'skipped')"),),
)
