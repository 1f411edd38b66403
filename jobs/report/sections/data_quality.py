"""What came in, and what was rejected or parked."""

from __future__ import annotations

import json

from pyspark.sql import functions as F

from features.contract import PARKED, REJECTED
from features.contract.table import Table as ContractTable
from jobs.language.sentences import listed, phrase, say
from jobs.report.night_tables import Reading
from jobs.report.page.numbers import amount
from jobs.report.page.parts import Block, Section, Table, Words

MOST = 10
_OUTCOMES = {
    "in": phrase("came in"), "accepted": phrase("accepted"), "duplicate": phrase("duplicate"),
    "filtered": phrase("filtered"), "later": phrase("later"), "parked": phrase("parked"),
    "rejected": phrase("rejected"),
}  # fmt: skip


def data_quality(reading: Reading) -> Section:
    """Rows by outcome, and the reasons why rows were rejected or parked."""
    run = reading.run_of("ingest")
    if run is None:
        skipped = say("Ingest did not run for this night, which used the tables as they were.")
        return Section("data", say("What came in"), "", (Words((skipped,), ("runs",), mark="warn"),))
    blocks: list[Block] = [_rows(dict(run["rows"]))]
    absent = json.loads(run["decisions"].get("absent", "[]"))
    if absent:
        sentence = say("The store does not provide {columns}; nothing depends on them.", columns=listed(absent))
        blocks.append(Words((sentence,), ("runs",)))
    for table, title, none in (
        (REJECTED, say("Rejected"), say("No row was rejected tonight.")),
        (PARKED, say("Parked"), say("No row was parked tonight.")),
    ):
        blocks.append(_reasons(reading, table, title, none))
    lead = say(
        "Every row that came in is accounted for: accepted, a duplicate, left out by the mapping, later than this "
        "night, parked until its item or shopper is known, or rejected with its reason."
    )
    return Section("data", say("What came in"), lead, tuple(blocks))


def _rows(rows: dict[str, int]) -> Table:
    tables = sorted({name.rsplit("_", 1)[0] for name in rows if name.endswith("_in")})
    outcomes = [name for name in _OUTCOMES if any(f"{table}_{name}" in rows for table in tables)]
    others = {name.rsplit("_", 1)[1] for name in rows if name.rsplit("_", 1)[0] in tables} - set(_OUTCOMES)
    outcomes += sorted(others)
    cells = tuple((table, *(amount(rows.get(f"{table}_{name}", 0)) for name in outcomes)) for table in tables)
    columns = (say("table"), *(say(_OUTCOMES.get(name, name)) for name in outcomes))
    return Table(say("Rows by outcome"), columns, cells, ("runs",), frozenset(columns[1:]))


def _reasons(reading: Reading, table: ContractTable, title: str, none: str) -> Block:
    rows = reading.tables.read_or_empty(table).where(F.col("as_of") == F.lit(reading.as_of))
    counts = rows.groupBy("table", "reason").count().orderBy(F.desc("count"), "table", "reason").toPandas()
    if counts.empty:
        return Words((none,), (table.name,), title=title, mark="good")
    cells = tuple((row["table"], row["reason"], amount(row["count"])) for row in counts.head(MOST).to_dict("records"))
    note = say("{count} further reasons.", count=len(counts) - MOST) if len(counts) > MOST else ""
    columns = (say("table"), say("reason"), say("rows"))
    return Table(title, columns, cells, (table.name,), frozenset(columns[2:]), note)
