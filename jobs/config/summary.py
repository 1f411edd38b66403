"""The section `summary` of the configuration: what the end of a night prints."""

from __future__ import annotations

from jobs.config.section import NotNegative, Section


class Summary(Section):
    """What `nightly` prints on stdout. shoppers: how many are printed with purchases and list, 0 for none"""

    shoppers: NotNegative
