"""The columns and first rows of an export, read without Spark, with the reader options that it needs."""

from __future__ import annotations

import csv
import gzip
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TextIO

from jobs.runtime.errors import ConfigurationError

SAMPLE_ROWS = 5000
_SEPARATORS = ",;\t|"
# First bytes, in GB 2312, of Chinese punctuation, full-width ASCII, and the 3,755 most common characters.
_COMMON_LEADS = frozenset(bytes([lead]) for lead in (*range(0xA1, 0xA4), *range(0xB0, 0xD8)))
_NEARLY_ALL = 0.9
_NOT_TABLES = {
    ".xlsx": "a spreadsheet",
    ".xls": "a spreadsheet",
    ".ods": "a spreadsheet",
    ".xml": "XML",
    ".zip": "a ZIP",
}
_JSON = (".json", ".jsonl", ".ndjson")


@dataclass(frozen=True)
class Head:
    """An export's columns and its first rows; a value of JSON or Parquet keeps its type.

    options: of Spark's reader, as far as they differ from those that Longtail sets
    alike: further files with the same columns, whose rows are in `sample` too
    """

    path: Path
    format: Literal["csv", "json", "parquet"]
    options: dict[str, str]
    columns: tuple[str, ...]
    sample: tuple[dict[str, Any], ...]
    alike: tuple[Path, ...] = ()

    def has(self, *columns: str) -> bool:
        return set(columns) <= set(self.columns)

    def first_of(self, *columns: str) -> str | None:
        """The first of these columns that the file has."""
        return next((column for column in columns if column in self.columns), None)

    def values(self, column: str) -> list[str]:
        """The values of a column in the sample as text, without blank ones."""
        texts = (str(row[column]).strip() for row in self.sample if row.get(column) is not None)
        return [text for text in texts if text]


def read_head(path: Path) -> Head:
    """Raises ConfigurationError if the file is absent, empty, or no CSV, JSON or Parquet."""
    if not path.exists():
        raise ConfigurationError(f"{path}: there is no such file.", "Give the exports of the store after --propose.")
    if path.is_dir():
        raise ConfigurationError(f"{path}: is a folder.", f"Give its files: --propose {path}/*")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = next((_NOT_TABLES[suffix] for suffix in suffixes if suffix in _NOT_TABLES), None)
    if kind is not None:
        raise ConfigurationError(f"{path}: is {kind}.", "Export or save it as CSV in UTF-8.")
    if ".parquet" in suffixes:
        return _of_parquet(path)
    head = _of_json(path) if any(suffix in _JSON for suffix in suffixes) else _of_csv(path)
    if not head.columns:
        raise ConfigurationError(f"{path}: has no rows.", "Give an export with a header and rows.")
    return head


def all_rows(head: Head) -> Iterator[dict[str, Any]]:
    """Every row of the file and of those alike, one at a time."""
    for path in (head.path, *head.alike):
        if head.format == "parquet":
            import pyarrow.parquet as pq

            for batch in pq.ParquetFile(path).iter_batches():
                yield from batch.to_pylist()
        elif head.format == "json":
            yield from _json_rows(path, head.options)
        else:
            separator = head.options.get("sep", ",").replace("\\t", "\t")
            with _text(path, head.options.get("encoding", "utf-8-sig")) as file:
                yield from csv.DictReader(file, head.columns, delimiter=separator)


def _of_parquet(path: Path) -> Head:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        batch = next(file.iter_batches(SAMPLE_ROWS), None)
    except (pa.ArrowException, OSError) as error:
        raise ConfigurationError(f"{path}: is not readable Parquet ({error}).", "Export it again.") from error
    rows = batch.to_pylist() if batch is not None else []
    return Head(path, "parquet", {}, tuple(file.schema_arrow.names), tuple(rows))


def _of_json(path: Path) -> Head:
    with _text(path, "utf-8-sig") as file:
        start = file.read(4096).lstrip()[:1]
    options = {"multiLine": "true"} if start == "[" else {}
    try:
        sample = tuple(islice(_json_rows(path, options), SAMPLE_ROWS))
    except (ValueError, AttributeError) as error:
        raise ConfigurationError(f"{path}: is not JSON ({error}).", "Export it with one object a line.") from error
    return Head(path, "json", options, tuple(dict.fromkeys(name for row in sample for name in row)), sample)


def _json_rows(path: Path, options: dict[str, str]) -> Iterator[dict[str, Any]]:
    with _text(path, "utf-8-sig") as file:
        if "multiLine" in options:
            yield from json.load(file)
        else:
            yield from (json.loads(line) for line in file if line.strip())


def _of_csv(path: Path) -> Head:
    encoding = _encoding(path)
    options = {} if encoding in ("utf-8-sig", "utf-8") else {"encoding": encoding}
    with _text(path, encoding) as file:
        separator = _separator(file.readline())
    if separator != ",":
        options["sep"] = separator.replace("\t", "\\t")
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    with _text(path, encoding) as file:
        reader = csv.reader(file, delimiter=separator)
        columns = tuple(name.strip() for name in next(reader, []))
        rows = list(islice(reader, SAMPLE_ROWS))
    if encoding == "UTF-16" or any("\n" in value for row in rows for value in row):
        options["multiLine"] = "true"
    return Head(path, "csv", options, columns, tuple(dict(zip(columns, row, strict=False)) for row in rows))


def _encoding(path: Path) -> str:
    """The encoding by the byte order mark, or UTF-8 or Chinese where the first megabyte is, or Windows' Western one."""
    with _bytes(path) as file:
        start = file.read(1 << 20)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    lines = start[: start.rfind(b"\n") + 1 or None]
    try:
        lines.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "GB18030" if _is_chinese(lines) else "windows-1252"
    return "utf-8-sig"


def _is_chinese(lines: bytes) -> bool:
    """Whether the text is in GB18030 and nearly all that is not ASCII in it are common characters of Chinese.

    Letters of other languages read as pairs are mostly rare characters.
    """
    try:
        characters = [character for character in lines.decode("gb18030") if not character.isascii()]
    except UnicodeDecodeError:
        return False
    leads = [character.encode("gb2312", "ignore")[:1] for character in characters]
    common = sum(lead in _COMMON_LEADS for lead in leads if lead)
    return bool(characters) and common >= _NEARLY_ALL * len(characters)


def _separator(line: str) -> str:
    outside = "".join(line.split('"')[::2])
    return max(_SEPARATORS, key=lambda separator: (outside.count(separator), -_SEPARATORS.index(separator)))


@contextmanager
def _bytes(path: Path) -> Iterator[Any]:
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        yield file


@contextmanager
def _text(path: Path, encoding: str) -> Iterator[TextIO]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding=encoding, errors="replace", newline="") as file:
        yield file
