"""Every sentence of the report of a check, so that they can be read in one place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from model.periods import Periods

NOTHING_NEW = "Every file was ingested by an earlier night. --all checks them again, as a first night would."
NO_MISTAKES = "None found."
UNMAPPED_ALL = "Every column is mapped."

_TIMES = "give `format` and `zone` of the times, and `values` that turn a word for no time into null"
# What to do about a reason of rejected or parked rows, or of values that are left out; the first text that the reason
# contains.
REMEDIES = {
    **dict.fromkeys(("time_unreadable", "_at_unreadable", "valid_from_unreadable", "valid_to_unreadable"), _TIMES),
    "price_unreadable": "set source.currency to that of the amounts, give `decimal_comma`, or `sql` that reads them",
    "_unreadable": "give `decimal_comma`, or `sql` that reads such values",
    "event_type_": "give `values`, which turn the shop's words into ours",
    "_missing": "leave such rows out with `where`; a value that is on another line of the same order is "
    "{sql: max(COLUMN) OVER (PARTITION BY ORDER)}",
    "item_unknown": "the files of items lack it; compare how both files write the id. Lines of items that were deleted "
    "since wait harmlessly; leave out tips and fees with `where`",
    "user_unknown": "the files of users lack it; compare how both files write the id",
    "key_with_several_contents": "give each row an id of its own, such as order and line",
    "return_without_purchase": "its purchase is older than the export",
    "header_repeated": "files were joined with their headers; such rows do no harm",
    "total_row": "a row of totals, which does no harm",
    "line_malformed": "check the separator, and set the option multiLine if texts contain line breaks",
    "quantity_negative": "map such rows to the type return, with the quantity without its sign",
    "_absurd": "check the format, the unit or the decimal comma",
    "_bad_utf8": "set the option encoding",
}


def remedy(reason: str) -> str:
    """What to do about a reason, '' where there is nothing general to say."""
    return next((text for part, text in REMEDIES.items() if part in reason), "")


def read_files(name: str, read: int, present: int, path: str) -> str:
    files = "1 file" if present == 1 else f"{present:,} files"
    part = "" if read == present else f", {read:,} of them read: the oldest and the newest by name"
    return f"{name}: {files} ({path}){part}"


def rows_of_table(table: str, rows_in: int, accepted: int) -> str:
    return f"{table}: {rows_in:,} rows, {accepted:,} accepted"


def outcome(rows: int, name: str, reason: str) -> str:
    return f"{rows:,} {name}" + (f", {reason}" if reason else "")


def values_left_out(rows: int, reason: str) -> str:
    return f"{rows:,} kept without a value, {reason}"


def unmapped(name: str, columns: Sequence[str]) -> str:
    return f"{name}: {', '.join(columns)}"


def header_as_data(name: str, rows: int) -> str:
    repeat = "1 row repeats" if rows == 1 else f"{rows:,} rows repeat"
    return f"{name}: {repeat} the header. A night leaves such rows out."


def data_as_header(name: str, columns: Sequence[str]) -> str:
    return (
        f"{name}: the header looks like data ({', '.join(columns[:4])}). If the file has no header, set the option "
        "header to false; its columns are then _c0, _c1 and so on."
    )


def one_shopper(user: str, share: float, shoppers: int) -> str:
    return (
        f"The shopper {user!r} has {share:.0%} of the events of {shoppers:,} shoppers. If this is a "
        "word for guests, a test or the till, leave it out with `where`."
    )


def guest_words(users: Sequence[str], events: int) -> str:
    if len(users) == 1:
        what = f"{users[0]!r} is a shopper with {events:,} events, but reads like a word for a guest."
    else:
        words = " and ".join(map(repr, users))
        what = f"{words} are shoppers with {events:,} events, but read like words for guests."
    return f"{what} Leave such rows out with `where`."


def forms_of_id(what: str, ids: int, first: str, second: str, how: str) -> str:
    number = "One id differs" if ids == 1 else f"{ids:,} ids differ"
    return (
        f"{number} from another {what} by {how} alone, such as {first!r} and {second!r}. If they are the same, "
        "write them alike with `sql`."
    )


def lost_days(file: str, first: date, events: int, stored: date) -> str:
    return (
        f"{file} now begins on {first}; {events:,} events from {stored} on, which it delivered before, are no "
        "longer in it. With when_changed: replace an export of the last days loses history: leave that key out, or "
        "write each delivery under a name of its own."
    )


def rolling_file(file: str, days: int, first: date) -> str:
    return (
        f"{file} holds {days} days, from {first} on. If each delivery of the last days overwrites it, earlier days "
        "are lost with when_changed: replace. Leave that key out, or write each delivery under a name of its own."
    )


def short_history(days: int, first: date, needed: int, horizon: int, periods: int, within: Periods | None) -> str:
    instead = (
        f"The first night trains on {len(within.second_stage)} periods of {within.horizon_days} days instead."
        if within
        else "The first night ranks by popularity and texts instead."
    )
    return (
        f"The events begin on {first}, {days} days before the night. A training with relevance.horizon_days "
        f"{horizon} and fusion.periods {periods} needs at least {needed} days. {instead} Export more days, if the shop "
        "has them."
    )


def late_items(since: date, first: date) -> str:
    return (
        f"Items are known from {since} on, events from {first}. Models train on past nights, which then have no "
        "items: as updated_at of the first export, give the day from which an item was as exported, such as that "
        "of its listing."
    )


def unknown_shares(what: str, share: float, complete: bool) -> str:
    why = "compare how both files write the id" if complete else "or its row is in a file that the sample leaves out"
    return f"{share:.0%} of the events are of {what} that no file of {what} has: {why}."


def no_rows(table: str) -> str:
    return f"No row of {table} is accepted, so there would be no night."


def refused(problem: str) -> str:
    return f"ingest would stop here: {problem}"


def next_after_errors(conf: str) -> str:
    return f"Next: correct {conf}, then check again\n  make job JOB=check_source CONF={conf}"


def next_night(conf: str, as_of: date) -> str:
    return f"Next: the first lists\n  make nightly CONF={conf} AS_OF={as_of}"


def next_check(conf: str) -> str:
    return f"Next: correct the lines with CHECK in {conf}, then\n  make job JOB=check_source CONF={conf}"
