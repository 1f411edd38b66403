import pytest

from model.purchase_rate import expected_responses


def test_one_day_says_nothing_of_how_often_shoppers_return() -> None:
    # Ten shoppers, each with one visit of three items: one visit in 30 days of (30 + 1) / (10 + 1) items.
    assert expected_responses(shoppers=10, visits=10, days=0, pairs=30, horizon_days=28) == pytest.approx(
        1 / 30 * 31 / 11 * 28
    )


def test_returns_count_and_first_visits_do_not() -> None:
    # 100 shoppers over 20 days came back 200 times in 1500 days.
    assert expected_responses(100, 300, 1500, 600, 7) == pytest.approx(201 / 1530 * 601 / 301 * 7)


def test_a_store_without_sales_expects_one_item_in_30_days() -> None:
    assert expected_responses(0, 0, 0, 0, 30) == pytest.approx(1.0)
