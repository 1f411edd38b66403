"""The protocol of the benchmark of pictures on drawn ones."""

import numpy as np
import pytest

from tests.benchmark.pictures import colours, edges, same_class_share
from tests.model.images.drawn import drawn


def test_a_picture_is_not_its_own_neighbour() -> None:
    """
    at 0, 10, 20 and 90 degrees; classes a, a, b, b: the nearest of 0 is 10 (right), of 10 is 0 or 20 by the order,
    of 20 is 10 (wrong), of 90 is 20 (right)
    """
    angle = np.deg2rad([0.0, 10.0, 21.0, 90.0])
    vectors = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert same_class_share(vectors, np.array(["a", "a", "b", "b"]), 1) == pytest.approx(3 / 4)


def test_what_needs_no_model_tells_pictures_apart() -> None:
    for of in (colours, edges):
        vectors = np.stack([of(drawn(seed, side, side)) for seed in range(4) for side in (60, 70)])
        assert same_class_share(vectors, np.repeat(np.arange(4), 2), 1) == 1.0
