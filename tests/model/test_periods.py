from datetime import date

import pytest

from model.periods import Periods, least_history_days, periods_within, training_periods

NIGHT = date(2024, 3, 9)


def test_periods_follow_one_another_up_to_the_night() -> None:
    periods = training_periods(date(2017, 12, 1), horizon_days=28, second_stage_periods=3)
    assert periods.gate == date(2017, 11, 3)
    assert periods.second_stage == (date(2017, 8, 11), date(2017, 9, 8), date(2017, 10, 6))
    assert periods.first_stage == periods.encoder_cut == date(2017, 7, 14)
    assert periods.end(periods.gate) == date(2017, 12, 1)
    assert periods.response_days(periods.gate) == (date(2017, 11, 3), date(2017, 11, 30))
    assert Periods.of(periods.all_cuts, 28) == periods


def test_each_period_ends_where_the_next_begins() -> None:
    periods = training_periods(date(2017, 12, 1), horizon_days=7, second_stage_periods=4)
    cuts = periods.all_cuts
    assert [periods.end(cut) for cut in cuts[:-1]] == list(cuts[1:])


@pytest.mark.parametrize(
    ("history", "horizon", "second_stage"),
    [
        (365, 28, 4),
        (196, 28, 4),  # (4 + 3) * 28
        (195, 28, 3),
        (140, 28, 2),  # (2 + 3) * 28
        (139, 27, 2),  # 139 // 5
        (60, 12, 2),
        (35, 7, 2),
    ],
)
def test_a_short_history_takes_periods_away_and_then_days(history: int, horizon: int, second_stage: int) -> None:
    periods = periods_within(NIGHT, history, horizon_days=28, second_stage_periods=4)
    assert periods is not None
    assert periods == training_periods(NIGHT, horizon, second_stage)
    # A horizon of history is left before the first cut.
    assert (NIGHT - periods.first_stage).days + horizon <= history
    assert least_history_days(horizon, second_stage) <= history


@pytest.mark.parametrize(("history", "least"), [(34, 7), (20, 7), (1, 7), (0, 7), (44, 9)])
def test_no_training_fits_a_history_of_less_than_five_weeks(history: int, least: int) -> None:
    assert periods_within(NIGHT, history, 28, 2, least) is None


def test_a_configured_horizon_below_a_week_is_kept() -> None:
    assert periods_within(NIGHT, 15, 3, 2) == training_periods(NIGHT, 3, 2)
    assert periods_within(NIGHT, 14, 3, 2) is None
