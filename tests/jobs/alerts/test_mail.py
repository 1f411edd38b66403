"""Mail by SMTP, against a server that is in order, refuses, or is not to be trusted."""

from __future__ import annotations

from datetime import date
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from jobs.alerts.mail import mail_of, mail_server, send_mail
from jobs.alerts.message import Message
from jobs.config.alerts import Receiver
from jobs.runtime.errors import LongtailError
from jobs.runtime.redaction import redacted
from tests.jobs.alerts.mail_receiver import Mailbox, certificate, mail_receiver

RECEIVER = Receiver(
    format="email", url_variable="MAIL_URL", sender="longtail@shop.example",
    recipients=("ann@shop.example", "bo@shop.example"),
)  # fmt: skip
MESSAGE = Message(date(2024, 5, 1), "run-1", "2024-05-01 批次", {"tail": ("Tail", "<b>30 %</b>")}, "The page")


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusted(pem: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The certificate, among those that this process trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    return pem


def send(url: str, waits: list[float] | None = None) -> int:
    waits = [] if waits is None else waits
    return send_mail(mail_server(url), mail_of(RECEIVER, MESSAGE), 3, 5.0, 1.0, wait=waits.append)


def mail_in(mailbox: Mailbox) -> EmailMessage:
    [content] = mailbox.mails
    return message_from_bytes(content, policy=policy.default)  # type: ignore[return-value]


@pytest.mark.parametrize(("scheme", "smtps"), [("smtps", True), ("smtp", False)])
def test_a_mail_of_plain_text_arrives_over_tls(trusted: Path, scheme: str, smtps: bool) -> None:
    with mail_receiver(trusted, smtps=smtps) as mailbox:
        assert send(f"{scheme}://ann:p%40ss%2Fhunter22@{mailbox.place}") == 1
    assert mailbox.logins == ["ann:p@ss/hunter22"]
    assert mailbox.recipients == ["ann@shop.example", "bo@shop.example"]
    mail = mail_in(mailbox)
    assert (mail["Subject"], mail["From"]) == ("2024-05-01 批次", "longtail@shop.example")
    assert mail["To"] == "ann@shop.example, bo@shop.example"
    assert mail["Message-ID"].endswith("@shop.example>")
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content() == "2024-05-01 批次\n\nTail\n<b>30 %</b>\n\nThe page\n"


def test_a_server_without_login(trusted: Path) -> None:
    with mail_receiver(trusted) as mailbox:
        send(f"smtps://{mailbox.place}")
    assert (mailbox.logins, len(mailbox.mails)) == ([], 1)


@pytest.mark.parametrize(
    ("answers", "problem", "waits"),
    [
        ({"AUTH": "535 hunter22 is wrong"}, "The mail server answered 535.", []),
        ({"MAIL": "451 later"}, "The mail server answered 451.", [1.0, 2.0]),
        ({"RCPT": "550 no such user"}, "The mail server refused all recipients (550).", []),
        ({"EHLO": "250 here"}, "The mail server offers no STARTTLS or no login.", []),
    ],
)
def test_a_refusal_names_its_code_alone(
    trusted: Path, answers: dict[str, str], problem: str, waits: list[float]
) -> None:
    waited: list[float] = []
    with mail_receiver(trusted, answers) as mailbox, pytest.raises(LongtailError) as refusal:
        send(f"smtps://ann:hunter22@{mailbox.place}", waited)
    assert refusal.value.problem == problem
    assert waited == waits
    assert mailbox.mails == []


def test_a_mail_that_was_accepted_is_not_sent_again(trusted: Path) -> None:
    with mail_receiver(trusted, {"QUIT": "421 gone"}) as mailbox:
        assert send(f"smtps://{mailbox.place}") == 1
    assert len(mailbox.mails) == 1


def test_nothing_is_sent_without_tls(trusted: Path) -> None:
    no_tls = r"The mail server offers no STARTTLS or no login\."
    offers = {"EHLO": "250 AUTH PLAIN"}
    with mail_receiver(trusted, offers, smtps=False) as mailbox, pytest.raises(LongtailError, match=no_tls):
        send(f"smtp://ann:hunter22@{mailbox.place}")
    assert (mailbox.logins, mailbox.mails) == ([], [])


def test_a_server_with_an_unknown_certificate_gets_no_login(pem: Path) -> None:
    with mail_receiver(pem) as mailbox, pytest.raises(LongtailError, match="has a certificate that is not valid"):
        send(f"smtps://ann:hunter22@{mailbox.place}")
    assert (mailbox.logins, mailbox.mails) == ([], [])


def test_a_server_that_is_not_there(trusted: Path) -> None:
    with mail_receiver(trusted) as mailbox:
        pass
    waited: list[float] = []
    with pytest.raises(LongtailError, match=r"The mail server did not answer: .*refused"):
        send(f"smtps://ann:hunter22@{mailbox.place}", waited)
    assert waited == [1.0, 2.0]


@pytest.mark.parametrize("url", ["https://mail.example", "mail.example:465", "smtps://", "smtps://ann:hunter22@h:port"])
def test_an_address_that_is_wrong_is_not_repeated(url: str) -> None:
    with pytest.raises(LongtailError, match=r"is not smtps://user:") as refusal:
        mail_server(url)
    assert "hunter22" not in str(refusal.value)


def test_the_password_is_hidden() -> None:
    server = mail_server("smtp://ann:p%40ss-word-7@mail.example")
    assert (server.host, server.port, server.password) == ("mail.example", 587, "p@ss-word-7")
    assert "p@ss-word-7" not in repr(server)
    assert redacted("p@ss-word-7 or p%40ss-word-7") == "*** or ***"
