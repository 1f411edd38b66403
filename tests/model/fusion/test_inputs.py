import numpy as np
import pytest

from model.fusion.inputs import columns_of, event_codes, feature_matrix


def test_counts_are_logged_days_capped_shares_kept_and_values_compared() -> None:
    columns = {
        "purchases_count_7d": np.array([0, 9]),
        "days_since_listed": np.array([0.0, 9999.0]),
        "discount_share_90d": np.array([0.0, 0.25]),
        "segment": np.array(["tail", "cold"], dtype=object),
    }
    names = ("purchases_count_7d", "days_since_listed", "discount_share_90d", "segment=tail")
    expected = [[0, 0, 0, 1], [np.log(10), np.log(401), 0.25, 0]]
    np.testing.assert_allclose(feature_matrix(names, columns), expected, rtol=1e-6)


def test_missing_features_and_values_that_are_not_finite_are_named() -> None:
    with pytest.raises(ValueError, match="segment"):
        feature_matrix(("segment=tail", "spend_sum_28d"), {"spend_sum_28d": np.array([1.0])})
    with pytest.raises(ValueError, match="spend_sum_28d has values that are not finite"):
        feature_matrix(("spend_sum_28d",), {"spend_sum_28d": np.array([np.nan])})


def test_columns_come_once_and_unknown_event_types_are_zero() -> None:
    assert columns_of(("segment=tail", "segment=cold", "price_mean_90d")) == ("segment", "price_mean_90d")
    assert event_codes(np.array(["purchase", "cart", "nod"], dtype=object)).tolist() == [1, 2, 0]
