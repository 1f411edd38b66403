"""Feast's classes are imported as they are written."""

from __future__ import annotations

import pytest
from typeguard import TypeCheckError

from jobs.online.unchecked import typechecked_outside_feast


def test_only_classes_of_feast_are_left_alone() -> None:
    class Checked:
        def named(self, name: str) -> object:
            return name

    class OfFeast(Checked):
        def named(self, name: str) -> object:
            return name

    OfFeast.__module__ = "feast.entity"
    unchanged = OfFeast.named
    assert typechecked_outside_feast(OfFeast).named is unchanged
    assert OfFeast().named(1) == 1  # type: ignore[arg-type]
    with pytest.raises(TypeCheckError):
        typechecked_outside_feast()(Checked)().named(1)
