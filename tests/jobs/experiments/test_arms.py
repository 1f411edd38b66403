"""A test of two plans, from its configuration to its analysis: lists, what is published, what is reported."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
import yaml
from pyspark.sql import SparkSession

from features.contract import CONSTRAINT_PRICES, EVENTS, EXPOSURE_SCORES, USER_HISTORY, USERS
from features.contract.table import Table
from jobs.analyse_test import analyse_test
from jobs.config.configuration import Config, load_config
from jobs.execution.night import Night
from jobs.experiments.arms import assigned
from jobs.online.rows import night_rows
from jobs.online.views import online_views
from jobs.plan_exposure import plan_exposure
from jobs.runtime.errors import LongtailError
from jobs.show import item_in_words, shopper_in_words
from model.phrases import phrases
from tests.jobs.planning.test_plan_exposure import FIRST, PLAN, fill, night_of
from tests.jobs.small_tables import filled

pytestmark = pytest.mark.slow

USERS_OF = [f"u{number:02}" for number in range(22)]
OPTED_OUT = ("u03", "u04", "u05", "u06")
ARMS = {
    "usual": {"share": 0.5, "plan": {}},
    "bold": {"share": 0.5, "plan": {"floors": {"cold": {"share": 0.3}}, "launch": {"exposures": 0.2}}},
}


@pytest.fixture(scope="module")
def planned(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Night:
    folder = tmp_path_factory.mktemp("arms")
    path: Path = folder / "conf.yaml"
    test = {"name": "autumn", "starts_on": FIRST, "arms": ARMS, "before_days": 7}
    content = {"warehouse": str(folder / "warehouse"), "source": {"kind": "complete_journey"}}
    path.write_text(yaml.safe_dump({**content, "plan": PLAN, "experiment": test}, sort_keys=False))
    night = night_of(spark, load_config(path), FIRST)
    fill(night, opted_out=OPTED_OUT)
    night.tables.replace(filled(spark, USER_HISTORY, [{"as_of": FIRST, "user_id": "u00"}]), USER_HISTORY, where=None)
    plan_exposure(night)
    return night


def arms(conf: Config) -> dict[str, str]:
    """By shopper the arm assigned by the hash."""
    return dict(zip(USERS_OF, assigned(conf, USERS_OF).tolist(), strict=True))


def planned_arms(conf: Config) -> dict[str, str]:
    """By shopper with a list the arm that planned it; u21 has no candidate."""
    own = {user: arm for user, arm in arms(conf).items() if user not in OPTED_OUT and user != "u21"}
    return own | dict.fromkeys(OPTED_OUT, "usual")


def test_each_shopper_has_one_list_by_the_plan_of_the_arm(planned: Night) -> None:
    of_user = planned_arms(planned.conf)
    assert set(of_user.values()) == {"usual", "bold"}
    lists = planned.tables.read_date(EXPOSURE_SCORES, FIRST).toPandas()
    policy_of = {"usual": "main", "bold": "bold"}
    assert set(zip(lists["user_id"], lists["policy"], strict=True)) == {
        (user, policy_of[arm]) for user, arm in of_user.items()
    }
    # Shares of floors are of the arm's own exposure: its shoppers' visits (n % 10 + 1) / 30 times 2.4.
    prices = planned.tables.read_date(CONSTRAINT_PRICES, FIRST).toPandas()
    bound = prices[prices["constraint"] == "cold"].set_index("policy")["bound"]
    for arm, share in (("usual", 0.1), ("bold", 0.3)):
        visits = sum((int(u[1:]) % 10 + 1) / 30 for u, a in of_user.items() if a == arm)
        assert bound[policy_of[arm]] == pytest.approx(share * visits * 2.4)
    assert planned.record.rows["usual_users"] + planned.record.rows["bold_users"] == 21


def test_shoppers_without_consent_share_one_list_whatever_their_arm(planned: Night) -> None:
    assert {arms(planned.conf)[user] for user in OPTED_OUT} == {"usual", "bold"}
    lists = planned.tables.read_date(EXPOSURE_SCORES, FIRST).toPandas().sort_values(["user_id", "rank"])
    shared = lists[lists["user_id"].isin(OPTED_OUT)]
    assert set(shared["reason"]) == {phrases().shared_list}
    assert len(shared.groupby("user_id")["item_id"].agg(tuple).unique()) == 1
    assert (planned.record.rows["usual_users_without_consent"], planned.record.rows["bold_users_without_consent"]) == (
        len(OPTED_OUT), 0,
    )  # fmt: skip


def test_a_product_and_a_shopper_are_shown_by_arm(planned: Night) -> None:
    words = item_in_words(planned, "c1")
    assert words.count(" exposures expected a day; ") == 2
    assert words.index("Arm usual of the test autumn") < words.index("Arm bold of the test autumn")
    bold = next(user for user, arm in planned_arms(planned.conf).items() if arm == "bold")
    assert "arm bold of the test autumn" in shopper_in_words(planned, bold)
    assert "arm usual of the test autumn" in shopper_in_words(planned, OPTED_OUT[0])


def test_the_storefront_reads_the_arm_with_the_list(planned: Night) -> None:
    lists = tuple(view for view in online_views(planned.conf) if view.name == "user_exposure")
    of_view = night_rows(planned, lists).views["user_exposure"]
    rows = of_view.sample(of_view.entities, 1).to_pandas()
    personal = rows[~rows["user_id"].str.startswith("segment:")].set_index("user_id")
    assert personal["arm"].to_dict() == planned_arms(planned.conf)
    assert set(personal.loc[personal["arm"] == "bold", "policy"]) == {"bold"}
    assert rows.loc[rows["user_id"] == "segment:everyone", ["arm", "policy"]].to_numpy().tolist() == [["", "main"]]


def test_the_analysis_reports_effects_and_wrong_lists(spark: SparkSession, planned: Night) -> None:
    conf, of_user = planned.conf, arms(planned.conf)
    users = pd.DataFrame({"user_id": USERS_OF}).assign(
        signed_up_at=datetime(2017, 1, 1), attributes=[{}] * 22, consent_personalisation=True,
        updated_at=datetime(2017, 1, 1),
    )  # fmt: skip
    _write(planned, USERS, users)
    rows = []
    for number, (user, arm) in enumerate(of_user.items()):
        for day in range(-7, 6):
            more = 3 if arm == "bold" and day >= 0 else 0
            rows += [(user, "t1", "purchase", day, None)] * (1 + (number * 7 + day * day) % 3 + more)
            rows.append((user, "hit", "purchase", day, None))
        rows.append((user, "t1", "exposure", 0, "main"))  # those in bold saw the wrong list
    events = pd.DataFrame(rows, columns=["user_id", "item_id", "event_type", "day", "policy"])
    events["event_date"] = [FIRST + timedelta(days=day) for day in events.pop("day")]
    events["event_time"] = events["ingested_at"] = pd.to_datetime(events["event_date"])
    _write(planned, EVENTS, events.assign(
        event_id=[str(n) for n in range(len(events))], quantity=1, price=Decimal(2), sample_weight=1.0,
        placement="tail_shelf",
    ))  # fmt: skip
    report = analyse_test(spark, conf, FIRST + timedelta(days=6))
    assert "Test autumn, 6 days from 2017-12-01: 18 shoppers were known and had given consent" in report
    seen = {arm: sum(of_user[user] == arm for user in USERS_OF if user not in OPTED_OUT) for arm in ARMS}
    assert f"Shoppers with a logged exposure: usual {seen['usual']}, bold {seen['bold']};" in report
    assert f"{seen['bold']} of 18 shoppers with logged exposures were shown another arm's list" in report
    [line] = [line for line in report.splitlines() if line.startswith("  tail_purchases")]
    means = [float(word.rstrip(",")) for word in line.split()[1:4:2]]
    assert means[0] - means[1] == pytest.approx(3.0, abs=0.5)
    assert "more, shown since the morning after day" in line
    [guard] = [line for line in report.splitlines() if line.startswith("  head_purchases")]
    assert "1.0000 against 1.0000, difference +0.0000" in guard
    with pytest.raises(LongtailError, match="No test has a complete day by 2017-12-01"):
        analyse_test(spark, conf, date(2017, 12, 1))


def _write(night: Night, table: Table, rows: pd.DataFrame) -> None:
    complete = rows.reindex(columns=table.column_names).astype(object)
    complete = complete.where(complete.notna(), None)
    night.tables.replace(night.spark.createDataFrame(complete, table.schema), table, where=None)
