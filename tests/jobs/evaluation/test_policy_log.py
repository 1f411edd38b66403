from __future__ import annotations

from datetime import date

from pyspark.sql import SparkSession

from features.contract import EVENTS, EXPOSURE_SCORES
from features.delivery.strata import in_planned_order
from jobs.evaluation.policy_log import drawn_entries, place_of
from model.phrases import languages, phrases
from tests.jobs.small_tables import filled


def test_drawn_entries_are_known_by_their_reason_in_any_language_and_counted_by_list(spark: SparkSession) -> None:
    night, drawn = date(2017, 12, 1), phrases().explored
    entry = {"as_of": night, "policy": "main", "propensity": 1.0}
    rows = [
        {**entry, "user_id": "u1", "item_id": "planned", "reason": "Popular with similar shoppers"},
        {**entry, "user_id": "u1", "item_id": "certain", "reason": f"Popular with similar shoppers; {drawn}"},
        {**entry, "user_id": "u1", "item_id": "by chance", "reason": drawn, "propensity": 0.2},
        {**entry, "user_id": "u2", "item_id": "certain", "reason": f"{drawn}; Sells steadily"},
        {**entry, "user_id": "u2", "item_id": "other", "reason": f"not {drawn}"},
        {**entry, "user_id": "u1", "item_id": "certain", "reason": drawn, "policy": "new"},
        *({**entry, "user_id": "u3", "item_id": of, "reason": phrases(of).explored} for of in languages()),
    ]
    entries = drawn_entries(filled(spark, EXPOSURE_SCORES, rows)).collect()
    drawn_slots = {(row.policy, row.user_id, row.item_id): row.drawn_slots for row in entries}
    assert drawn_slots == {
        ("main", "u1", "certain"): 2.0,
        ("main", "u1", "by chance"): 2.0,
        ("main", "u2", "certain"): 1.0,
        ("new", "u1", "certain"): 1.0,
        **{("main", "u3", of): float(len(languages())) for of in languages()},
    }


def test_item_position_takes_the_rank_of_the_list_where_it_is_logged(spark: SparkSession) -> None:
    logged = {"third of the list": (1, 3), "by a store without ranks": (2, None), "nowhere": (None, None)}
    rows = [{"item_id": item, "position": at, "list_rank": rank} for item, (at, rank) in logged.items()]
    events = filled(spark, EVENTS, rows)
    places = events.select("item_id", place_of("item-position"), place_of("position-based")).collect()
    assert {item: (rank, position) for item, rank, position in places} == {
        "third of the list": (3, 1), "by a store without ranks": (2, 2), "nowhere": (None, None),
    }  # fmt: skip


def test_a_list_that_a_session_sorted_is_not_in_the_order_of_the_plan(spark: SparkSession) -> None:
    rows = [{"item_id": str(order), "list_order": order} for order in ("session", "plan", None)]
    planned = filled(spark, EVENTS, rows).where(in_planned_order()).select("item_id").collect()
    assert {row["item_id"] for row in planned} == {"plan", "None"}
