"""Sends the alerts of a step: log, file, webhook."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import partial

from jobs.alerts.alert import Alert
from jobs.alerts.posting import BackgroundPosting
from jobs.alerts.webhook import Webhook, host_of, post
from jobs.execution.night import Night
from jobs.runtime import clock
from jobs.runtime.errors import ConfigurationError, LongtailError
from jobs.runtime.logs import warning
from jobs.runtime.redaction import hide


def send(
    night: Night,
    step: str,
    alerts: Sequence[Alert],
    *,
    append: bool = False,
    background: BackgroundPosting | None = None,
) -> None:
    """Logs every alert, writes <warehouse>/alerts/<as_of>-<step>.jsonl, and posts them in one message where configured.

    The file is written even without an alert, so that a missing file means that the step did not get this far. A
    webhook that fails is logged and recorded in the decisions of the run; the night continues.

    append: add to the alerts already in the file, as a stream does, and send none of those again; otherwise replace
    background: posts without making the caller wait for the receiver
    """
    files, name = night.files, f"alerts/{night.as_of}-{step}.jsonl"
    written = (files.read(name) or b"").decode("utf-8") if append else ""
    sent = {json.loads(line)["key"] for line in written.splitlines()}
    alerts = [alert.without_secrets() for alert in alerts if alert.key not in sent]
    for alert in alerts:
        warning(f"alert: {alert.text}", step=step, as_of=night.as_of, name=alert.name, severity=alert.severity,
                look_at=alert.look_at)  # fmt: skip
    files.write(name, written + "".join(f"{alert.as_json()}\n" for alert in alerts))
    night.record.rows["alerts"] = len(alerts)
    hook = configured_webhook(night)
    if hook is not None and alerts:
        if background is None:
            _post(night, step, hook, alerts)
        else:
            background.add(alerts, partial(_post, night, step, hook))


def _post(night: Night, step: str, hook: Webhook, alerts: Sequence[Alert]) -> None:
    body = f'{{"run_id": "{night.run_id}", "alerts": [{", ".join(alert.as_json() for alert in alerts)}]}}'.encode()
    try:
        attempts = post(hook, body, now=lambda: clock.now().timestamp())
    except LongtailError as error:
        night.record.decisions["webhook"] = error.problem
        warning("alerts not delivered", step=step, as_of=night.as_of, host=host_of(hook.url), why=error.problem)
    else:
        night.record.decisions["webhook"] = f"accepted {len(alerts)} alerts at attempt {attempts}"


def configured_webhook(night: Night) -> Webhook | None:
    """The webhook that the environment names, or None. Raises ConfigurationError when its secret is not set."""
    conf = night.conf.alerts
    url, secret = os.environ.get(conf.webhook_url_variable), os.environ.get(conf.webhook_secret_variable)
    if not url:
        return None
    for value in (url, secret or ""):
        hide(value)
    if not secret:
        raise ConfigurationError(
            f"{conf.webhook_url_variable} is set, but {conf.webhook_secret_variable} is not.",
            f"Set {conf.webhook_secret_variable}: every message is signed with it.",
        )
    return Webhook(url, secret.encode(), conf.attempts, conf.timeout_seconds)
