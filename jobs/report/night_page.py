"""The night's page: reads the tables once, joins the sections, writes one HTML file."""

from __future__ import annotations

from collections.abc import Callable

from jobs.config.configuration import Config
from jobs.execution.night import Night
from jobs.language.sentences import paragraph, say, speaking
from jobs.planning.candidates.pairs import values_in_words
from jobs.report.night_tables import Reading
from jobs.report.page.parts import Section
from jobs.report.page.rendering import Page, rendered
from jobs.report.page_files import page_of
from jobs.report.response_in_words import meaning_of
from jobs.report.sections.catalogue import catalogue
from jobs.report.sections.data_quality import data_quality
from jobs.report.sections.delivery import delivery
from jobs.report.sections.drift import drift
from jobs.report.sections.exposure import exposure
from jobs.report.sections.headline import headline
from jobs.report.sections.hidden_gems import hidden_gems
from jobs.report.sections.model import model
from jobs.report.sections.movers import movers
from jobs.report.sections.prices import prices
from jobs.report.sections.response import response
from jobs.report.sections.reviews import reviews
from jobs.report.sections.run_times import run_times
from jobs.report.sections.shoppers import shoppers
from jobs.report.sections.starving import starving
from jobs.tables.warehouse import Warehouse

SECTIONS: tuple[Callable[[Reading], Section], ...] = (
    headline,
    exposure,
    delivery,
    response,
    movers,
    hidden_gems,
    starving,
    prices,
    shoppers,
    model,
    catalogue,
    reviews,
    data_quality,
    drift,
    run_times,
)


def reading_of(night: Night) -> Reading:
    """A reading of the night with its own view of the tables: each at its newest version, which the page names."""
    return Reading(Warehouse(night.spark, night.conf.warehouse), night.conf, night.as_of)


def _sections(conf: Config) -> tuple[Callable[[Reading], Section], ...]:
    """All sections; those of catalogue, reviews and groups of shoppers where the configuration asks for them."""
    is_asked_for: dict[Callable[[Reading], Section], bool] = {
        catalogue: conf.catalogue.enrich,
        reviews: conf.reviews.read,
        shoppers: bool(conf.report.shopper_attributes),
    }
    return tuple(section for section in SECTIONS if is_asked_for.get(section, True))


def page_sections(reading: Reading) -> tuple[Section, ...]:
    """What the night's page says."""
    with speaking(reading.conf.report.language):
        return tuple(section(reading) for section in _sections(reading.conf))


def write_page(night: Night, reading: Reading, sections: tuple[Section, ...]) -> str:
    """Writes the night's page; returns its name among the files of the warehouse."""
    with speaking(night.conf.report.language):
        title, about = say("The long tail on"), _subtitle(night)
        text = rendered(Page(title, night.as_of, about, sections, reading.versions, night.conf.warehouse))
    for name, version in reading.tables.inputs.items():
        night.tables.inputs.setdefault(name, version)
    name = page_of(night)
    night.files.write(name, text)
    return name


def _subtitle(night: Night) -> str:
    relevance = night.conf.relevance
    return paragraph(
        say("What the tail gets, what that is expected to earn, and what it costs."),
        say("A response is {meaning}.", meaning=meaning_of(relevance)),
        *_values(night.conf),
        say("Run {run}, configuration {hash}.", run=night.run_id, hash=night.conf.hash),
    )


def _values(conf: Config) -> list[str]:
    """What the plan adds up where relevance.values names several responses."""
    relevance = conf.relevance
    if not relevance.values:
        return []
    values = values_in_words(relevance.counted(relevance.values))
    return [
        say("The plan adds up the chances of several responses, each times its value ({values}).", values=values),
        say("The chances on this page are those of this response."),
    ]
