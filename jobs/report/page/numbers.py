"""Numbers and changes in the words of the page."""

from __future__ import annotations

from jobs.report.page.parts import Change

NONE = "\N{EN DASH}"  # where there is no number
SAME = 0.0005  # a relative change below this is none


def amount(value: float) -> str:
    """Three figures that matter, thousands set apart: 48,213 · 512 · 3.14 · 2 · 0.00135; never a power of ten."""
    size = abs(value)
    if size >= 100 or value == round(value):
        return f"{round(value):,}"
    if size >= 10:
        return f"{value:,.1f}"
    if size >= 0.1:
        return f"{value:.2f}"
    return f"{value:.3g}" if size >= 1e-4 else f"{value:.6f}".rstrip("0").rstrip(".") or "0"


def short(value: float) -> str:
    """As `amount`, from ten thousand on in thousands or millions: 1,500 · 250k · 1.2M."""
    for size, sign in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= 10 * size or (abs(value) >= size and sign == "M"):
            return f"{value / size:,.4g}{sign}"
    return amount(value)


def percent(share: float) -> str:
    """A share in per cent with the figures that matter: 12.3 %, 0.4 %."""
    return f"{100 * share:.1f} %" if share < 0.9995 or share == 1 else f"{100 * share:.2f} %"


def seconds(value: float) -> str:
    """12.3 s, or 2 min 5 s."""
    if value < 60:
        return f"{value:.1f} s"
    whole = round(value)
    return f"{whole // 60} min {whole % 60} s"


def change(now: float | None, then: float | None, against: str, *, points: bool = False) -> Change:
    """How `now` differs from `then`: relative, or in points where both are shares; says so where one is missing."""
    if now is None or then is None:
        return Change(against, "nothing to compare with", "none")
    moved = now - then
    if points:
        text, small = f"{100 * moved:+.1f} points", abs(moved) < SAME
    elif then == 0:
        text, small = f"{amount(moved)} from 0", moved == 0
    else:
        text, small = f"{100 * moved / abs(then):+.1f} %", abs(moved / then) < SAME
    if small:
        return Change(against, "unchanged", "same")
    return Change(against, text, "up" if moved > 0 else "down")
