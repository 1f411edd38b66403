"""Sends a message by SMTP, over TLS only."""

from __future__ import annotations

import smtplib
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from urllib.parse import unquote, urlsplit

from jobs.alerts.attempts import Undelivered, attempted
from jobs.alerts.message import Message
from jobs.config.alerts import Receiver
from jobs.runtime import clock
from jobs.runtime.errors import LongtailError
from jobs.runtime.redaction import hide

_PORTS = {"smtps": 465, "smtp": 587}


@dataclass(frozen=True)
class MailServer:
    """smtps: TLS from the first byte; otherwise STARTTLS, without which nothing is sent."""

    host: str
    port: int
    is_smtps: bool
    user: str
    password: str = field(repr=False)


def mail_server(url: str) -> MailServer:
    """Parses smtps://user:password@host:465 or smtp://user:password@host:587, and hides its password.

    Raises LongtailError that does not quote it.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        host, port = None, 0
    if not host:
        raise LongtailError(
            "The address of the mail server is not smtps://user:password@host:465 or smtp://user:password@host:587.",
            "Correct the environment variable that holds it.",
        )
    password = unquote(parts.password or "")
    hide(parts.password or "")
    hide(password)
    return MailServer(host, port, parts.scheme == "smtps", unquote(parts.username or ""), password)


def mail_of(receiver: Receiver, message: Message) -> EmailMessage:
    """The message as a mail of plain text."""
    assert receiver.sender is not None
    mail = EmailMessage()
    mail["From"], mail["To"] = receiver.sender, ", ".join(receiver.recipients)
    mail["Subject"] = message.title
    mail["Date"], mail["Message-ID"] = format_datetime(clock.now()), make_msgid(domain=_domain(receiver.sender))
    mail["Auto-Submitted"] = "auto-generated"  # so that no absence notice answers it
    mail.set_content(message.text + "\n", cte="base64")
    return mail


def send_mail(
    server: MailServer,
    mail: EmailMessage,
    attempts: int,
    timeout_seconds: float,
    pause_seconds: float,
    wait: Callable[[float], None] = time.sleep,
) -> int:
    """Sends a mail; returns the number of attempts. Raises LongtailError, as `post` does for a webhook."""
    try:
        return attempted(lambda: _send_once(server, mail, timeout_seconds), attempts, pause_seconds, wait)
    except Undelivered as error:
        raise LongtailError(f"The mail server {error.why}.", "Check its address, login and recipients.") from error


def _send_once(server: MailServer, mail: EmailMessage, timeout_seconds: float) -> None:
    try:
        refused = _refused(server, mail, timeout_seconds)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise Undelivered(f"refused all recipients ({codes[0]})", is_final=min(codes) >= 500) from error
    except smtplib.SMTPResponseException as error:  # its text may quote the login
        raise Undelivered(f"answered {error.smtp_code}", is_final=error.smtp_code >= 500) from error
    except smtplib.SMTPNotSupportedError as error:
        raise Undelivered("offers no STARTTLS or no login", is_final=True) from error
    except smtplib.SMTPException as error:
        raise Undelivered(f"did not answer: {type(error).__name__}") from error
    except ssl.SSLCertVerificationError as error:
        raise Undelivered(f"has a certificate that is not valid: {error.verify_message}", is_final=True) from error
    except OSError as error:
        raise Undelivered(f"did not answer: {error}") from error
    if refused:
        raise Undelivered(f"refused {refused} of {len(mail['To'].addresses)} recipients", is_final=True)


def _refused(server: MailServer, mail: EmailMessage, timeout_seconds: float) -> int:
    """Sends a mail over a connection of its own; returns how many recipients were refused."""
    connection = _connected(server, _domain(mail["From"]), timeout_seconds)
    try:
        if server.user:
            connection.login(server.user, server.password)
        refused = connection.send_message(mail)
    except BaseException:
        connection.close()
        raise
    with suppress(smtplib.SMTPException, OSError):  # the mail is accepted, and must not be sent again
        connection.quit()
    return len(refused)


def _connected(server: MailServer, own_name: str, timeout_seconds: float) -> smtplib.SMTP:
    """A connection with TLS. own_name: what it calls itself, without which smtplib asks the DNS for this host's name"""
    context = ssl.create_default_context()
    if server.is_smtps:
        return smtplib.SMTP_SSL(server.host, server.port, own_name, timeout=timeout_seconds, context=context)
    connection = smtplib.SMTP(server.host, server.port, own_name, timeout=timeout_seconds)
    try:
        connection.starttls(context=context)
    except BaseException:
        connection.close()
        raise
    return connection


def _domain(address: str) -> str:
    return address.rpartition("@")[2]
