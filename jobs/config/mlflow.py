"""The section `mlflow` of the configuration: tracking and registry."""

from __future__ import annotations

from jobs.config.section import Section


class MLflow(Section):
    tracking_uri: str | None
    registered_model: str
    experiment: str
