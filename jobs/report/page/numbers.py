"""How numbers are written wherever a person reads them: page, summary, what-if, show and alerts."""

from __future__ import annotations

from collections.abc import Callable
from math import copysign, floor, log10

from jobs.language.sentences import say
from jobs.report.page.parts import Change

NONE = "\N{EN DASH}"  # stands where a figure is missing
SAME = 0.0005  # a relative change, or a difference of shares, below it reads as unchanged
_MOST_DECIMALS = 4  # of a percentage


def amount(value: float) -> str:
    """Three significant figures, thousands grouped: 48,213 · 512 · 3.14 · 2 · 0.00135; never a power of ten."""
    size = abs(value)
    if size >= 100 or value == round(value):
        return f"{round(value):,}"
    if size >= 10:
        return f"{value:,.1f}"
    if size >= 0.1:
        return f"{value:.2f}"
    if size >= 1e-4:
        return f"{value:.3g}"
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def short(value: float) -> str:
    """As `amount`, from ten thousand on in thousands or millions: 1,500 · 250k · 1.2M."""
    for size, sign in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= 10 * size or (abs(value) >= size and sign == "M"):
            return f"{value / size:,.4g}{sign}"
    return amount(value)


def percent(share: float) -> str:
    """A share in per cent: 80 % · 12.3 % · 7.6 % · 0.034 %; what is not quite all reads at most 99.99 %."""
    size = abs(100 * share)
    if round(size, _MOST_DECIMALS) == 0:
        return _per_cent("0")
    if size > 100 or abs(size - round(size)) < 1e-9:
        return _per_cent(f"{100 * share:,.0f}")
    if size >= 99.95:
        return _per_cent(f"{copysign(min(size, 99.99), share):.2f}")
    if size >= 0.995:
        return _per_cent(f"{100 * share:.1f}")
    return _per_cent(f"{100 * share:.{min(1 - floor(log10(size)), _MOST_DECIMALS)}f}")


def _per_cent(number: str) -> str:
    return say("{number} %", number=number)


def index(value: float) -> str:
    """An index without a unit, such as Gini's: 0.943."""
    return f"{value:.3f}"


def money(value: float, currency: str = "") -> str:
    """An amount of money: 1,234.50 USD; without its currency where a heading names it."""
    return f"{value:,.2f} {currency}".rstrip()


def seconds(value: float) -> str:
    """A duration: 12.3 s · 2 min 5 s · 1 h 3 min."""
    if value < 59.95:
        return say("{seconds} s", seconds=f"{value:.1f}")
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return say("{minutes} min {rest} s", minutes=minutes, rest=rest)
    hours, minutes = divmod(round(value / 60), 60)
    return say("{hours} h {minutes} min", hours=hours, minutes=minutes)


def signed(value: float, words: Callable[[float], str] = amount) -> str:
    """A difference with its sign, +12.3 or -7.6 %; one that rounds to nothing has none."""
    text = words(value)
    return f"+{text}" if value > 0 and text != words(0.0) else text


def change(now: float | None, then: float | None, against: str, *, points: bool = False) -> Change:
    """How `now` differs from `then`: relative, or in percentage points where both are shares."""
    if now is None or then is None:
        return Change(against, say("nothing to compare with"), "none")
    moved = now - then
    if points:
        text, small = say("{moved} points", moved=f"{100 * moved:+.1f}"), abs(moved) < SAME
    elif then == 0:
        text, small = say("{moved} from 0", moved=amount(moved)), moved == 0
    else:
        text, small = relative(now, then), abs(moved / then) < SAME
    if small:
        return Change(against, say("unchanged"), "same")
    return Change(against, text, "up" if moved > 0 else "down")


def relative(now: float, then: float) -> str:
    """The change from `then`, which is not 0, in per cent with its sign: +12.3 %."""
    return _per_cent(f"{100 * (now - then) / abs(then):+,.1f}")
