"""Tables and files of a warehouse read, and rows appended, without Spark, next to it or on an object store."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, DeltaProtocolError, TableNotFoundError
from pyspark.sql.pandas.types import to_arrow_schema

from features.contract.table import Table
from jobs.runtime.errors import LongtailError
from jobs.runtime.storage import LocalStorage, is_remote

_ENDPOINT = "AWS_ENDPOINT_URL_S3"  # as boto3 reads it


def storage_options() -> dict[str, str]:
    """What the library of Delta needs in addition to the variables AWS_… that it reads itself: another server."""
    endpoint = os.environ.get(_ENDPOINT)
    if not endpoint:
        return {}
    return {"AWS_ENDPOINT_URL": endpoint, "AWS_ALLOW_HTTP": str(endpoint.startswith("http://")).lower()}


class StoredTables:
    """Reads the tables under one folder; `versions` maps each to the version at which it was read first.

    One object serves one page, so that all of its figures of a table are of one version.
    """

    def __init__(self, warehouse: str) -> None:
        self.folder = warehouse.rstrip("/") if is_remote(warehouse) else LocalStorage(warehouse).root
        self.versions: dict[str, int] = {}
        self._options = storage_options() if is_remote(warehouse) else None
        self._opened: dict[str, DeltaTable | None] = {}

    def exists(self, table: Table) -> bool:
        return self._open(table) is not None

    def nights(self, table: Table) -> list[date]:
        """Each `as_of` of a table that is partitioned by it, the newest first."""
        opened = self._open(table)
        days = {part["as_of"] for part in opened.partitions()} if opened is not None else set()
        return sorted((_as_date(day) for day in days), reverse=True)

    def version_of(self, table: Table) -> int | None:
        """The version that is read, None if there is no table."""
        opened = self._open(table)
        return None if opened is None else int(opened.version())

    def read(self, table: Table, columns: Sequence[str], where: pc.Expression | None = None) -> pa.Table:
        """Columns of the rows that meet a condition; without rows if there is no table.

        A column that the table lacks, as one that an older version wrote, is NULL. Raises LongtailError if the table
        cannot be read.
        """
        schema = to_arrow_schema(table.schema, timezone="UTC")
        opened = self._open(table)
        if opened is None:
            return pa.schema([schema.field(name) for name in columns]).empty_table()
        self.versions.setdefault(table.name, int(opened.version()))
        with _failures(table):
            dataset = opened.to_pyarrow_dataset()
            present = [name for name in columns if name in dataset.schema.names]
            rows = dataset.to_table(columns=present, filter=where)
        for name in columns:
            if name not in present:
                rows = rows.append_column(name, pa.nulls(len(rows), schema.field(name).type))
        return rows.select(list(columns))

    def frame(self, table: Table, columns: Sequence[str], where: pc.Expression | None = None) -> pd.DataFrame:
        """As `read`, with maps as dictionaries."""
        return self.read(table, columns, where).to_pandas(maps_as_pydicts="lossy", timestamp_as_object=False)

    def page(self, table: Table, version: int | None, where: pc.Expression | None, skip: int, rows: int) -> pa.Table:
        """At most `rows` rows after the first `skip`, of a version of a table. Raises LongtailError without it."""
        with _failures(table):
            return _slice(self._scan(table, version, where), skip, rows)

    def batches(
        self, table: Table, version: int | None, where: pc.Expression | None
    ) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """The columns of a version of a table, and all its rows. Raises LongtailError without it."""
        with _failures(table):
            scanner = self._scan(table, version, where)
        return scanner.projected_schema, scanner.to_batches()

    def _scan(self, table: Table, version: int | None, where: pc.Expression | None) -> ds.Scanner:
        opened = self._open(table) if version is None else self._at(table, version)
        if opened is None:
            raise LongtailError(f"The table {table.name} has no version {version}.", "Read its newest version.")
        self.versions[table.name] = int(opened.version())
        dataset = opened.to_pyarrow_dataset()
        names = [name for name in table.column_names if name in dataset.schema.names]
        return dataset.scanner(columns=names, filter=where, batch_size=4096)

    def count(self, table: Table, where: pc.Expression | None) -> int:
        """Rows of the version that `page` or `read` opened; 0 if there is no table."""
        opened = self._open(table)
        if opened is None:
            return 0
        self.versions.setdefault(table.name, int(opened.version()))
        with _failures(table):
            return int(opened.to_pyarrow_dataset().count_rows(filter=where))

    def append(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Adds rows to a table, which is created if there is none; False if it has changed since it was opened.

        Raises LongtailError if it cannot be written.
        """
        data = pa.Table.from_pylist(list(rows), schema=to_arrow_schema(table.schema, timezone="UTC"))
        opened, path = self._open(table), f"{self.folder}/{table.name}"
        try:
            write_deltalake(
                path if opened is None else opened, data, mode="error" if opened is None else "append",
                configuration={"delta.logRetentionDuration": f"interval {table.log_days} days"},
                # Without retries a commit is refused if another one has its number: no change goes unread.
                commit_properties=CommitProperties(max_commit_retries=0), storage_options=self._options,
            )  # fmt: skip
        except CommitFailedError:
            return False
        except (DeltaError, OSError) as error:
            if opened is None and self._at(table, None) is not None:
                return False
            raise LongtailError(
                f"The table {table.name} cannot be written ({type(error).__name__}).",
                "Check whether the desk may write to the warehouse.",
            ) from error
        self._opened.pop(table.name, None)
        return True

    def names(self, folder: str) -> list[str]:
        """Names of files directly below a folder, sorted; none if it is absent."""
        if self._options is None:
            return LocalStorage(self.folder).names(folder)
        from pyarrow.fs import FileSelector

        files = self._files().get_file_info(FileSelector(folder, allow_not_found=True))
        return sorted(info.base_name for info in files)

    def file(self, name: str) -> bytes | None:
        """The content of a file, None if it is absent."""
        if self._options is None:
            return LocalStorage(self.folder).read(name)
        try:
            with self._files().open_input_stream(name) as stream:
                return bytes(stream.read())
        except FileNotFoundError:
            return None

    def _files(self) -> Any:
        from deltalake.fs import DeltaStorageHandler
        from pyarrow.fs import PyFileSystem

        return PyFileSystem(DeltaStorageHandler(self.folder, self._options))

    def _open(self, table: Table) -> DeltaTable | None:
        if table.name not in self._opened:
            self._opened[table.name] = self._at(table, None)
        return self._opened[table.name]

    def _at(self, table: Table, version: int | None) -> DeltaTable | None:
        if self._options is None and not LocalStorage(self.folder).exists(f"{table.name}/_delta_log"):
            return None
        try:
            with _failures(table):
                opened = DeltaTable(f"{self.folder}/{table.name}", version=version, storage_options=self._options)
        except TableNotFoundError:
            return None
        if version is not None:
            self._opened[table.name] = opened
        return opened


def _slice(scanner: ds.Scanner, skip: int, rows: int) -> pa.Table:
    """Rows of a scan, which ends as soon as they are there."""
    batches: list[pa.RecordBatch] = []
    left = rows
    for batch in scanner.to_batches():
        if skip >= len(batch):
            skip -= len(batch)
            continue
        part = batch.slice(skip, left)
        skip, left = 0, left - len(part)
        batches.append(part)
        if left == 0:
            break
    return pa.Table.from_batches(batches, scanner.projected_schema)


def _as_date(day: date | str) -> date:
    return day if isinstance(day, date) else date.fromisoformat(day)


@contextmanager
def _failures(table: Table) -> Iterator[None]:
    """Words for what happens next to a running night, and for tables that other software wrote."""
    try:
        yield
    except TableNotFoundError:
        raise
    except FileNotFoundError as error:
        raise LongtailError(
            f"Files of the table {table.name} were removed while it was read.", "Load the page again."
        ) from error
    except DeltaProtocolError as error:
        raise LongtailError(
            f"The table {table.name} has a feature of Delta that the desk cannot read, such as deletion vectors.",
            f"Remove it with ALTER TABLE delta.`…/{table.name}` DROP FEATURE deletionVectors.",
        ) from error
    except (DeltaError, OSError, pa.ArrowException) as error:
        raise LongtailError(
            f"The table {table.name} cannot be read ({type(error).__name__}).",
            "Check whether the storage answers and whether the version still exists.",
        ) from error
