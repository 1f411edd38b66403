"""Expressions of a configuration, evaluated so that an error of a row stays in that row."""

from __future__ import annotations

from typing import Any

from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from jobs.sources.files.columns import LINE

_VALUE = "value"


class Guarded:
    """A Spark SQL expression that cannot end a job, on rows with LINE.

    `value` is NULL in the rows for which the expression raises, and `raised` marks them. Under ANSI, the default since
    Spark 4, a cast of 'n/a', a division by zero and an index outside an array raise. Without ANSI numbers that overflow
    would wrap, and further functions raise in both modes. TryEval of Catalyst, on which functions such as
    try_url_decode rest, catches what its child raises; inside a struct, a NULL that the expression returns differs from
    an error.

    Spark evaluates subexpressions that several columns share before all of them, outside of TryEval, but shares none
    that are in a single branch of a condition. Hence the condition, which always holds.
    """

    def __init__(self, sql: str) -> None:
        branch = F.when(F.col(LINE) >= 0, F.expr(sql))
        jvm: Any = SparkSession.active()._jvm
        classic = jvm.org.apache.spark.sql.classic.ExpressionUtils
        child = classic.expression(F.struct(branch.alias(_VALUE))._jc)
        tried = jvm.org.apache.spark.sql.catalyst.expressions.TryEval(child)
        self._tried = Column(classic.column(tried))

    @property
    def value(self) -> Column:
        return self._tried[_VALUE]

    @property
    def raised(self) -> Column:
        return self._tried.isNull()
