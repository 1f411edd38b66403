from datetime import date

from model.periods import training_periods


def test_periods_follow_one_another_up_to_the_night() -> None:
    periods = training_periods(date(2017, 12, 1), horizon_days=28, second_stage_periods=3)
    assert periods.gate == date(2017, 11, 3)
    assert periods.second_stage == (date(2017, 8, 11), date(2017, 9, 8), date(2017, 10, 6))
    assert periods.first_stage == periods.encoder_cut == date(2017, 7, 14)
    assert periods.end(periods.gate) == date(2017, 12, 1)


def test_each_period_ends_where_the_next_begins() -> None:
    periods = training_periods(date(2017, 12, 1), horizon_days=7, second_stage_periods=4)
    cuts = periods.all_cuts
    assert [periods.end(cut) for cut in cuts[:-1]] == list(cuts[1:])
