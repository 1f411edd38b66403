"""The section `alerts` of the configuration: the webhook."""

from __future__ import annotations

from jobs.config.section import Positive, PositiveFloat, Section


class Alerts(Section):
    webhook_url_variable: str
    webhook_secret_variable: str
    attempts: Positive
    timeout_seconds: PositiveFloat
