"""The source of the stream's events: files, a Delta table, or Kafka."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from features.live.counting import COLUMNS, stream_schema
from jobs.config.stream import Stream
from jobs.runtime.errors import ConfigurationError


def event_stream(spark: SparkSession, conf: Stream) -> DataFrame:
    """Reads the events' COLUMNS as a stream. Raises ConfigurationError where the path or the topic is missing."""
    reader = spark.readStream.options(**conf.reader_options)
    if conf.format == "kafka":
        if not {"kafka.bootstrap.servers", "subscribe"} <= set(conf.options):
            raise ConfigurationError(
                "stream.options lacks kafka.bootstrap.servers or subscribe.",
                "Set both, and append org.apache.spark:spark-sql-kafka-0-10_2.13:VERSION to spark.jars.packages in the "
                "properties file; --packages would replace what that line names.",
            )
        rows = reader.format("kafka").load()
        return rows.select(F.from_json(F.col("value").cast("string"), stream_schema()).alias("row")).select("row.*")
    if conf.path is None:
        raise ConfigurationError("stream.path is not set.", "Set it to the folder of the events, or use --path.")
    if conf.format == "delta":
        # Changed or deleted rows, as when a shopper is forgotten, are not new events.
        rows = reader.option("skipChangeCommits", "true").format("delta").load(conf.path)
        known = rows.columns
        visitor = F.col("visitor_id") if "visitor_id" in known else F.lit(None).cast("string").alias("visitor_id")
        return rows.select(*(name for name in COLUMNS if name != "visitor_id"), visitor)
    return reader.format(conf.format).schema(stream_schema()).load(conf.path).select(*COLUMNS)
