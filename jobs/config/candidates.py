"""The section `candidates` of the configuration: the top N of the first stage."""

from __future__ import annotations

from jobs.config.section import NotNegative, Positive, Section


class Candidates(Section):
    per_user: Positive
    least_cold: NotNegative
    exclude_bought: bool
    block_users: Positive
    items_at_once: Positive
