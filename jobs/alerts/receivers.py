"""Sends a message to all receivers of alerts.summary_to; one that fails or is slow is a warning."""

from __future__ import annotations

import os
import threading
import time

from jobs.alerts.attempts import most_seconds
from jobs.alerts.formats import request_of
from jobs.alerts.mail import mail_of, mail_server, send_mail
from jobs.alerts.message import Message
from jobs.alerts.webhook import PAUSE_SECONDS, Webhook, host_of, post
from jobs.config.alerts import Alerts, Receiver
from jobs.execution.night import Night
from jobs.runtime import clock
from jobs.runtime.errors import LongtailError
from jobs.runtime.logs import warning
from jobs.runtime.redaction import hide


class _Delivery(threading.Thread):
    """One receiver's delivery, in a thread that does not keep the process from its end.

    host: of the receiver, or its name where that is not known yet
    outcome: None while it runs, then whether the receiver accepted the message, and how it ended
    """

    def __init__(self, name: str, receiver: Receiver, message: Message, conf: Alerts) -> None:
        super().__init__(name=f"summary to {name}", daemon=True)
        self.receiver_name, self.host = name, name
        self.outcome: tuple[bool, str] | None = None
        self._receiver, self._message, self._conf = receiver, message, conf

    def run(self) -> None:
        try:
            self.outcome = True, f"accepted at attempt {self._deliver()}"
        except LongtailError as error:
            self.outcome = False, error.problem
        except Exception as error:  # an error here must not stop a night; its text may hold the address
            self.outcome = False, f"{type(error).__name__}."

    def _deliver(self) -> int:
        receiver, conf = self._receiver, self._conf
        url = _value_of(receiver.url_variable)
        secret = _value_of(receiver.secret_variable) if receiver.secret_variable else None
        if receiver.format == "email":
            server = mail_server(url)
            self.host = server.host
            mail = mail_of(receiver, self._message)
            return send_mail(server, mail, conf.attempts, conf.timeout_seconds, PAUSE_SECONDS)
        self.host = host_of(url) or self.receiver_name
        request = request_of(receiver, self._message, secret, clock.now().timestamp())
        own_signature = secret.encode() if secret and receiver.format in ("json", "template") else None
        address = url + ("&" if "?" in url else "?") + request.query if request.query else url
        hook = Webhook(
            address, own_signature, conf.attempts, conf.timeout_seconds,
            content_type=request.content_type, refusal=request.refusal,
        )  # fmt: skip
        return post(hook, request.body, now=lambda: clock.now().timestamp())


def send_to_receivers(night: Night, message: Message) -> None:
    """Sends the message to all receivers at once, and waits until the time of one of them is over.

    How each ended goes to the decisions of the run; a failure is logged as one warning that names the receiver's host.
    """
    conf = night.conf.alerts
    shown = message.without_secrets()
    deliveries = [_Delivery(name, receiver, shown, conf) for name, receiver in conf.summary_to.items()]
    most = most_seconds(conf.attempts, conf.timeout_seconds, PAUSE_SECONDS)
    deadline = time.monotonic() + most
    for delivery in deliveries:
        delivery.start()
    for delivery in deliveries:
        delivery.join(max(deadline - time.monotonic(), 0.0))
        accepted, result = delivery.outcome or (False, f"It did not answer within {most:g} seconds.")
        night.record.decisions[f"summary_to.{delivery.receiver_name}"] = result
        if not accepted:
            warning("summary not delivered", as_of=night.as_of, host=delivery.host, why=result)


def _value_of(variable: str) -> str:
    """The value of an environment variable, hidden in logs from now on. Raises LongtailError where it is not set."""
    value = os.environ.get(variable)
    if not value:
        raise LongtailError(f"{variable} is not set.", f"Set {variable}, or remove the receiver that names it.")
    hide(value)
    return value
