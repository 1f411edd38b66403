"""The section `alerts` of the configuration: the webhook of alerts, and who gets the summary of a night."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, model_validator

from jobs.config.message_template import read_template
from jobs.config.section import Positive, PositiveFloat, Section
from jobs.config.variables import VariableName

MessageFormat = Literal["json", "template", "slack", "mattermost", "teams", "dingtalk", "wecom", "feishu", "email"]
_SIGNED: tuple[MessageFormat, ...] = ("json", "template", "dingtalk", "feishu")
_OF_ANY_SIZE: tuple[MessageFormat, ...] = ("json", "template")


def _mail_address(address: str) -> str:
    if not re.fullmatch(r"[!-;=?A-~]+@[A-Za-z0-9.-]+", address):
        raise ValueError(f"{address!r} is not a mail address; write it as tea@shop.example")
    return address


MailAddress = Annotated[str, AfterValidator(_mail_address)]


class Receiver(Section):
    """A chat, a web server or mailboxes that get the summary of each published night.

    url_variable, secret_variable: names of the environment variables that hold the address and the key of the signature
    template: path of the file that `read_template` reads; most_bytes: of the body of a request
    sender, recipients: of an e-mail
    """

    format: MessageFormat
    url_variable: VariableName
    secret_variable: VariableName | None = None
    template: str | None = None
    most_bytes: Positive | None = None
    sender: MailAddress | None = None
    recipients: tuple[MailAddress, ...] = ()

    @model_validator(mode="after")
    def has_what_its_format_needs(self) -> Receiver:
        self._only_of("secret_variable", _SIGNED)
        self._only_of("most_bytes", _OF_ANY_SIZE)
        self._needed_by("template", "template")
        self._needed_by("sender", "email")
        self._needed_by("recipients", "email")
        if self.template is not None:
            read_template(self.template)
        return self

    def _only_of(self, key: str, formats: tuple[MessageFormat, ...]) -> None:
        if getattr(self, key) and self.format not in formats:
            raise ValueError(f"{key} has no meaning with the format {self.format}, only with {', '.join(formats)}")

    def _needed_by(self, key: str, of_format: MessageFormat) -> None:
        self._only_of(key, (of_format,))
        if self.format == of_format and not getattr(self, key):
            raise ValueError(f"the format {of_format} needs {key}; set it")


class Alerts(Section):
    webhook_url_variable: str
    webhook_secret_variable: str
    attempts: Positive
    timeout_seconds: PositiveFloat
    summary_to: dict[str, Receiver]
