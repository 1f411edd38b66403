"""Arrays of objects of which an expression takes one element, where each should be a row."""

from __future__ import annotations

import re

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StructType

from features.contract import EVENTS
from jobs.config.source import TableMapping
from jobs.runtime.errors import Refused
from jobs.sources.files.guarded import Guarded
from jobs.tables.sql import sql_identifier


def require_no_lost_elements(rows: DataFrame, mapping: TableMapping) -> None:
    """Raises Refused if `item_id` of events takes one element of an array that has several in rows of the mapping.

    The other items of an order would be lost without a word.
    """
    spec = mapping.columns.get("item_id")
    if spec is None or spec.sql is None:
        return
    arrays = [
        field.name
        for field in rows.schema.fields
        if isinstance(field.dataType, ArrayType) and isinstance(field.dataType.elementType, StructType)
    ]
    for array in arrays:
        name = rf"`?{re.escape(array)}`?\s*"
        if not re.search(rf"(?<![\w.]){name}\[|\b(get|(try_)?element_at)\s*\(\s*{name},", spec.sql):
            continue
        lost = F.size(F.col(sql_identifier(array))) > 1
        if mapping.where:
            lost = lost & F.coalesce(Guarded(mapping.where).value.cast("boolean"), F.lit(False))
        number = rows.where(lost).count()
        if number:
            raise Refused(
                f"source.files.{EVENTS.name} on {mapping.input}: item_id takes one element of {array}, and {number} "
                "rows have several.",
                f"Set explode: {array} for source.files.inputs.{mapping.input}, which makes each element a row with "
                f"columns such as {array}.item_id. If one element is meant, choose it by what it holds: "
                f"filter({array}, x -> x.name = '…')[0]. Nothing was written.",
            )
