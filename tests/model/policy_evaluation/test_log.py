"""What no estimate may use of a log, each counted by reason."""

from __future__ import annotations

import pandas as pd

from model.policy_evaluation import log
from model.policy_evaluation.log import cleaned

NONE = float("nan")
ROWS = [
    # request user item day position propensity weight
    ("r1", "ann", "tea", 1, 1, 1.0, 1.0),
    ("r1", "ann", "jam", 1, 2, 0.2, 1.0),
    ("r1", "ann", "jam", 1, 2, 0.2, 1.0),  # logged twice
    ("r2", "ann", "tea", 1, 1, NONE, 1.0),  # the whole request cannot be weighted
    ("r2", "ann", "oil", 1, 2, 1.0, 1.0),
    ("r3", "bob", "tea", 1, NONE, 1.0, 1.0),
    (None, "bob", "tea", 1, 1, 1.0, 1.0),
    ("r4", "bot", "tea", 1, 1, 1.0, 60.0),  # weight 60, with the next above 100 a day
    ("r5", "bot", "tea", 1, 1, 1.0, 60.0),
    ("r6", "bot", "tea", 2, 1, 1.0, 1.0),
    ("r7", "cat", "tea", 1, 1, 1.0, 100.0),  # not above
]
COLUMNS = ["request_id", "user_id", "item_id", "day", "position", "propensity", "sample_weight"]


def test_everything_left_out_is_counted_by_reason() -> None:
    usable, left = cleaned(pd.DataFrame(ROWS, columns=COLUMNS), most_a_day=100)
    assert usable[["request_id", "item_id"]].to_numpy().tolist() == [["r1", "tea"], ["r1", "jam"], ["r7", "tea"]]
    assert left == {
        log.WITHOUT_REQUEST: 1,
        log.DUPLICATED: 1,
        log.ABSURD: 1,
        log.OF_ABSURD: 3,
        log.WITHOUT_POSITION: 1,
        log.WITHOUT_PROPENSITY: 1,
    }


def test_a_policy_s_own_log_needs_no_propensity() -> None:
    usable, left = cleaned(pd.DataFrame(ROWS, columns=COLUMNS), most_a_day=100, needs_propensity=False)
    assert set(usable["request_id"]) == {"r1", "r2", "r7"}
    assert log.WITHOUT_PROPENSITY not in left


def test_nothing_logged_is_nothing_left_out() -> None:
    usable, left = cleaned(pd.DataFrame([], columns=COLUMNS), most_a_day=100)
    assert usable.empty
    assert left == {}
