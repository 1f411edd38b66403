"""The merchandiser's pins and bans, with dates and owners: a CSV, and keys of the plan over it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date
from typing import Literal

from jobs.config.plan import Ban, Pin, Plan
from jobs.runtime.errors import ConfigurationError
from jobs.runtime.place import content_at
from model.exposure.reasons import banned_by, pinned_by
from model.phrases import ENGLISH

COLUMNS = ("item_id", "action", "share", "starts_on", "ends_on", "owner")


@dataclass(frozen=True)
class MerchandisingRule:
    """A line of the file: an owner pins or bans an item from `starts_on` to `ends_on`, both included.

    line: 0 for a key of the plan
    share: of all expected exposure, that a pinned item gets at least; 0 for a ban
    starts_on, ends_on: None where the rule has no such end
    """

    line: int
    item_id: str
    action: str
    share: float
    starts_on: date | None
    ends_on: date | None
    owner: str

    def holds(self, as_of: date) -> bool:
        """Whether the rule is in force on a date."""
        begun = self.starts_on is None or self.starts_on <= as_of
        return begun and (self.ends_on is None or as_of <= self.ends_on)

    @property
    def place(self) -> str:
        """'line 3', 'plan.pins'."""
        return f"line {self.line}" if self.line else f"plan.{self.action}s"

    @property
    def in_words(self) -> str:
        """'pinned by Ann until 2017-12-24'."""
        return self.said_in(ENGLISH)

    def said_in(self, language: str) -> str:
        """The rule in words of a language."""
        by = pinned_by if self.action == "pin" else banned_by
        return by(self.owner, self.ends_on, language)


@dataclass(frozen=True)
class Merchandising:
    """The rules that are in force on a night, by item."""

    pins: dict[str, MerchandisingRule]
    bans: dict[str, MerchandisingRule]


NONE = Merchandising({}, {})


def merchandising_on(path: str | None, as_of: date) -> Merchandising:
    """The rules of the file, at a path or URI, that are in force on `as_of`; none where path is None.

    Raises ConfigurationError naming file and line when the file cannot be read or a line is wrong, and when an item is
    pinned and banned at once or pinned twice.
    """
    if path is None:
        return NONE
    pins: dict[str, MerchandisingRule] = {}
    bans: dict[str, MerchandisingRule] = {}
    for rule in _rules_of(path):
        if not rule.holds(as_of):
            continue
        if rule.action == "pin" and rule.item_id in pins:
            raise ConfigurationError(
                f"{path}: item {rule.item_id} is pinned in line {pins[rule.item_id].line} and in line {rule.line}.",
                "Keep one of the lines.",
            )
        (pins if rule.action == "pin" else bans)[rule.item_id] = rule
    return _agreed(path, Merchandising(pins, bans), as_of)


def merchandising_of(plan: Plan, as_of: date) -> Merchandising:
    """The rules of `plan.merchandising` under those of `plan.pins` and `plan.bans`.

    Raises ConfigurationError as `merchandising_on`.
    """
    of_file = merchandising_on(plan.merchandising, as_of)
    pins = {**of_file.pins, **{item: _of_plan("pin", item, pin) for item, pin in plan.pins.items()}}
    bans = {**of_file.bans, **{item: _of_plan("ban", item, ban) for item, ban in plan.bans.items()}}
    held = Merchandising(
        {item: pin for item, pin in pins.items() if pin is not None and pin.holds(as_of)},
        {item: ban for item, ban in bans.items() if ban is not None and ban.holds(as_of)},
    )
    return _agreed("plan.pins", held, as_of)


def _of_plan(action: Literal["pin", "ban"], item: str, rule: Ban | None) -> MerchandisingRule | None:
    if rule is None:
        return None
    share = rule.share if isinstance(rule, Pin) else 0.0
    return MerchandisingRule(0, item, action, share, None, rule.ends_on, rule.owner)


def _agreed(origin: str, merchandising: Merchandising, as_of: date) -> Merchandising:
    for item in sorted(merchandising.pins.keys() & merchandising.bans.keys()):
        pin, ban = merchandising.pins[item], merchandising.bans[item]
        raise ConfigurationError(
            f"{origin}: on {as_of} item {item} is {pin.in_words} ({pin.place}) and {ban.in_words} ({ban.place}).",
            "Their owners have to agree; correct one of them.",
        )
    return merchandising


def _rules_of(path: str) -> list[MerchandisingRule]:
    try:
        reader = csv.DictReader(io.StringIO(content_at(path).decode("utf-8-sig"), newline=""))
    except OSError as error:
        raise ConfigurationError(
            f"plan.merchandising: {path} cannot be read ({error.strerror}).", "Name an existing file, or null."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"plan.merchandising: {path} is not in UTF-8 (byte {error.start} of it).",
            "Save it as UTF-8, which a spreadsheet offers as 'CSV UTF-8'.",
        ) from error
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise ConfigurationError(
            f"plan.merchandising: {path} has no column {missing[0]}.", f"Its columns are {', '.join(COLUMNS)}."
        )
    return [_rule(path, reader.line_num, row) for row in reader]


def _rule(path: str, line: int, row: dict[str, str | None]) -> MerchandisingRule:
    text = {name: (row[name] or "").strip() for name in COLUMNS}
    try:
        if not text["item_id"] or not text["owner"]:
            raise ValueError("item_id and owner must not be empty")
        if text["action"] not in ("pin", "ban"):
            raise ValueError(f"action is {text['action']!r}, not pin or ban")
        share = _share(text["share"]) if text["action"] == "pin" else 0.0
        starts_on, ends_on = (_date_or_open(name, text[name]) for name in ("starts_on", "ends_on"))
        if starts_on and ends_on and ends_on < starts_on:
            raise ValueError(f"ends_on {ends_on} is before starts_on {starts_on}")
    except ValueError as error:
        raise ConfigurationError(f"{path}: line {line}: {error}.", "Correct the line.") from error
    return MerchandisingRule(line, text["item_id"], text["action"], share, starts_on, ends_on, text["owner"])


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise ValueError(f"share is {text!r}; a pin needs a number above 0 and at most 1, such as 0.01")
    return share


def _date_or_open(column: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError(f"{column} is {text!r}; write a date as 2017-12-24, or nothing") from None
