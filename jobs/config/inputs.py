"""The inputs of a source of files: where they are, how they are read, and what is done with their rows first."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from jobs.config.section import Section
from jobs.config.variables import expanded_options


class FillDown(Section):
    """`columns` that only the first line of each key `by` has, such as an order's customer and time."""

    by: Annotated[tuple[str, ...], Field(min_length=1)]
    columns: Annotated[tuple[str, ...], Field(min_length=1)]


class LineNumber(Section):
    """A column `name` that numbers the lines of each key `by` in a file, from 1 on."""

    by: Annotated[tuple[str, ...], Field(min_length=1)]
    name: str


class Join(Section):
    """Columns of another input: new name: its name.

    on: columns of this input, and the columns of the other one that they equal
    """

    input: str
    on: Annotated[dict[str, str], Field(min_length=1)]
    columns: Annotated[dict[str, str], Field(min_length=1)]


class FileInput(Section):
    """Files of one kind.

    literal: whether the path is a name and no pattern
    options: options of Spark's reader, with names of environment variables as ${NAME}
    partitions: columns that are in the names of folders, as in shop=007
    explode: a column that holds an array of objects; each becomes a row, with the fields as `<column>.<field>`
    when_gone: whether to keep or delete the events and promotions of a file that is gone. A Delta table rewrites a file
        to change or delete one of its rows, so the default there is delete: rows that still exist come again in another
        file. Elsewhere the default is keep: a file that is gone was cleared away.
    when_changed: whether a changed file replaces everything that it delivered before, or keeps what is older than its
        first row now: an export of the last days that overwrites itself. The default is keep_older. The rows of a Delta
        table move to other files when one of them is deleted, so there it is about the first row of the table, and of
        the files that are gone.
    """

    path: str
    format: Literal["csv", "json", "parquet", "delta"]
    literal: bool = False
    options: dict[str, str] = Field(default_factory=dict)
    partitions: tuple[str, ...] = ()
    fill_down: FillDown | None = None
    explode: str | None = None
    line_number: LineNumber | None = None
    join: tuple[Join, ...] = ()
    when_gone: Literal["keep", "delete"] | None = None
    when_changed: Literal["keep_older", "replace"] | None = None

    @model_validator(mode="after")
    def fits_the_format(self) -> FileInput:
        if self.format == "csv" and self.explode is not None:
            raise ValueError("has explode, but CSV holds no arrays")
        if self.format == "delta" and self.partitions:
            raise ValueError("has partitions, which a Delta table has as columns")
        if self.format == "delta" and (self.fill_down or self.line_number):
            raise ValueError("has fill_down or line_number, but a Delta table has no order of lines")
        return self

    @property
    def reader_options(self) -> dict[str, str]:
        """`options` with the values of their variables. Raises ConfigurationError where one is not set."""
        return expanded_options(self.options, f"source.files.inputs (path {self.path}) options")

    @property
    def takes_back_gone(self) -> bool:
        return (self.when_gone or ("delete" if self.format == "delta" else "keep")) == "delete"

    @property
    def keeps_older_gone(self) -> bool:
        return self.format == "delta" and self.takes_back_gone and self.when_changed != "replace"

    @property
    def keeps_older(self) -> bool:
        return (self.when_changed or ("replace" if self.format == "delta" else "keep_older")) == "keep_older"

    @property
    def options_by_name(self) -> dict[str, str]:
        """`reader_options` by names in lower case, since Spark reads them so."""
        return {name.lower(): value for name, value in self.reader_options.items()}

    @property
    def encoding(self) -> str:
        options = self.options_by_name
        return options.get("encoding", options.get("charset", "UTF-8"))

    @property
    def has_two_byte_text(self) -> bool:
        """Whether a character takes two bytes or four, so that a byte of a line's end may be half of another one."""
        return self.encoding.upper().replace("_", "-").startswith(("UTF-16", "UTF16", "UTF-32", "UTF32"))
