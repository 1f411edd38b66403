"""The form of a column of times: its format for Spark, whether it has offsets, and the days that it spans."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

FITTING_SHARE = 0.95  # of the values of a column; real exports have a few that cannot be read
_FIRST_VALUES = 20  # of which a likely form fits one
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?(?: ?(Z|UTC|[+-]\d{2}:?\d{2}))?")
_EPOCH = {10: "seconds", 13: "milliseconds", 16: "microseconds"}  # by the digits of the number
_A_SECOND = {"seconds": 1, "milliseconds": 10**3, "microseconds": 10**6}
_DAYS = (
    "dd.MM.yyyy", "d.M.yyyy", "dd/MM/yyyy", "MM/dd/yyyy", "d/M/yyyy", "M/d/yyyy", "M/d/yy", "dd-MM-yyyy", "yyyy/MM/dd",
    "yyyyMMdd", "MMM d, yyyy",
)  # fmt: skip
_CLOCKS = ("", " HH:mm:ss", " HH:mm", " H:mm", " h:mm a", ", h:mm a", " h:mm:ss a", ", h:mm:ss a", ", HH:mm:ss")
_NARROW = "\u202f"  # the blank before AM and PM in texts of PHP 8.3, which Magento's export has
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TOKENS = {
    "yyyy": r"(?P<y>\d{4})", "yy": r"(?P<y>\d{2})", "MMM": r"(?P<m>[A-Z][a-z]{2})", "MM": r"(?P<m>\d{2})",
    "M": r"(?P<m>\d{1,2})", "dd": r"(?P<d>\d{2})", "d": r"(?P<d>\d{1,2})", "HH": r"\d{2}", "H": r"\d{1,2}",
    "h": r"\d{1,2}", "mm": r"\d{2}", "ss": r"\d{2}", "a": r"[AaPp][Mm]",
}  # fmt: skip


@dataclass(frozen=True)
class TimeForm:
    """How the times of a column are written.

    format: for Spark, None for ISO 8601 and for numbers; unit: of a number since 1970
    has_offset: every value carries its offset from UTC; ambiguous: day and month may be the other way round
    """

    format: str | None = None
    unit: str | None = None
    has_offset: bool = False
    ambiguous: bool = False

    def day(self, value: Any) -> date | None:
        """The day of one value, None if it is not of this form."""
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        text = str(value).strip() if value is not None else ""
        if self.unit is not None:
            return _day_of_number(text, self.unit)
        match = (_ISO if self.format is None else _pattern(self.format)).fullmatch(text)
        if match is None:
            return None
        year, month, day = match.group(1, 2, 3) if self.format is None else match.group("y", "m", "d")
        number = _MONTHS.index(month.lower()) + 1 if month.lower() in _MONTHS else int(month)
        try:
            return date(int(year) + (2000 if len(year) == 2 else 0), number, int(day))
        except ValueError:
            return None


def time_form(values: list[Any]) -> TimeForm | None:
    """The form that nearly all of these values have, None if there is none; values of type datetime are in UTC."""
    if not values:
        return None
    if all(isinstance(value, date) for value in values):
        return TimeForm(has_offset=True)
    texts = [str(value).strip() for value in values]
    form = _form_of_texts([text.replace(_NARROW, " ") for text in texts])
    if form is None or form.format is None or not any(_NARROW in text for text in texts):
        return form
    return replace(form, format=form.format.replace(" a", f"{_NARROW}a"))


def _form_of_texts(texts: list[str]) -> TimeForm | None:
    matches = [match for match in map(_ISO.fullmatch, texts) if match is not None]
    if len(matches) >= FITTING_SHARE * len(texts):
        return TimeForm(has_offset=all(match.group(4) for match in matches))
    for digits, unit in _EPOCH.items():
        if sum(bool(re.fullmatch(rf"\d{{{digits}}}(\.\d+)?", text)) for text in texts) >= FITTING_SHARE * len(texts):
            return TimeForm(unit=unit, has_offset=True)
    forms = [TimeForm(format=day + clock) for day in _DAYS for clock in _CLOCKS]
    likely = [form for form in forms if any(form.day(text) is not None for text in texts[:_FIRST_VALUES])]
    counts = {form: sum(form.day(text) is not None for text in texts) for form in likely}
    most = max(counts.values(), default=0)
    if most < FITTING_SHARE * len(texts):
        return None
    fitting = [form for form, count in counts.items() if count == most]
    both_ways = {form.format[0] for form in fitting if form.format and form.format[0] in "dM"} == {"d", "M"}
    return TimeForm(format=fitting[0].format, ambiguous=both_ways)


def span(values: Iterable[Any], form: TimeForm) -> tuple[date, date] | None:
    """The first and the last plausible day of these values."""
    first = last = None
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    for value in values:
        day = form.day(value)
        if day is None or not date(2000, 1, 1) <= day <= tomorrow:
            continue
        first = day if first is None or day < first else first
        last = day if last is None or day > last else last
    return None if first is None or last is None else (first, last)


def _day_of_number(text: str, unit: str) -> date | None:
    try:
        return datetime.fromtimestamp(float(text) / _A_SECOND[unit], UTC).date()
    except (ValueError, OverflowError, OSError):
        return None


@cache
def _pattern(form: str) -> re.Pattern[str]:
    parts = re.findall(r"yyyy|yy|MMM|MM|M|dd|d|HH|H|h|mm|ss|a|.", form)
    return re.compile("".join(_TOKENS.get(part, re.escape(part)) for part in parts))
