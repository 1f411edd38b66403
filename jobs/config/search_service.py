"""The section `search_service` of the configuration: where queries are answered during the day."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from jobs.config.hosts import is_loopback
from jobs.config.section import NotNegative, NotNegativeFloat, Positive, PositiveFloat, Section, Share, Whole


class SearchService(Section):
    """host, port: where it listens; boost: what a boost of 1 counts in units of the match

    answers: file of the store's answers to questions; answer_bar: least score of one that is given
    """

    host: str
    port: Annotated[Whole, Field(ge=0, le=65535)]
    hosts: tuple[str, ...]
    secret_variable: Annotated[str, Field(min_length=1)]
    timeout_seconds: PositiveFloat
    threads: Positive
    waiting: NotNegative
    refresh_seconds: PositiveFloat
    boost: NotNegativeFloat
    answers: str | None
    answer_bar: Share

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        return is_loopback(self.host)

    @model_validator(mode="after")
    def others_are_known(self) -> SearchService:
        if not self.is_local and not self.hosts:
            raise ValueError("search_service.hosts is empty; name there the hosts by which other machines reach it")
        return self
