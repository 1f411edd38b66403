"""The merchandiser's pins and bans: a CSV with dates and owners."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jobs.runtime.errors import ConfigurationError

COLUMNS = ("item_id", "action", "share", "starts_on", "ends_on", "owner")


@dataclass(frozen=True)
class Wish:
    """One line: what an owner wants of an item from `starts_on` to `ends_on`, both included; an open end is None.

    share: of all expected exposure, that a pinned item gets at least; 0 for a ban
    """

    line: int
    item_id: str
    action: str
    share: float
    starts_on: date | None
    ends_on: date | None
    owner: str

    def holds(self, as_of: date) -> bool:
        """Whether the wish is in force on a date; both ends belong to it."""
        begun = self.starts_on is None or self.starts_on <= as_of
        return begun and (self.ends_on is None or as_of <= self.ends_on)

    @property
    def in_words(self) -> str:
        """'pinned by Ann until 2017-12-24'."""
        what = "pinned" if self.action == "pin" else "banned"
        return f"{what} by {self.owner}" + (f" until {self.ends_on}" if self.ends_on else "")


@dataclass(frozen=True)
class Merchandising:
    """The wishes that hold on a night, by item."""

    pins: dict[str, Wish]
    bans: dict[str, Wish]


NONE = Merchandising({}, {})


def merchandising_on(path: str | None, as_of: date) -> Merchandising:
    """The wishes of the file that hold on `as_of`.

    Raises ConfigurationError naming file and line when the file cannot be read or a line is wrong, and when an item is
    pinned and banned at once or pinned twice.
    """
    if path is None:
        return NONE
    pins: dict[str, Wish] = {}
    bans: dict[str, Wish] = {}
    for wish in _wishes(Path(path)):
        if not wish.holds(as_of):
            continue
        if wish.action == "pin" and wish.item_id in pins:
            raise ConfigurationError(
                f"{path}: item {wish.item_id} is pinned in line {pins[wish.item_id].line} and in line {wish.line}.",
                "Keep one of the lines.",
            )
        (pins if wish.action == "pin" else bans)[wish.item_id] = wish
    for item in sorted(set(pins) & set(bans)):
        pin, ban = pins[item], bans[item]
        raise ConfigurationError(
            f"{path}: on {as_of} item {item} is {pin.in_words} (line {pin.line}) and {ban.in_words} (line {ban.line}).",
            "Their owners have to agree; correct one of the lines.",
        )
    return Merchandising(pins, bans)


def _wishes(path: Path) -> list[Wish]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise ConfigurationError(
                    f"{path}: the column {missing[0]} is missing.", f"Its columns are {', '.join(COLUMNS)}."
                )
            return [_wish(path, reader.line_num, row) for row in reader]
    except OSError as error:
        raise ConfigurationError(
            f"plan.merchandising: {path} cannot be read ({error.strerror}).", "Name an existing file, or null."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"plan.merchandising: {path} is not in UTF-8 (byte {error.start} of it).",
            "Save it as UTF-8, which a spreadsheet offers as 'CSV UTF-8'.",
        ) from error


def _wish(path: Path, line: int, row: dict[str, str | None]) -> Wish:
    text = {name: (row[name] or "").strip() for name in COLUMNS}
    try:
        if not text["item_id"] or not text["owner"]:
            raise ValueError("item_id and owner must not be empty")
        if text["action"] not in ("pin", "ban"):
            raise ValueError(f"action is {text['action']!r}, not pin or ban")
        share = float(text["share"]) if text["action"] == "pin" else 0.0
        if text["action"] == "pin" and not 0 < share <= 1:
            raise ValueError(f"share is {share:g}, not above 0 and at most 1")
        starts, ends = (date.fromisoformat(text[name]) if text[name] else None for name in ("starts_on", "ends_on"))
        if starts and ends and ends < starts:
            raise ValueError(f"ends_on {ends} is before starts_on {starts}")
    except ValueError as error:
        raise ConfigurationError(f"{path}: line {line}: {error}.", "Correct the line.") from error
    return Wish(line, text["item_id"], text["action"], share, starts, ends, text["owner"])
