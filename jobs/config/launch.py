"""The section `launch` of the configuration: suggestions for recently listed items."""

from __future__ import annotations

from jobs.config.section import Positive, Section


class Launch(Section):
    days: Positive
    look_alikes: Positive
    shoppers: Positive
