"""A store's answers to questions, and which products they name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv, json, parquet

from jobs.runtime.errors import LongtailError
from jobs.runtime.logs import warning
from jobs.search_service.night_index import NightIndex
from model.search.answering import AnswerIndex, BestAnswer
from model.search.queries import normalised

MOST_ANSWERS = 50_000
_LONGEST = 20_000  # characters of a question or an answer
_COLUMNS = ("question", "answer", "item_id")
_AS_TEXTS = csv.ConvertOptions(column_types=dict.fromkeys(_COLUMNS, pa.string()))  # an id such as 007 is a text
_READERS: dict[str, Callable[[Path], pa.Table]] = {
    ".csv": lambda path: csv.read_csv(path, None, csv.ParseOptions(newlines_in_values=True), _AS_TEXTS),
    ".jsonl": json.read_json,
    ".parquet": parquet.read_table,
}


@dataclass(frozen=True)
class StoredAnswer:
    """An answer of the store. item_id: of the product that it is about, '' for none"""

    question: str
    answer: str
    item_id: str

    @cached_property
    def words(self) -> list[str]:
        """The words of the answer in the form of queries."""
        return normalised(self.answer).split()


def read_answers(path: str) -> list[StoredAnswer]:
    """The rows of a CSV, JSON lines (.jsonl) or Parquet file with question, answer and optionally item_id.

    Rows without question or answer, or with one of more than 20,000 characters, are left out. Raises LongtailError for
    a file that cannot be read or is too large.
    """
    file = Path(path)
    reader = _READERS.get(file.suffix.lower())
    if reader is None:
        raise LongtailError(f"{path} is none of {', '.join(_READERS)}.", "Name another file in search_service.answers.")
    try:
        rows = reader(file)
        columns = [_column(rows, name, required=name != "item_id") for name in _COLUMNS]
    except (OSError, KeyError, pa.ArrowException) as error:
        raise LongtailError(
            f"{path} cannot be read ({type(error).__name__}).", "Give it the columns question and answer."
        ) from error
    if len(rows) > MOST_ANSWERS:
        raise LongtailError(f"{path} has {len(rows):,} rows, and {MOST_ANSWERS:,} are allowed.", "Name a smaller file.")
    answers = (StoredAnswer(*(text.strip() for text in texts)) for texts in zip(*columns, strict=True))
    return [row for row in answers if 0 < len(row.question) <= _LONGEST and 0 < len(row.answer) <= _LONGEST]


def _column(rows: pa.Table, name: str, *, required: bool) -> list[str]:
    if name not in rows.column_names and not required:
        return [""] * len(rows)
    return [text or "" for text in rows[name].cast(pa.string()).to_pylist()]


@dataclass(frozen=True)
class Answers:
    """Stored answers with the index that finds them. encode: as of a night, of whose encoder the index is"""

    stored: list[StoredAnswer]
    index: AnswerIndex
    encode: Callable[[list[str]], np.ndarray]

    @classmethod
    def of(cls, stored: list[StoredAnswer], encode: Callable[[list[str]], np.ndarray]) -> Answers:
        """Builds the index."""
        questions = [row.question for row in stored]
        vectors = encode([normalised(question) for question in questions])
        return cls(stored, AnswerIndex(questions, [row.answer for row in stored], vectors), encode)

    def best(self, question: str) -> BestAnswer | None:
        """As `AnswerIndex.best`; None for a question without letters and digits."""
        text = normalised(question)
        return self.index.best(text, self.encode([text])[0]) if text else None


def named_items(answer: StoredAnswer, night: NightIndex) -> list[int]:
    """Rows of the night's items that an answer is about or whose title it has, each once."""
    rows = [night.row_of[answer.item_id]] if answer.item_id in night.row_of else []
    words, start = answer.words, 0
    while start < len(words) - 1:
        ends = range(min(len(words), start + night.longest_title), start + 1, -1)
        last = next((end for end in ends if " ".join(words[start:end]) in night.row_of_title), None)
        if last is not None:
            rows.append(night.row_of_title[" ".join(words[start:last])])
        start = start + 1 if last is None else last
    return list(dict.fromkeys(rows))


class LiveAnswers:
    """The answers of a file, read again when the file or the encoder changes.

    current: None where no file is configured, or none was read yet
    problem: why the file as it is now does not serve, in a sentence; '' if it does
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._version: tuple[str, int, int] | None = None
        self.current: Answers | None = None
        self.problem = ""

    @property
    def are_configured(self) -> bool:
        return self._path is not None

    def refresh(self, night: NightIndex) -> None:
        """Reads the file if it or the encoder has changed; the old answers serve until then, and if it fails."""
        if self._path is None:
            return
        try:
            status = Path(self._path).stat()
            version = (night.encoder_version, status.st_mtime_ns, status.st_size)
            if version == self._version:
                return
            self._version = version  # a file that cannot be read is tried again once it changes
            stored = read_answers(self._path)
            self.current, self.problem = (Answers.of(stored, night.encode) if stored else None), ""
        except Exception as error:  # whatever it is, the old answers have to serve on
            said = str(error) if isinstance(error, LongtailError) else type(error).__name__
            if not self.problem:
                warning("answers not read", problem=said)
            self.problem = "The file of answers cannot be read."
