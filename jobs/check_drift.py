"""Measures how far the night is from the last one, alerts, and stops it before publishing where a bar says so."""

from __future__ import annotations

from jobs.alerts.alert import Alert
from jobs.alerts.sending import send
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.quality.drift import keep_drift, measured_drift
from jobs.runtime.errors import Refused

_LOOK_AT = {
    "texts": "text_hash in item_features: a changed export rewrites titles; only its texts are embedded anew",
    "embeddings": "user_embeddings and the encoder version in runs: the shoppers' texts or the encoder changed",
    "scores": "relevance, model_version in runs, and the drift of the features in metrics (feature_drift)",
    "response": "daily_item by category: a season, a sale, or an export that lacks a part of the shop",
    "response_level": "daily_item by day: a season, a sale, a shop that is down, or an export that lacks a part",
}


def check_drift(night: Night) -> None:
    """Measures how far the night is from the last one, alerts, and stops it before publishing where a bar says so.

    Writes drift_<name> to metrics. Exit code 3 where a figure is above a bar of drift.bars whose action is stop.
    """
    figures = measured_drift(night)
    keep_drift(night, figures)
    alerts, stopping = [], []
    for name, value in sorted(figures.items()):
        bar = getattr(night.conf.drift.bars, name)
        if value > bar.most:
            text = f"drift of {name} is {value:.4g}, the bar is {bar.most:g}"
            severity = "critical" if bar.action == "stop" else "warning"
            alerts.append(
                Alert(f"drift.{name}", severity, night.as_of, name, text, _LOOK_AT[name], value, bar.most)  # type: ignore[arg-type]
            )
            if bar.action == "stop":
                stopping.append(text)
    send(night, "check_drift", alerts)
    night.record.rows["figures"] = len(figures)
    if stopping:
        raise Refused(
            f"The night of {night.as_of} is too far from the last one: {'; '.join(stopping)}.",
            "Nothing was published. Look at what the alert names; where it is meant to be so, raise drift.bars and "
            "run from check_drift on.",
        )


if __name__ == "__main__":
    main_of(check_drift)
