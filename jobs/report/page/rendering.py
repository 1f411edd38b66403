"""A page as one self-contained HTML text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import files

from jinja2 import DictLoader, Environment, StrictUndefined

from jobs.language.sentences import dated, say, spoken
from jobs.report.page.parts import Section
from jobs.runtime.redaction import redacted

_FILES = ("night.html", "night.css", "blocks.html")


@dataclass(frozen=True)
class Page:
    """The night's page. versions: Delta version of each table that a section names; warehouse: folder as configured."""

    title: str
    as_of: date
    subtitle: str
    sections: Sequence[Section]
    versions: Mapping[str, int]
    warehouse: str


def rendered(page: Page) -> str:
    """The HTML of a page. Raises KeyError naming the table when a section names a table without a version."""
    named = sorted({source for section in page.sections for source in section.sources})
    unknown = [name for name in named if name not in page.versions]
    if unknown:
        raise KeyError(f"no version is known of the table {', '.join(unknown)}")
    shown = replace(page, warehouse=redacted(page.warehouse))
    here = files("jobs.report.page")
    # In an archive of --py-files the templates are no files, so that only the package's loader can read them.
    loader = DictLoader({name: here.joinpath(name).read_text(encoding="utf-8") for name in _FILES})
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.globals |= {"say": say, "dated": dated, "language": spoken()}
    return environment.get_template("night.html").render(page=shown, named=named)
