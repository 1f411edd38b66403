"""Table versions that each step of each run read and wrote."""

from pyspark.sql.types import DateType, DoubleType, LongType, MapType, StringType, TimestampType

from features.contract.table import Column, Invariant, Table

RUNS = Table(
    name="runs",
    meaning="Table versions that each step of each run read and wrote.",
    columns=(
        Column("run_id", StringType(), "Run."),
        Column("step", StringType(), "Step."),
        Column("as_of", DateType(), "Night."),
        Column("started_at", TimestampType(), "Start, UTC."),
        Column("inputs", MapType(StringType(), LongType()), "Versions of the tables read."),
        Column("outputs", MapType(StringType(), LongType()), "Versions of the tables written."),
        Column("conf_hash", StringType(), "Hash of the resolved configuration."),
        Column("code_version", StringType(), "Version of the code."),
        Column("model_version", StringType(), "Version of longtail-ranker that was used or trained.", nullable=True),
        Column("rows", MapType(StringType(), LongType()), "Numbers of rows, by kind."),
        Column(
            "decisions",
            MapType(StringType(), StringType()),
            "Choices of the step that its result depends on, such as encoder version, dtype and warm start.",
        ),
        Column("seconds", DoubleType(), "Wall time."),
        Column("status", StringType(), "done, failed, refused or skipped."),
        Column(
            "start_versions",
            MapType(StringType(), LongType()),
            "Version of each table at which the step first looked, -1 where there was none; NULL of older runs.",
            nullable=True,
        ),
        Column(
            "environment",
            MapType(StringType(), StringType()),
            "Versions of Python, Java and libraries, processor and cores of the driver; NULL of older runs.",
            nullable=True,
        ),
    ),
    key=(
        "run_id",
        "step",
    ),
    invariants=(Invariant("status_unknown", "status in ('done', 'failed', 'refused', 'skipped')"),),
)
