"""The section `desk` of the configuration: the merchandiser's pages, and who may read them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from jobs.config.hosts import is_loopback
from jobs.config.section import NotNegativeFloat, Positive, PositiveShare, Section, Whole

Role = Literal["reader", "editor", "approver", "shoppers"]


class Desk(Section):
    """host, port: where it listens; rows: of a page of a table

    rules: whether rules are changed on the desk; second_person: whether another person has to approve them

    preview_minutes: after which a preview of a rule is stopped, 0 for none
    preview_shoppers: share of the shoppers that a preview plans for
    """

    host: str
    port: Annotated[Whole, Field(ge=0, le=65535)]
    access: Literal["local", "proxy", "token"]
    hosts: tuple[str, ...]
    user_header: Annotated[str, Field(min_length=1)]
    groups_header: Annotated[str, Field(min_length=1)]
    groups: dict[Role, tuple[str, ...]]
    secret_variable: Annotated[str, Field(min_length=1)]
    rows: Positive
    rules: bool
    second_person: bool
    preview_minutes: NotNegativeFloat
    preview_shoppers: PositiveShare

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        return is_loopback(self.host)

    @model_validator(mode="after")
    def persons_are_known(self) -> Desk:
        if self.second_person and self.access == "local":
            raise ValueError(
                "desk.second_person is set, but with desk.access: local the desk knows no persons; set that to proxy "
                "or token"
            )
        return self

    @model_validator(mode="after")
    def others_are_known(self) -> Desk:
        if not self.is_local and self.access == "local":
            raise ValueError(
                f"desk.host is {self.host}, which other machines reach, but desk.access is local; set that to proxy or "
                "token"
            )
        if not self.is_local and not self.hosts:
            raise ValueError("desk.hosts is empty; name there the hosts by which browsers reach the desk")
        return self
