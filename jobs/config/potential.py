"""The section `potential` of the configuration: what an item could bring if its best audience saw it."""

from __future__ import annotations

from jobs.config.section import Positive, Section


class Potential(Section):
    shoppers: Positive
