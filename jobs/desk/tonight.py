"""The page of one night: the sections of the morning page that need no Spark, and its alerts."""

from __future__ import annotations

from collections.abc import Callable

from features.contract.metrics import EXPOSURE_ALLOCATED
from jobs.alerts.stored import names_of, stored_alerts
from jobs.desk.figures import StoredFigures
from jobs.report.night_figures import NightFigures
from jobs.report.page.parts import Block, Section, Words
from jobs.report.sections.delivery import delivery
from jobs.report.sections.drift import drift
from jobs.report.sections.exposure import exposure
from jobs.report.sections.headline import headline
from jobs.report.sections.model import model
from jobs.report.sections.prices import prices
from jobs.report.sections.run_times import run_times
from jobs.report.sections.shoppers import shoppers

_MEASURED: tuple[Callable[[NightFigures], Section], ...] = (headline, exposure)  # by monitor, the last step
_OTHERS: tuple[Callable[[NightFigures], Section], ...] = (delivery, prices, model, drift, run_times)


def tonight_sections(figures: StoredFigures) -> list[Section]:
    """The sections, alerts after the headline; without what a night that is being written has not computed yet."""
    measured = figures.figure(EXPOSURE_ALLOCATED) is not None
    first = [section(figures) for section in _MEASURED] if measured else [_unmeasured()]
    groups = [shoppers(figures)] if measured and figures.conf.report.shopper_attributes else []
    return [first[0], _alerts(figures), *first[1:], *(section(figures) for section in _OTHERS), *groups]


def _unmeasured() -> Section:
    words = Words(
        ("The figures of this night are computed by its last step, which has not ended yet.",), (), mark="warn"
    )
    return Section("headline", "At a glance", "", (words,))


def _alerts(figures: StoredFigures) -> Section:
    """The alerts of the night's steps, critical ones first, from the files that each step wrote."""
    tables = figures.tables
    names = names_of(figures.as_of, tables.names("alerts"))
    alerts = stored_alerts(names, tables.file)
    blocks: tuple[Block, ...] = tuple(
        Words(
            (alert["text"], alert["look_at"]), (), alert["name"], "bad" if alert["severity"] == "critical" else "warn"
        )
        for alert in alerts
    )
    if not names:
        blocks = (Words(("No step of this night has written alerts yet.",), (), mark="warn"),)
    elif not alerts:
        blocks = (Words(("No alert: every figure is within its bars.",), (), mark="good"),)
    return Section("alerts", "Alerts", "", blocks)
