"""The section `report` of the configuration: the language that people read."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from jobs.config.section import Section
from model.phrases import languages


def _known(language: str) -> str:
    if language not in languages():
        raise ValueError(f"there are no phrases in {language}; choose one of {', '.join(languages())}")
    return language


class Report(Section):
    """language: of the page, the summary, alerts, and the reasons that shoppers and merchandisers read"""

    language: Annotated[str, AfterValidator(_known)]
