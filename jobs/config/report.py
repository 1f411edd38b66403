"""The section `report` of the configuration: the language that people read, and what the page compares."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from jobs.config.section import Section, Whole
from model.phrases import languages


def _known(language: str) -> str:
    if language not in languages():
        raise ValueError(f"there are no phrases in {language}; choose one of {', '.join(languages())}")
    return language


class Report(Section):
    """language: of the page, the summary, alerts, and the reasons that shoppers and merchandisers read

    shopper_attributes: keys of users.attributes; least_shoppers: in a group that the page shows
    """

    language: Annotated[str, AfterValidator(_known)]
    shopper_attributes: tuple[str, ...]
    least_shoppers: Annotated[Whole, Field(ge=10)]
