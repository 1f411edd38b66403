"""The inputs of a source of files: where they are and how they are read."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from jobs.config.section import Section
from jobs.config.variables import expanded_options


class FileInput(Section):
    """Files of one kind.

    options: options of Spark's reader, with names of environment variables as ${NAME}
    when_gone: whether to keep or delete the events and promotions of a file that is gone. A Delta table rewrites a file
        to change or delete one of its rows, so the default there is delete: rows that still exist come again in another
        file. Elsewhere the default is keep: a file that is gone was cleared away.
    when_changed: whether a changed file replaces everything that it delivered before, or keeps what is older than its
        first row now: an export of the last days that overwrites itself. The default is keep_older; of a Delta table,
        whose rows are deleted one by one, it is replace.
    """

    path: str
    format: Literal["csv", "json", "parquet", "delta"]
    options: dict[str, str] = Field(default_factory=dict)
    when_gone: Literal["keep", "delete"] | None = None
    when_changed: Literal["keep_older", "replace"] | None = None

    @property
    def reader_options(self) -> dict[str, str]:
        """`options` with the values of their variables. Raises ConfigurationError where one is not set."""
        return expanded_options(self.options, f"source.files.inputs (path {self.path}) options")

    @property
    def takes_back_gone(self) -> bool:
        return (self.when_gone or ("delete" if self.format == "delta" else "keep")) == "delete"

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
