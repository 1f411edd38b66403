"""Families of the terms that a relevance is explained by."""

from __future__ import annotations

from typing import Literal

# Terms of one family say nearly the same, and only their sum says how much it counts (see model.fusion.causes).
Family = Literal["taste", "text", "type", "maker", "category", "store", "promotion", "price", "age", "popularity"]
