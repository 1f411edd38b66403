"""Measures what the tail got, writes the figures to metrics, and writes the night's report page."""

from __future__ import annotations

from features.contract import METRICS
from jobs.alerts.sending import send
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.quality.health import write_health
from jobs.report.night_alerts import night_alerts
from jobs.report.night_message import send_summary
from jobs.report.night_page import page_sections, reading_of, write_page


def monitor(night: Night) -> None:
    """Measures what the tail got, writes the figures to metrics, and writes the night's report page.

    The page is <warehouse>/reports/<as_of>.html, one self-contained file. What has to reach a person at once goes to
    the log, to <warehouse>/alerts, and to the webhook where one is set. The receivers of alerts.summary_to get the
    summary of a published night.
    """
    write_health(night)
    reading = reading_of(night)
    sections = page_sections(reading)
    night.record.decisions["page"] = write_page(night, reading, sections)
    send(night, "monitor", night_alerts(reading))
    night.record.rows |= {"figures": night.tables.read_date(METRICS, night.as_of).count()}
    send_summary(night, reading, sections)


if __name__ == "__main__":
    main_of(monitor)
