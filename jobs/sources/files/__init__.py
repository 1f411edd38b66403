"""Any store's files, mapped to the contract by configuration."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import reduce

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from features.contract import EVENTS, IDENTITIES, ITEMS, PROMOTIONS, SEARCHES, USERS
from features.contract.table import Table
from jobs.config.source import Files, Mapped, TableMapping
from jobs.runtime.errors import ConfigurationError, Refused
from jobs.runtime.logs import event
from jobs.sources.files.columns import ADDED
from jobs.sources.files.mapping import IMPLIED, mapped_rows
from jobs.sources.files.parts import Part, fresh_parts, list_parts
from jobs.sources.files.reading import read_parts


class FilesSource:
    """New, changed and postponed rows of the files that the configuration names; `taken` is `source_parts`."""

    whole = False

    def __init__(self, spark: SparkSession, conf: Files, taken: DataFrame, as_of: date) -> None:
        self._spark, self._conf = spark, conf
        self.unseen_days = conf.unseen_days
        self._now = [part for name, files in conf.inputs.items() for part in list_parts(spark, name, files)]
        self._fresh = fresh_parts(self._now, taken, as_of)
        self._rows = {name: self._read(name, self._fresh.parts) for name in conf.inputs}
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
        return reduce(DataFrame.unionByName, frames).distinct()

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

    def replaced(self) -> dict[str, date | None]:
        deleted = [part.place for part in self._fresh.gone if self._conf.inputs[part.input].takes_back_gone]
        return self._fresh.replaced | dict.fromkeys(deleted)

    def types(self) -> dict[str, str]:
        types: dict[str, set[str]] = {}
        for name, frames in self._rows.items():
            if self._conf.inputs[name].format == "csv":
                continue
            used = {
                column
                for mapping in self._mappings(name)
                for spec in mapping.columns.values()
                for column in _columns_of(spec)
            }
            for column, kind in (pair for rows in frames for pair in rows.dtypes):
                if column in used:
                    types.setdefault(f"{name}.{column}", set()).add(kind)
        return {column: " or ".join(sorted(kinds)) for column, kinds in sorted(types.items())}

    def absent(self) -> frozenset[str]:
        missing = set()
        for mappings, table in (
            (self._conf.items, ITEMS),
            (self._conf.events, EVENTS),
            (self._conf.promotions, PROMOTIONS),
        ):
            if not mappings:
                missing.add(table.name)
                continue
            mapped = {name for mapping in mappings for name in mapping.columns} | set(IMPLIED[table.name])
            missing |= {f"{table.name}.{name}" for name in table.column_names if name not in mapped}
        kinds = [mapping.columns.get("event_type") for mapping in self._conf.events]
        for kind in ("exposure", "view", "click", "favourite", "cart", "return"):
            if all(spec is not None and not _may_be(spec, kind) for spec in kinds):
                missing.add(f"{kind}s")
        if not self._conf.searches and all(spec is not None and not _may_be(spec, "search") for spec in kinds):
            missing.add(SEARCHES.name)
        if not any("attributes" in mapping.columns for mapping in self._conf.users):
            missing.add("users.attributes")
        return frozenset(missing - {"items.valid_to", "events.source_part", "promotions.source_part"})

    def _with_columns(self, mapping: TableMapping, table: Table, rows: DataFrame) -> DataFrame:
        """The rows, if they have the columns that the mapping reads; raises Refused naming those that they lack.

        A JSON field that no line holds is NULL in all of them, if the contract marks its column as optional.
        """
        files = self._conf.inputs[mapping.input]
        needed = set(table.required) if files.format == "json" else set(table.column_names)
        absent = {
            (name, column in needed)
            for column, spec in mapping.columns.items()
            for name in _columns_of(spec)
            if name not in rows.columns
        }
        missing = sorted(name for name, is_needed in absent if is_needed)
        empty = sorted({name for name, _ in absent} - set(missing))
        if missing:
            has = ", ".join(name for name in rows.columns if name not in ADDED)
            raise Refused(
                f"Files of {files.path} have no column {', '.join(missing)}, which source.files.{table.name} maps;"
                f" {_first_file(rows)} has {has}.",
                f"Correct the files or source.files.{table.name}; nothing was written.",
            )
        if empty:
            event("fields without values", input=mapping.input, fields=",".join(empty))
        return rows.withColumns({name: F.lit(None).cast("string") for name in empty}) if empty else rows

    def _read(self, name: str, parts: Sequence[Part]) -> list[DataFrame]:
        of_input = [part for part in parts if part.input == name]
        return read_parts(self._spark, self._conf.inputs[name], of_input) if of_input else []

    def _mappings(self, name: str) -> list[TableMapping]:
        conf = self._conf
        of_visitors = (*conf.identities, *conf.searches)
        return [m for m in (*conf.items, *conf.users, *conf.events, *conf.promotions, *of_visitors) if m.input == name]

    def _mapped(self, mappings: tuple[TableMapping, ...], table: Table) -> DataFrame:
        frames = [self._one(mapping, table, rows) for mapping in mappings for rows in self._rows[mapping.input]]
        if not frames:
            return self._spark.createDataFrame([], table.schema)
        return reduce(lambda rows, more: rows.unionByName(more, allowMissingColumns=True), frames)

    def _one(self, mapping: TableMapping, table: Table, rows: DataFrame) -> DataFrame:
        rows = self._with_columns(mapping, table, rows)
        try:
            mapped = mapped_rows(rows, mapping, table)
            _ = mapped.schema  # analyses the expressions
        except AnalysisException as error:
            raise ConfigurationError(
                f"An expression of source.files.{table.name} on {mapping.input} is invalid: "
                f"{str(error).splitlines()[0]}",
                "Correct its columns, sql or where.",
            ) from error
        unmapped = [name for name in table.required if name not in mapped.columns]
        if table.column("visitor_id") and {"user_id", "visitor_id"}.isdisjoint({*mapped.columns, *unmapped}):
            unmapped.append("user_id")
        if unmapped:
            raise ConfigurationError(
                f"source.files.{table.name} on {mapping.input} does not map {', '.join(unmapped)}.",
                "Map it, or give a constant.",
            )
        return mapped


def _first_file(rows: DataFrame) -> str:
    return str(rows.inputFiles()[0]).rpartition("/")[2]


def _columns_of(spec: Mapped) -> list[str]:
    return [name for name in (spec.column, *spec.columns, *spec.map.values()) if name is not None]


def _may_be(spec: Mapped, value: str) -> bool:
    """Whether a mapping can result in this value, as far as the configuration says."""
    if spec.constant is not None:
        return spec.constant == value
    if spec.sql is not None:
        return value in spec.sql
    return not spec.values or value in spec.values.values()
