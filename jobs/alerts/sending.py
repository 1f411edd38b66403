"""Sends the alerts of a step: log, file, webhook."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import partial

from jobs.alerts.alert import Alert
from jobs.alerts.posting import PostingBeside
from jobs.alerts.webhook import Webhook, post
from jobs.execution.night import Night
from jobs.runtime import clock
from jobs.runtime.atomic_file import write_atomically
from jobs.runtime.errors import ConfigurationError, LongtailError
from jobs.runtime.logs import event


def send(
    night: Night, step: str, alerts: Sequence[Alert], *, added: bool = False, beside: PostingBeside | None = None
) -> None:
    """Logs every alert, writes <warehouse>/alerts/<as_of>-<step>.jsonl, and posts them in one message where configured.

    The file is there even when there is no alert, so that its absence says that the step did not come so far. A webhook
    that fails is an event of the log and a decision of the run, not the end of the night. added: the alerts follow
    those that are in the file already, as a stream's do, and one that is there is not sent again; otherwise they take
    their place. beside: posts for a caller that must not wait for a receiver; otherwise it is waited for.
    """
    folder = night.folder / "alerts"
    place = folder / f"{night.as_of}-{step}.jsonl"
    before = place.read_text(encoding="utf-8") if added and place.exists() else ""
    sent = {json.loads(line)["key"] for line in before.splitlines()}
    alerts = [one for one in alerts if one.key not in sent]
    for one in alerts:
        event(f"alert: {one.text}", step=step, as_of=night.as_of, name=one.name, severity=one.severity,
              look_at=one.look_at)  # fmt: skip
    write_atomically(place, before + "".join(f"{one.as_json()}\n" for one in alerts))
    night.record.rows["alerts"] = len(alerts)
    hook = configured_webhook(night)
    if hook is not None and alerts:
        if beside is None:
            _post(night, step, hook, alerts)
        else:
            beside.add(alerts, partial(_post, night, step, hook))


def _post(night: Night, step: str, hook: Webhook, alerts: Sequence[Alert]) -> None:
    body = f'{{"run_id": "{night.run_id}", "alerts": [{", ".join(one.as_json() for one in alerts)}]}}'.encode()
    try:
        attempts = post(hook, body, now=lambda: clock.now().timestamp())
    except LongtailError as error:
        night.record.decisions["webhook"] = error.problem
        event("alerts not delivered", step=step, as_of=night.as_of, why=error.problem)
    else:
        night.record.decisions["webhook"] = f"took {len(alerts)} alerts at attempt {attempts}"


def configured_webhook(night: Night) -> Webhook | None:
    """The webhook that the environment names, None where none. Raises ConfigurationError without a secret."""
    conf = night.conf.alerts
    url, secret = os.environ.get(conf.webhook_url_variable), os.environ.get(conf.webhook_secret_variable)
    if not url:
        return None
    if not secret:
        raise ConfigurationError(
            f"{conf.webhook_url_variable} is set and {conf.webhook_secret_variable} is not.",
            "Set both: every message is signed.",
        )
    return Webhook(url, secret.encode(), conf.attempts, conf.timeout_seconds)
