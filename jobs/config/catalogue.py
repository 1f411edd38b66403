"""The section `catalogue` of the configuration: what is learnt from the texts of items."""

from __future__ import annotations

from pydantic import model_validator

from jobs.config.section import Positive, Section, Share

# By column of item_features that enrich_items finds: the key that it needs.
FOUND_BY = {
    "variant_group": "enrich", "category_predicted": "categories", "category_chance": "categories",
    **dict.fromkeys(("size", "size_unit", "pack", "colour", "material", "brand_found"), "attributes"),
}  # fmt: skip


class Catalogue(Section):
    enrich: bool
    keywords: Positive
    categories: bool
    category_bar: Share
    categories_in_channels: bool
    attributes: bool

    @model_validator(mode="after")
    def a_part_has_what_it_reads(self) -> Catalogue:
        needs = {"categories": "enrich", "attributes": "enrich", "categories_in_channels": "categories"}
        for key, needed in needs.items():
            if getattr(self, key) and not getattr(self, needed):
                raise ValueError(f"catalogue.{key} needs catalogue.{needed}; set it to true")
        return self
