"""Measures how far the night is from the previous one, and stops it where a figure is beyond a bar that stops."""

from __future__ import annotations

from jobs.alerts.alert import Alert
from jobs.alerts.sending import send
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.language.sentences import speaking
from jobs.quality.drift import measured_drift, write_drift
from jobs.report.drift_in_words import drift_figures
from jobs.report.response_in_words import words_of
from jobs.runtime.errors import Refused


def check_drift(night: Night) -> None:
    """Measures how far the night is from the previous one, and stops it where a figure is beyond a bar that stops.

    Writes drift_<name> to metrics and sends an alert for every figure beyond its bar in drift.bars. Exit code 3 where
    the action of such a bar is stop.
    """
    figures = measured_drift(night)
    write_drift(night, figures)
    beyond = {
        name: value for name, value in sorted(figures.items()) if value > getattr(night.conf.drift.bars, name).most
    }
    send(night, "check_drift", [_alert(night, name, value) for name, value in beyond.items()])
    night.record.rows["figures"] = len(figures)
    stopping = [name for name in beyond if getattr(night.conf.drift.bars, name).action == "stop"]
    if stopping:
        raise Refused(
            f"The night of {night.as_of} is too far from the previous one: "
            + " ".join(_sentence(night, name, beyond[name]) for name in stopping),
            "Nothing was published. Look at what the alert names; if the change is meant, raise drift.bars and run "
            "again from check_drift.",
        )


def _alert(night: Night, name: str, value: float) -> Alert:
    bar = getattr(night.conf.drift.bars, name)
    with speaking(night.conf.report.language):
        return Alert(
            f"drift.{name}", "critical" if bar.action == "stop" else "warning", night.as_of, name,
            _sentence(night, name, value), drift_figures(words_of(night.conf.relevance))[name].remedy, value, bar.most,
        )  # fmt: skip


def _sentence(night: Night, name: str, value: float) -> str:
    figure = drift_figures(words_of(night.conf.relevance))[name]
    return figure.beyond(value, getattr(night.conf.drift.bars, name).most)


if __name__ == "__main__":
    main_of(check_drift)
