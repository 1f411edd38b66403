"""The one type of an amount of money."""

from pyspark.sql.types import DecimalType

MONEY = DecimalType(18, 4)
