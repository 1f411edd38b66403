"""Audiences of the small store: whom they hold, in which order, as a table and as a file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from features.contract import AUDIENCES
from jobs.config.plan import ItemGroup
from jobs.export_audience import as_csv, eligible_items, export_audience, main
from jobs.runtime.errors import LongtailError
from tests.jobs.planning.small_store import NIGHT, conf_in, night_of


def test_the_keenest_shoppers_with_consent_come_first(spark: SparkSession, store: Path) -> None:
    night = night_of(spark, conf_in(store))
    items = eligible_items(night, ["best"], None)
    audience = export_audience(night, "launch", items, most=30)
    # u22 and u23 do not consent, and u00 has seen it as often as the plan allows; the chance rises with the number.
    assert audience["user_id"].tolist() == [f"u{number:02}" for number in range(21, 0, -1)]
    assert audience["relevance"].iloc[0] == pytest.approx(0.321)
    assert set(audience["title"]) == {"Best"}

    tea = eligible_items(night, [], ItemGroup(column="category", equals="Food > Tea"))
    assert sorted(tea["item_id"]) == ["best", "tea"]
    either = export_audience(night, "launch", tea, most=30).set_index("user_id")
    assert either.loc["u21", "item_id"] == "best"
    assert either.loc["u00", "item_id"] == "tea"

    export_audience(night, "few", items, most=2)
    stored = night.tables.read_date(AUDIENCES, NIGHT).toPandas().sort_values("rank")
    assert stored[stored["audience"] == "few"]["user_id"].tolist() == ["u21", "u20"]
    assert stored[stored["audience"] == "launch"]["user_id"].tolist() == either.index.tolist()


def test_what_cannot_have_an_audience_is_named(spark: SparkSession, store: Path) -> None:
    night = night_of(spark, conf_in(store, relevance_bar=0.5))
    with pytest.raises(LongtailError, match="has no item gone"):
        eligible_items(night, ["best", "gone"], None)
    with pytest.raises(LongtailError, match="category=Tea: no item has this value"):
        eligible_items(night, [], ItemGroup(column="category", equals="Tea"))
    with pytest.raises(LongtailError, match=r"No shopper with consent has one of these 1 items.*plan\.relevance_bar"):
        export_audience(night, "none", eligible_items(night, ["best"], None), most=5)


def test_the_file_keeps_ids_and_disarms_formulas() -> None:
    audience = pd.DataFrame(
        {
            "user_id": ["007", "u,1"], "item_id": ["a", "b"], "title": ['=cmd|"/c calc"', None],
            "relevance": [0.25, 0.1234567],
        }
    )  # fmt: skip
    assert as_csv(audience) == (
        "user_id,item_id,title,relevance\n"
        '007,a,"\'=cmd|""/c calc""",0.250000\n'
        '"u,1",b,,0.123457\n'
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--name", "a"], "give --item, --where or both"),
        (["--name", "a/b", "--item", "x"], "--name has up to 64"),
        (["--name", "a", "--where", "category"], "write --where as column=value"),
        (["--name", "a", "--item", "x", "--most", "0"], "--most is at least 1"),
    ],
)
def test_a_wrong_call_says_what_is_missing(
    arguments: list[str], problem: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["export_audience.py", *arguments, "--csv", "audience.csv"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert problem in capsys.readouterr().err
