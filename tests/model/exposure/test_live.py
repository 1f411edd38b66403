"""The factor of an item while the day runs."""

import numpy as np

from model.exposure.live import live_factor


def test_an_item_is_eased_out_before_its_cap() -> None:
    used = np.array([0.0, 80.0, 90.0, 99.0, 100.0, 150.0, 5.0, 5.0])
    cap = np.array([100.0, 100.0, 100.0, 100.0, 100.0, 100.0, 0.0, np.nan])  # a cap of 0 is none left; NaN is no cap
    np.testing.assert_allclose(live_factor(used, cap, 0.8), [1.0, 1.0, 0.5, 0.05, 0.0, 0.0, 0.0, 1.0])
