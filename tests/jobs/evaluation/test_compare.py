"""The comparison, from tables to words: a policy that ran, one that never did, and one that the log does not cover."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pandas as pd
import pytest
import yaml
from pyspark.sql import SparkSession

from features.contract import EVENTS, EXPOSURE_SCORES, ITEMS, RELEVANCE
from features.contract.table import Table
from jobs.compare import compare
from jobs.config.configuration import Config, load_config
from jobs.runtime.errors import LongtailError
from jobs.tables.warehouse import Warehouse
from tests.model.policy_evaluation.test_two_policies import THETA, store

NIGHT = date(2017, 12, 1)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def conf(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The small store of the numpy tests as tables: 120 shoppers, a request a day on 12 days."""
    folder = tmp_path_factory.mktemp("compare")
    path = folder / "conf.yaml"
    plan = {"slots": 4, "position_weights": THETA.tolist(), "exploration_slots": 2}
    path.write_text(yaml.safe_dump({
        "warehouse": str(folder / "warehouse"), "source": {"kind": "complete_journey"}, "plan": plan,
        "evaluation": {"least_effective_size": 50, "clip": 100, "response": "click"},
    }))  # fmt: skip
    conf = load_config(path)
    exposures, lists, _ = store(5, users=120)
    tables = Warehouse(spark, conf.warehouse)
    _write(tables, EVENTS, _events(exposures))
    scored = exposures.drop_duplicates(["user_id", "item_id"]).assign(
        as_of=NIGHT, policy="main", model_version="1", top_reasons=[[]] * len(exposures.drop_duplicates(
            ["user_id", "item_id"]))
    )  # fmt: skip
    _write(tables, RELEVANCE, scored)
    entries = pd.concat([rows.assign(policy=name) for name, rows in lists.items()])
    entries = entries.assign(
        as_of=NIGHT, placement="tail_shelf", score=entries["relevance"], boost=0.0, exposure=1.0, propensity=1.0,
        reason="", model_version="1", run_id="r", value=entries["relevance"],
    )  # fmt: skip
    _write(tables, EXPOSURE_SCORES, entries)
    _write(tables, ITEMS, pd.DataFrame({
        "item_id": ["0"], "title": ["tea"], "category": ["Food"], "attributes": [{}],
        **{name: [datetime(2017, 1, 1)] for name in ("listed_at", "updated_at", "valid_from")},
        "withdrawn_at": [datetime(2017, 12, 11)],
    }))  # fmt: skip
    return conf


def _events(exposures: pd.DataFrame) -> pd.DataFrame:
    shown = exposures.assign(
        event_id=exposures["request_id"] + "-" + exposures["position"].astype(str),
        event_type="exposure",
        event_time=[datetime(2017, 12, 1, 8) + timedelta(days=int(day)) for day in exposures["day"]],
        placement="tail_shelf",
    )
    clicks = shown[shown["response"] > 0].copy()
    clicks["event_id"] += "-click"
    clicks["event_type"] = "click"
    clicks["event_time"] += timedelta(minutes=1)
    clicks[["placement", "position", "propensity", "policy"]] = None
    both = pd.concat([shown, clicks])
    return both.assign(
        event_date=both["event_time"].dt.date, ingested_at=both["event_time"], quantity=0, price=Decimal(0)
    )


def _write(tables: Warehouse, table: Table, rows: pd.DataFrame) -> None:
    complete = rows.reindex(columns=table.column_names).astype(object)
    complete = complete.where(complete.notna(), None)
    tables.replace(tables.spark.createDataFrame(complete, table.schema), table, where=None)


@pytest.mark.promise
def test_a_policy_that_never_ran_is_compared_with_the_one_that_did(spark: SparkSession, conf: Config) -> None:
    said = compare(spark, conf, ("new", "main"))
    assert said.startswith("new against main at tail_shelf, exposures of 2017-12-01 to 2017-12-12")
    assert "clicks within 7 days of the exposure a request" in said
    assert "assumption: position-based" in said
    assert "1440 requests of 120 shoppers, 5760 exposures" in said
    assert "Evidence: new from the requests of other policies, main from its own requests." in said
    # All items attract alike on average.
    assert "No difference between new and main is shown." in said
    # Item 0 stands first in every list of main, and on two of the twelve days after it was withdrawn.
    assert "240 exposures of items that were withdrawn by then" in said
    assert "3360 exposures of the last 7 days, to which responses may still come" in said
    one_day = compare(spark, conf, ("new", "main"), NIGHT, NIGHT)
    assert "exposures of 2017-12-01 to 2017-12-01" in one_day
    assert "120 requests of 120 shoppers" in one_day


def test_of_a_long_log_a_sample_of_shoppers_is_evaluated(spark: SparkSession, conf: Config) -> None:
    evaluation = conf.evaluation.model_copy(update={"sample_exposures": 1440})
    said = compare(spark, conf.model_copy(update={"evaluation": evaluation}), ("new", "main"))
    assert "  25.00% of the shoppers, as the log exceeds evaluation.sample_exposures" in said
    counts = next(line for line in said.splitlines() if " shoppers, " in line)
    requests, shoppers = int(counts.split()[0]), int(counts.split()[3])
    # Shoppers are in the sample with all their requests.
    assert requests == 12 * shoppers
    assert 15 <= shoppers <= 45


def test_missing_evidence_is_named(spark: SparkSession, conf: Config) -> None:
    said = compare(spark, conf, ("other", "main"))
    assert "The log does not suffice to compare other with main:" in said
    assert "No overlap: other would show none of the 5760 logged exposures." in said
    with pytest.raises(LongtailError, match=r"The policy ours has no lists .* these have: main, new, other"):
        compare(spark, conf, ("ours", "main"))
    with pytest.raises(LongtailError, match="events has no exposure of the placement tail_shelf from 2018-01-01 on"):
        compare(spark, conf, ("new", "main"), date(2018, 1, 1))


def test_requests_whose_list_a_session_sorted_are_left_out(spark: SparkSession, conf: Config) -> None:
    """Last of the module, since it changes the log."""
    tables = Warehouse(spark, conf.warehouse)
    spark.sql(f"UPDATE delta.`{tables.path(EVENTS)}` SET list_order = 'session' WHERE event_date = '2017-12-12'")
    said = compare(spark, conf, ("new", "main"))
    assert said.startswith("new against main at tail_shelf, exposures of 2017-12-01 to 2017-12-11")
    assert "1320 requests of 120 shoppers, 5280 exposures" in said
    assert "  480 exposures of lists that were sorted again in a session (list_order), which are left out" in said
