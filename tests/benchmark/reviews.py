"""Sentiment of Chinese reviews of ten kinds of goods: within them, and for a kind without starred reviews.

The data (columns `cat`, `label` 1 for a good review, `review`) are not part of the project. A fifth of the distinct
texts is held out by a hash of the text; nothing was chosen on it. Run as `python -m tests.benchmark.reviews FILE`.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

from model.calibration import CalibrationReport
from model.reviews.sentiment import Sentiment, learn

_FIFTHS = 5


def read_reviews(path: Path) -> pd.DataFrame:
    """text, kind, is_bad, held_out: each text once, as first labelled; empty ones are left out."""
    rows = pd.read_parquet(path).rename(columns={"review": "text", "cat": "kind"})
    rows = rows[rows["text"].fillna("").str.strip() != ""].drop_duplicates("text", ignore_index=True)
    held_out = rows["text"].map(_is_held_out).astype(bool)
    return rows[["text", "kind"]].assign(is_bad=rows["label"] == 0, held_out=held_out)


def balanced_accuracy(is_bad: np.ndarray, said: np.ndarray) -> float:
    """Mean of the shares of bad and of good reviews that are classified right."""
    return float((said[is_bad].mean() + (~said[~is_bad]).mean()) / 2)


def within(reviews: pd.DataFrame) -> dict[str, float]:
    """Learns from all kinds; figures of the held-out fifth."""
    rest, held_out = reviews[~reviews["held_out"]], reviews[reviews["held_out"]]
    begun = perf_counter()
    model = learn(rest["text"].tolist(), rest["is_bad"].to_numpy())
    seconds = perf_counter() - begun
    chance = np.nan_to_num(model.chance(held_out["text"].tolist()), nan=0.5)
    report = CalibrationReport.of(chance, held_out["is_bad"].to_numpy(), np.ones(len(held_out)))
    return {
        "accuracy": _accuracy(model, held_out),
        "ece": report.ece,
        "slope": report.slope,
        "seconds": seconds,
    }


def across(reviews: pd.DataFrame, kind: str) -> tuple[float, float]:
    """Learns from all other kinds; accuracy on the held-out fifth of `kind` without and with its unstarred reviews."""
    rest = reviews[~reviews["held_out"]]
    others, own = rest[rest["kind"] != kind], rest[rest["kind"] == kind]
    held_out = reviews[reviews["held_out"] & (reviews["kind"] == kind)]
    texts, is_bad = others["text"].tolist(), others["is_bad"].to_numpy()
    without = learn(texts, is_bad, calibrated=False)
    using = learn(texts, is_bad, own["text"].tolist(), calibrated=False)
    return _accuracy(without, held_out), _accuracy(using, held_out)


def _accuracy(model: Sentiment, rows: pd.DataFrame) -> float:
    return balanced_accuracy(rows["is_bad"].to_numpy(), model.is_bad(rows["text"].tolist()))


def _is_held_out(text: str) -> bool:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % _FIFTHS == 0


def main() -> None:
    """Prints the figures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("reviews", type=Path, help="Parquet file")
    arguments.add_argument("--kinds", nargs="*", help="kinds to hold out; default: all")
    args = arguments.parse_args()
    reviews = read_reviews(args.reviews)
    print("within", {name: round(value, 4) for name, value in within(reviews).items()}, flush=True)
    figures = []
    for kind in args.kinds or sorted(set(reviews["kind"])):
        figures.append(across(reviews, kind))
        print(kind, "without {:.3f}, with its reviews {:.3f}".format(*figures[-1]), flush=True)
    print("mean without {:.4f}, with {:.4f}".format(*np.mean(figures, axis=0)))


if __name__ == "__main__":
    main()
