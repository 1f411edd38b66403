"""The section `catalogue` of the configuration: what is learnt from the texts of items."""

from __future__ import annotations

from jobs.config.section import Positive, Section

VARIANT_GROUP = "variant_group"  # the column of item_features that enrich_items finds


class Catalogue(Section):
    enrich: bool
    keywords: Positive
