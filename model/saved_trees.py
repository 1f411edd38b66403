"""Trees of LightGBM from the text file that holds them."""

from __future__ import annotations

from pathlib import Path

import lightgbm


def read_trees(file: Path, remedy: str) -> lightgbm.Booster:
    """The trees; raises ValueError with the remedy, a sentence, when the file is missing or damaged."""
    if not file.is_file():
        raise ValueError(f"{file.parent} has no {file.name}. {remedy}")
    try:
        return lightgbm.Booster(model_str=file.read_text(encoding="utf-8"))
    except lightgbm.basic.LightGBMError as error:
        raise ValueError(f"{file} is damaged ({error}). {remedy}") from error
