"""Any store's files, mapped to the contract by configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import partial, reduce
from urllib.parse import unquote

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from features.contract import EVENTS, IDENTITIES, ITEMS, PROMOTIONS, SEARCHES, USERS
from features.contract.table import Table
from jobs.config.inputs import FileInput
from jobs.config.source import Files, TableMapping
from jobs.runtime.errors import ConfigurationError, Refused
from jobs.runtime.logs import event
from jobs.sources.dated import TIME
from jobs.sources.files.arrays import require_no_lost_elements
from jobs.sources.files.columns import ADDED, PART
from jobs.sources.files.first_lines import require_filled_down
from jobs.sources.files.inventory import columns_absent, columns_of, mappings_of, names_read, types_read
from jobs.sources.files.mapping import mapped_rows
from jobs.sources.files.parts import Part, fresh_parts, list_parts
from jobs.sources.files.quotes import require_closed_quotes
from jobs.sources.files.read_failures import named_read_failures
from jobs.sources.files.reading import ReadParts, read_parts
from jobs.sources.files.reshaping import reshaped
from jobs.sources.files.rolling import first_time, first_times


class FilesSource:
    """New, changed and postponed rows of the files that the configuration names.

    taken: the table `source_parts`; currency: of the amounts
    """

    whole = False

    def __init__(
        self,
        spark: SparkSession,
        conf: Files,
        taken: DataFrame,
        as_of: date,
        read: ReadParts = read_parts,
        currency: str | None = None,
    ) -> None:
        self._spark, self._conf, self._read_parts, self._currency = spark, conf, read, currency
        self.unseen_days = conf.unseen_days
        self._now = [part for name, files in conf.inputs.items() for part in list_parts(spark, name, files)]
        self._fresh = fresh_parts(self._now, taken, as_of)
        self._dated = {EVENTS.name: conf.events, PROMOTIONS.name: conf.promotions, SEARCHES.name: conf.searches}
        self._has_no_lost_elements = False  # the check takes a pass over the rows
        self._starts: dict[str, dict[str, datetime | None]] = {}
        with named_read_failures():
            self._check_quotes()
            raw = {name: self._as_read(name, self._fresh.parts) for name in conf.inputs}
            self._check_first_lines(raw)
            self._rows = {name: [self._reshaped(name, rows) for rows in frames] for name, frames in raw.items()}
        event("source read", files=len(self._now), new_or_changed=len(self._fresh.parts), gone=len(self._fresh.gone))

    @property
    def parts(self) -> tuple[Part, ...]:
        return self._fresh.parts

    def items(self, before: date) -> DataFrame:
        del before  # ingest accounts for later ones
        return self._mapped(self._conf.items, ITEMS)

    def catalogue(self) -> DataFrame | None:
        if self._conf.withdraw_missing_up_to is None:
            return None
        # All present files, also those of earlier nights.
        frames = [
            self._one(mapping, ITEMS, rows).where(~F.col("filtered")).select("item_id")
            for mapping in self._conf.items
            for rows in self._read(mapping.input, self._now)
        ]
        nothing = self._spark.createDataFrame([], "item_id string")
        return reduce(DataFrame.unionByName, frames, nothing).distinct()

    def users(self, before: date) -> DataFrame:
        del before
        return self._mapped(self._conf.users, USERS)

    def events(self, since: date | None, before: date) -> DataFrame:
        del since, before
        return self._mapped(self._conf.events, EVENTS)

    def promotions(self, since: date | None, before: date) -> DataFrame:
        del since, before
        return self._mapped(self._conf.promotions, PROMOTIONS)

    def identities(self) -> DataFrame | None:
        return self._mapped(self._conf.identities, IDENTITIES) if self._conf.identities else None

    def searches(self) -> DataFrame | None:
        return self._mapped(self._conf.searches, SEARCHES) if self._conf.searches else None

    def replaced(self, table: Table) -> dict[str, datetime | None]:
        deleted = [part.place for part in self._fresh.gone if self._conf.inputs[part.input].takes_back_gone]
        from_day = {
            place: None if day is None else datetime.combine(day, time(), UTC)
            for place, day in self._fresh.replaced.items()
        }
        return from_day | dict.fromkeys(deleted) | self.rolled(table)

    def rolled(self, table: Table) -> dict[str, datetime | None]:
        if table.name not in self._starts:
            rolling = [part.place for part in self.parts if part.is_known and self._conf.inputs[part.input].keeps_older]
            starts: dict[str, datetime | None] = {}
            if rolling:
                starts |= first_times(self._mapped(self._dated[table.name], table), TIME[table.name], rolling)
            for name in {part.input for part in self._fresh.gone if self._conf.inputs[part.input].keeps_older_gone}:
                first = self._first_now(name, table)
                starts |= dict.fromkeys((part.place for part in self._fresh.gone if part.input == name), first)
            self._starts[table.name] = starts
        return self._starts[table.name]

    def _first_now(self, name: str, table: Table) -> datetime:
        """The first time of the rows that an input has now for a table; after all others if it has none."""
        mappings = [mapping for mapping in self._dated[table.name] if mapping.input == name]
        present = [replace(part, taken_until=None) for part in self._now] if mappings else []
        frames = [self._one(mapping, table, rows) for rows in self._read(name, present) for mapping in mappings]
        return first_time(frames, TIME[table.name])

    def types(self) -> dict[str, str]:
        return types_read(self._conf, self._rows)

    def absent(self) -> frozenset[str]:
        return columns_absent(self._conf)

    def _with_columns(self, mapping: TableMapping, table: Table, rows: DataFrame) -> DataFrame:
        """The rows, if they have the columns that the mapping reads; raises Refused naming those that they lack.

        A JSON field that no line holds is NULL in all of them, if the contract marks its column as optional.
        """
        files = self._conf.inputs[mapping.input]
        needed = set(table.required) if files.format == "json" else set(table.column_names)
        absent = {
            (name, column in needed)
            for column, spec in mapping.columns.items()
            for name in columns_of(spec)
            if name not in rows.columns
        }
        place = _first_place(rows, files) if absent else ""
        # A column of folders is in no line.
        folders = sorted({name for name, _ in absent if f"/{name}=" in unquote(place)})
        missing = sorted({name for name, is_needed in absent if is_needed} | set(folders))
        empty = sorted({name for name, _ in absent} - set(missing))
        if missing:
            has = ", ".join(name for name in rows.columns if name not in ADDED)
            remedy = f"Correct the files or source.files.{table.name}; nothing was written."
            if folders:
                remedy = (
                    f"Folders are named after {', '.join(folders)}: set partitions: [{', '.join(folders)}] for "
                    f"source.files.inputs.{mapping.input}. Nothing was written."
                )
            if any("\x00" in name for name in rows.columns):
                remedy = (
                    "The header looks like UTF-16: set options: {encoding: UTF-16} for "
                    f"source.files.inputs.{mapping.input}. Nothing was written."
                )
            elif any("\ufffd" in name for name in rows.columns):
                remedy = (
                    "The header is not in UTF-8: set options: {encoding: ...} for "
                    f"source.files.inputs.{mapping.input}, such as windows-1252 or UTF-16. Nothing was written."
                )
            raise Refused(
                f"Files of {files.path} have no column {', '.join(missing)}, which source.files.{table.name} maps;"
                f" {place.rpartition('/')[2]} has {has}.",
                remedy,
            )
        if empty:
            event("fields without values", input=mapping.input, fields=",".join(empty))
        return rows.withColumns({name: F.lit(None).cast("string") for name in empty}) if empty else rows

    def _read(self, name: str, parts: Sequence[Part]) -> list[DataFrame]:
        return [self._reshaped(name, rows) for rows in self._as_read(name, parts)]

    def _as_read(self, name: str, parts: Sequence[Part]) -> list[DataFrame]:
        of_input = [part for part in parts if part.input == name]
        if not of_input:
            return []
        mapped = names_read(mappings_of(self._conf, name))
        return self._read_parts(self._spark, self._conf.inputs[name], of_input, mapped)

    def _reshaped(self, name: str, rows: DataFrame) -> DataFrame:
        return reshaped(rows, name, self._conf.inputs[name], self._present)

    def _present(self, name: str) -> DataFrame:
        """All rows that an input has now, for the inputs that join it: they may have come on an earlier night."""
        frames = self._read(name, [replace(part, taken_until=None) for part in self._now])
        if not frames:
            raise Refused(
                f"Files of {self._conf.inputs[name].path} are empty, and other inputs join them.",
                f"Correct the files or source.files.inputs.{name}; nothing was written.",
            )
        return reduce(lambda rows, more: rows.unionByName(more, allowMissingColumns=True), frames)

    def _check_quotes(self) -> None:
        for name, files in self._conf.inputs.items():
            of_input = [part for part in self.parts if part.input == name]
            if files.format == "csv" and of_input:
                require_closed_quotes(self._spark, name, files, of_input)

    def _check_first_lines(self, raw: Mapping[str, Sequence[DataFrame]]) -> None:
        for name, files in self._conf.inputs.items():
            if files.format == "delta":  # its rows have no order
                continue
            mappings = [
                (table, mapping)
                for table in (ITEMS, USERS, EVENTS)
                for mapping in getattr(self._conf, table.name)
                if mapping.input == name
            ]
            for rows in raw[name] if mappings else ():
                require_filled_down(rows, name, files, mappings, partial(self._reshaped, name))

    def _mapped(self, mappings: tuple[TableMapping, ...], table: Table) -> DataFrame:
        looks_for_lost = table is EVENTS and not self._has_no_lost_elements
        frames = [
            self._one(mapping, table, rows, looks_for_lost)
            for mapping in mappings
            for rows in self._rows[mapping.input]
        ]
        self._has_no_lost_elements |= looks_for_lost
        if not frames:
            return self._spark.createDataFrame([], table.schema)
        return reduce(lambda rows, more: rows.unionByName(more, allowMissingColumns=True), frames)

    def _one(self, mapping: TableMapping, table: Table, rows: DataFrame, looks_for_lost: bool = False) -> DataFrame:
        rows = self._with_columns(mapping, table, rows)
        try:
            mapped = mapped_rows(rows, mapping, table, self._currency)
            _ = mapped.schema  # analyses the expressions
        except AnalysisException as error:
            raise ConfigurationError(
                f"An expression of source.files.{table.name} on {mapping.input} is invalid: "
                f"{str(error).splitlines()[0]}",
                f"Correct its columns, sql or where.{self._hint(error, mapping)}",
            ) from error
        if looks_for_lost:
            require_no_lost_elements(rows, mapping)
        unmapped = [name for name in table.required if name not in mapped.columns]
        if table.column("visitor_id") and {"user_id", "visitor_id"}.isdisjoint({*mapped.columns, *unmapped}):
            unmapped.append("user_id")
        if unmapped:
            raise ConfigurationError(
                f"source.files.{table.name} on {mapping.input} does not map {', '.join(unmapped)}.",
                "Map it, or give a constant.",
            )
        return mapped

    def _hint(self, error: AnalysisException, mapping: TableMapping) -> str:
        condition = error.getCondition() or ""
        if any(re.search(r"(?i)\bexplode", spec.sql or "") for spec in mapping.columns.values()):
            return f" To make each element of an array a row, set explode for source.files.inputs.{mapping.input}."
        if condition.startswith("DATATYPE_MISMATCH") and self._conf.inputs[mapping.input].format in ("csv", "json"):
            return " Columns of CSV and JSON are texts: calculate with cast(COLUMN AS DECIMAL(18,4))."
        return ""


def _first_place(rows: DataFrame, files: FileInput) -> str:
    """The path of a file of the rows; rows that are persisted name their files in PART alone."""
    places = rows.inputFiles()
    if places:
        return str(places[0])
    row = rows.select(PART).first()
    return str(row[PART]) if row else files.path
