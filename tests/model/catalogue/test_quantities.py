"""Sizes in texts."""

from __future__ import annotations

import pytest

from model.catalogue.quantities import Quantity, quantity


@pytest.mark.parametrize(
    ("text", "size", "unit", "pack"),
    [
        ("Sparkling Water 12 fl oz", "12", "fl oz", ""),
        ("Sparkling Water, 6 x 330 ml", "330", "ml", "6"),
        ("Cola 330ml\u00d76", "330", "ml", "6"),
        ("Dog Food 1,000 g", "1000", "g", ""),
        ("Huile 0,75 L", "0.75", "l", ""),
        ("Pipe 1 1/2 in. x 10 ft.", "1.5", "in", ""),
        ("Decking 15/16 in. x 5-1/4 in. x 16 ft.", "0.938", "in", ""),
        ("1-1/2 in. P-Trap", "1.5", "in", ""),
        ("Grit Rod 10 in. x 0.100 in.", "10", "in", ""),
        ("Batteries AA, 24 Count", "", "", "24"),
        ("Pack of 3 sponges", "", "", "3"),
        ("2 in 1 Shampoo 13.5-oz", "13.5", "oz", ""),
        ("Bar with 20 g protein, 60 g", "60", "g", ""),
        ("0 g trans fat spread 15 oz", "15", "oz", ""),
        ("Women's T-Shirt, Size M", "M", "", ""),
        ("Hoodie XXL black", "XXL", "", ""),
        ("Running shoes size 9.5", "9.5", "", ""),
        ("洗发水 500克装", "500", "g", ""),
        ("纯牛奶 250毫升\u00d724", "250", "ml", "24"),
        ("抽纸 120抽", "", "", "120"),
        ("7Up", "", "", ""),
        ("Vitamin B12", "", "", ""),
        ("1/0 g", "", "", ""),
        ("", "", "", ""),
    ],
)
def test_amount_unit_and_pieces_are_read(text: str, size: str, unit: str, pack: str) -> None:
    assert quantity(text) == Quantity(size, unit, pack)


def test_a_long_text_of_digits_is_read_in_linear_time() -> None:
    assert quantity("1 2/3 x " * 20_000) == Quantity("", "", "")
