"""The text of a night for people: a title, parts of some lines, and where the rest is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from jobs.config.message_template import FIELDS, PARTS
from jobs.runtime.redaction import redacted

CUT = "\N{HORIZONTAL ELLIPSIS}"  # a line in place of those that a receiver does not take


@dataclass(frozen=True)
class Message:
    """A message without markup, before a format escapes it.

    parts: by name, of PARTS; the first line of a part is its heading
    page: the last line, which names the page; is_cut: whether parts are missing
    """

    night: date
    run_id: str
    title: str
    parts: Mapping[str, tuple[str, ...]]
    page: str
    is_cut: bool = False

    @property
    def blocks(self) -> list[tuple[str, ...]]:
        """Title, parts and last line, each as its lines; parts without lines are left out."""
        parts = [self.parts[name] for name in PARTS if self.parts.get(name)]
        return [(self.title,), *parts, *([(CUT,)] if self.is_cut else []), (self.page,)]

    @property
    def text(self) -> str:
        """All lines, with an empty one between blocks."""
        return "\n\n".join("\n".join(lines) for lines in self.blocks)

    @property
    def fields(self) -> dict[str, str]:
        """The values of FIELDS."""
        parts = {name: "\n".join(self.parts.get(name, ())) for name in PARTS}
        other = {"title": self.title, "text": self.text, "page": self.page, "night": str(self.night)}
        values = other | parts | {"run": self.run_id}
        return {name: values[name] for name in FIELDS}

    def shorter(self) -> Iterator[Message]:
        """The message shorter and shorter, for receivers that take little.

        The longest parts lose their last lines, down to the heading and one line, so that alerts stay however many
        rules there are; then the last parts go. Title and page stay.
        """
        for most in range(max(map(len, self.parts.values()), default=0) - 1, 1, -1):
            parts = {name: _first(lines, most) for name, lines in self.parts.items()}
            yield replace(self, parts=parts)
        names = [name for name in PARTS if name in self.parts]
        for count in range(len(names) - 1, -1, -1):
            yield replace(self, parts={name: _first(self.parts[name], 2) for name in names[:count]}, is_cut=True)

    def without_secrets(self) -> Message:
        """The message with redacted lines, each of them one line."""
        return replace(
            self,
            title=_line(self.title),
            parts={name: tuple(filter(None, map(_line, lines))) for name, lines in self.parts.items()},
            page=_line(self.page),
        )


def _first(lines: tuple[str, ...], most: int) -> tuple[str, ...]:
    return lines if len(lines) <= most else (*lines[:most], CUT)


def _line(text: str) -> str:
    """The text without secrets, in one line of printable characters: names in a store's data may hold any."""
    return "".join(filter(str.isprintable, " ".join(redacted(text).split())))
