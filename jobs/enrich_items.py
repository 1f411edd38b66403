"""Finds keywords, variants, category and attributes of items in the texts of the catalogue."""

from __future__ import annotations

from jobs.catalogue.parts import parts_of
from jobs.catalogue.texts import catalogue_texts
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.runtime.progress import advance, expect


def enrich_items(night: Night) -> None:
    """Finds keywords, variants, category and attributes of items in the texts of the catalogue.

    Reads items; writes catalogue_terms, text_keywords and text_variants, with catalogue.categories also
    catalogue_categories and text_categories, and with catalogue.attributes catalogue_values and text_attributes. A text
    is read once for each version of a method, whatever the night. Does nothing where catalogue.enrich is false.
    """
    if not night.conf.catalogue.enrich:
        night.record.status = "skipped"
        return
    parts = parts_of(night.conf.catalogue)
    expect(len(parts), "parts", alike=False)
    texts = catalogue_texts(night).persist()
    for name, part in parts.items():
        night.record.rows[name] = part(night, texts)
        advance()
    night.record.rows["texts"] = texts.count()
    texts.unpersist()


if __name__ == "__main__":
    main_of(enrich_items)
