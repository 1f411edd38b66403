"""Variant groups among the product names of Instacart, to be read, and whether a group stays within one aisle.

.venv/bin/python -m tests.benchmark.catalogue.variants FILE [--show 50] [--seed 5]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from model.catalogue.plain_text import plain_text
from model.catalogue.variants import block_of
from tests.benchmark.catalogue.products import products

LARGEST = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("products", type=Path, help="Parquet file of the names and their aisles")
    parser.add_argument("--show", type=int, default=0, metavar="N")
    parser.add_argument("--seed", type=int, default=5)
    arguments = parser.parse_args()
    rows = products(arguments.products)
    started = time.monotonic()
    rows["block"] = [block_of(plain_text(name), {}) for name in rows["name"]]
    print(f"{len(rows):,} names in {time.monotonic() - started:.1f} s")
    groups = rows.groupby("block").agg(names=("name", "size"), aisles=("aisle", "nunique"))
    several = groups[(groups["names"] > 1) & (groups.index != "")]
    shuffled = rows.assign(block=np.random.default_rng(1).permutation(rows["block"]))
    by_chance = shuffled.groupby("block")["aisle"].nunique().reindex(several.index)
    print(
        f"{len(several):,} groups of two or more with {several['names'].sum():,} names; within one aisle "
        f"{(several['aisles'] == 1).mean():.3f} of them, of groups drawn at random {(by_chance == 1).mean():.3f}"
    )
    print("largest:", *groups["names"].nlargest(LARGEST))
    for block in np.random.default_rng(arguments.seed).permutation(several.index)[: arguments.show]:
        print(" | ".join(rows.loc[rows["block"] == block, "name"].head(6)))


if __name__ == "__main__":
    main()
