"""The parts of enrich_items: each reads the distinct texts of the catalogue and writes tables of its own."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import DataFrame

from jobs.catalogue.attributes import add_attributes
from jobs.catalogue.categories import add_categories
from jobs.catalogue.keywords import add_keywords
from jobs.catalogue.variants import add_variants
from jobs.config.catalogue import Catalogue
from jobs.execution.night import Night

# A part has a name, under which `runs` counts the texts that it worked on; it works on new texts only, and on all where
# its method has changed.
Part = Callable[[Night, DataFrame], int]


def parts_of(conf: Catalogue) -> dict[str, Part]:
    """The parts that are switched on."""
    parts: dict[str, Part] = {"keywords": add_keywords, "variants": add_variants}
    if conf.categories:
        parts["categories"] = add_categories
    if conf.attributes:
        parts["attributes"] = add_attributes
    return parts
