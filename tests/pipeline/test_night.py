"""A complete night with the real components: Spark, Delta, Feast, MLflow, the encoder."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow.tracking import MlflowClient
from pyspark.sql import functions as F

from features import contract
from features.contract.table import Table
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from jobs.config.summary import Summary
from jobs.execution.night import Night, Record
from jobs.nightly import STEPS
from jobs.online.store import storefront_client
from jobs.registry.active_models import model_store
from jobs.registry.models import DATABASE
from jobs.report.page.numbers import amount
from jobs.report.summary import night_summary
from jobs.runtime.errors import LongtailError
from jobs.search_service.loading import Loader
from jobs.search_service.shopper_boosts import shopper_boosts
from jobs.serving.client import StorefrontClient
from jobs.show import chance_in_words
from tests.pipeline.small_night import AS_OF, Store
from tests.pipeline.small_panel import HOUSEHOLDS

OF_VISITORS = (contract.DAILY_VISITOR, contract.IDENTITIES, contract.SEARCHES)  # which the panel does not have
OFF = (  # by default, and in this night
    contract.AUDIENCES, contract.CATALOGUE_CATEGORIES, contract.CATALOGUE_VALUES, contract.IMAGE_EMBEDDINGS,
    contract.ITEM_NEIGHBOURS, contract.LAUNCH_SUGGESTIONS, contract.PLAN_RULES, contract.PRICE_SUGGESTIONS,
    contract.QUERY_ITEMS, contract.QUERY_REPORT, contract.REVIEW_SENTIMENT, contract.REVIEW_TERMS,
    contract.STOCK_SUGGESTIONS, contract.TEXT_ATTRIBUTES, contract.TEXT_CATEGORIES,
)  # fmt: skip
ALL_TABLES = [table for name in contract.__all__ if (table := getattr(contract, name)) not in OF_VISITORS + OFF]
ALL_TABLES += [ITEM_FEATURES_TABLE, USER_FEATURES_TABLE]


@pytest.mark.parametrize("table", ALL_TABLES, ids=lambda table: table.name)
def test_every_table_exists_and_its_key_is_unique(store: Store, table: Table) -> None:
    rows = store.tables.read(table)
    assert rows.groupBy(*table.key).count().where("count > 1").isEmpty()


def test_a_store_without_visitors_has_none_of_their_tables(store: Store) -> None:
    assert not [table.name for table in OF_VISITORS if store.tables.exists(table)]


def test_what_is_off_writes_no_table(store: Store) -> None:
    assert not [table.name for table in OFF if store.tables.exists(table)]


def test_every_step_is_recorded_with_its_inputs_and_outputs(store: Store) -> None:
    runs = store.tables.read(contract.RUNS).where("run_id = 'first'").toPandas().set_index("step")
    assert sorted(runs.index) == sorted(STEPS)
    # Off by default; and no draw has a known outcome yet.
    skipped = ["embed_images", "link_items", "read_reviews", "search_items", "suggest", "train_uplift"]
    assert sorted(runs.index[runs.status == "skipped"]) == skipped
    assert set(runs.status.drop(skipped)) == {"done"}
    assert {"exposure_scores", "item_exposure", "constraint_prices"} <= set(runs.loc["plan_exposure"].outputs)
    assert "relevance" in runs.loc["plan_exposure"].inputs
    assert runs.loc["score"].model_version == "1"


def test_lists_hold_distinct_tail_items_that_the_shopper_has_not_bought(store: Store) -> None:
    lists = store.tables.read_date(contract.EXPOSURE_SCORES, AS_OF).toPandas()
    assert lists.user_id.nunique() == HOUSEHOLDS
    assert not lists.duplicated(["user_id", "item_id"]).any()
    assert lists.groupby("user_id").size().max() <= store.conf.plan.slots
    np.testing.assert_allclose(lists.score, lists.relevance + lists.boost, atol=1e-9)
    assert lists.reason.str.len().min() > 0
    items = store.tables.read_date(ITEM_FEATURES_TABLE, AS_OF).toPandas().set_index("item_id")
    assert set(items.loc[lists.item_id].segment) <= {"tail", "cold"}
    assert items.loc[lists.item_id].is_eligible.all()
    events = store.tables.read(contract.EVENTS).where("event_type = 'purchase'").select("user_id", "item_id").distinct()
    bought = set(events.toPandas().itertuples(index=False, name=None))
    assert not bought & set(lists[["user_id", "item_id"]].itertuples(index=False, name=None))


def test_no_item_gets_more_than_its_cap(store: Store) -> None:
    exposure = store.tables.read_date(contract.ITEM_EXPOSURE, AS_OF).toPandas()
    assert (exposure.allocated <= exposure.cap + 1e-6).all()


def test_the_past_periods_of_the_training_have_candidates(store: Store) -> None:
    dates = {
        row.as_of.isoformat() for row in store.tables.read(contract.CANDIDATES).select("as_of").distinct().collect()
    }
    assert dates == {"2017-09-08", "2017-10-06", "2017-11-03", "2017-12-01"}


def test_the_storefront_reads_the_night(store: Store) -> None:
    client = StorefrontClient(f"{store.conf.warehouse}/feast/reader.yaml")
    lists = store.tables.read_date(contract.EXPOSURE_SCORES, AS_OF).orderBy("user_id", "rank").toPandas()
    user = lists.user_id.iloc[0]
    expected = lists[lists.user_id == user]
    answer = client.user_list(user)
    assert [entry.item_id for entry in answer.items] == expected.item_id.tolist()
    np.testing.assert_allclose([entry.score for entry in answer.items], expected.score, rtol=1e-6)
    boosts = client.boosts(expected.item_id.tolist())
    np.testing.assert_allclose([boosts[item] for item in expected.item_id], expected.boost, rtol=1e-6)


def test_the_summary_names_steps_and_segments_and_shoppers_by_choice_only(store: Store) -> None:
    seconds = dict.fromkeys(STEPS, 1.0)
    text = night_summary(store.spark, store.conf, AS_OF, seconds)
    assert all(step in text for step in STEPS)
    assert "tail" in text
    assert "recently bought:" not in text
    with_shoppers = store.conf.model_copy(update={"summary": Summary(shoppers=2)})
    assert night_summary(store.spark, with_shoppers, AS_OF, seconds).count("recently bought:") == 2


def test_the_first_night_has_a_page_that_stands_alone(store: Store) -> None:
    text = (store.tables.files.read(f"reports/{AS_OF}.html") or b"").decode("utf-8")
    assert re.findall(r'<section id="([a-z]+)"', text) == [
        "headline", "exposure", "delivery", "response", "movers", "gems", "starving", "prices", "model",
        "catalogue", "data", "drift", "times", "sources",
    ]  # fmt: skip
    assert "This is the first night" in text
    assert not re.findall(r"(?:https?:)?//[a-z]|<script", text)
    # the version of a number's table is the newest, as nothing has been written since
    for name in ("item_exposure", "exposure_scores", "relevance", "constraint_prices"):
        table = next(table for table in ALL_TABLES if table.name == name)
        assert f'<a href="#source-{name}">{name} v{store.tables.version(table)}</a>' in text
    figures = store.tables.read_date(contract.METRICS, AS_OF).toPandas().set_index(["name", "segment"])["value"]
    shown = figures["items_shown_count", "all"]
    assert f'<h3>Products shown</h3>\n    <p class="value">{amount(shown)}</p>' in text


@pytest.mark.slow
@pytest.mark.promise
def test_a_second_run_of_the_date_gives_the_same_tables(store: Store) -> None:
    written = [t for t in ALL_TABLES if t not in (contract.RUNS, contract.REJECTED, contract.PARKED)]
    before = {table.name: rows_of(store, table) for table in written}
    store.run("second")
    for table in written:
        assert_same(before[table.name], rows_of(store, table), table)


def rows_of(store: Store, table: Table) -> pd.DataFrame:
    frame = store.tables.read(table).drop("run_id", "source_versions")
    maps = [column.name for column in table.columns if column.type.typeName() == "map" and column.name in frame.columns]
    arrays = [column.name for column in table.columns if column.type.typeName() == "array"]
    for name in maps:
        frame = frame.withColumn(name, F.to_json(name))
    for name in arrays:
        frame = frame.withColumn(name, F.concat_ws("|", F.transform(name, lambda value: value.cast("string"))))
    return frame.toPandas().sort_values(list(table.key), ignore_index=True)


def assert_same(first: pd.DataFrame, second: pd.DataFrame, table: Table) -> None:
    assert len(first) == len(second), table.name
    for column in first.columns:
        if first[column].dtype.kind == "f":
            np.testing.assert_allclose(first[column], second[column], atol=1e-6, err_msg=f"{table.name}.{column}")
        else:
            pd.testing.assert_series_equal(first[column], second[column], obj=f"{table.name}.{column}")


def test_the_chance_of_a_pair_is_shown_as_a_sum(store: Store) -> None:
    night = Night(store.conf, AS_OF, "show", store.spark, store.tables, Record())
    row = store.tables.read_date(contract.EXPOSURE_SCORES, AS_OF).orderBy("user_id", "rank").first()
    assert row is not None
    words = chance_in_words(night, row["user_id"], row["item_id"])
    heading, *lines = words.splitlines()
    assert heading.endswith("of a purchase within 28 days")
    sums = {text: float(number) for number, text in re.findall(r"([+-]\d+\.\d{4})  ([A-Za-z].*)$", words, re.MULTILINE)}
    total = next(value for text, value in sums.items() if text.startswith("total"))
    assert total == pytest.approx(np.log(row["relevance"] / (1 - row["relevance"])), abs=2e-4)
    base = sum(value for text, value in sums.items() if text.startswith("base"))
    [together] = [value for text, value in sums.items() if text.startswith("all contributions")]
    assert base + together == pytest.approx(total, abs=5e-4)
    assert len(lines) > 10

    scored = store.tables.read_date(contract.RELEVANCE, AS_OF).where(F.col("user_id") == row["user_id"])
    items = store.tables.read_date(ITEM_FEATURES_TABLE, AS_OF).select("item_id")
    other = items.join(scored.select("item_id"), on="item_id", how="left_anti").first()
    assert other is not None
    with pytest.raises(LongtailError, match=r"not among the candidates of .* Name one of the candidates, such as"):
        chance_in_words(night, row["user_id"], other["item_id"])
    with pytest.raises(LongtailError, match="No product nothing was known"):
        chance_in_words(night, row["user_id"], "nothing")
    with pytest.raises(LongtailError, match="No shopper unknown was known"):
        chance_in_words(night, "unknown", row["item_id"])


def test_what_the_model_goes_by_lies_next_to_its_bundle(store: Store) -> None:
    tables = sorted(Path(store.conf.warehouse).glob("mlflow/artifacts/*/artifacts/importance.csv"))
    folder, importance = tables[0].parent, pd.read_csv(tables[0])
    assert (importance["sum"] <= importance[["linear", "network", "trees"]].sum(axis=1) + 1e-9).all()
    assert importance["sum"].is_monotonic_decreasing
    assert {"popularity", "taste"} <= set(importance["family"])
    attention = pd.read_csv(folder / "attention.csv")
    assert attention["share"].sum() == pytest.approx(1.0, abs=1e-3)
    assert {"importance.svg", "attention.svg"} <= {path.name for path in folder.iterdir()}
    card = (folder / "model_card.md").read_text(encoding="utf-8")
    assert "The chance of a purchase within 28 days" in card
    assert "| calibration_all_slope |" in card
    assert "## Limits\n\n- " in card
    assert re.search(r"- versions of tables: .*\bevents \d+", card)


def test_the_run_of_the_training_says_on_what_and_how_long(store: Store) -> None:
    database = f"sqlite:///{store.conf.warehouse}/mlflow/{DATABASE}"
    [version] = model_store(Night(store.conf, AS_OF, "read", store.spark, store.tables, Record())).versions()
    run = MlflowClient(database, database).get_run(Path(version.source).parents[1].name).data
    assert (run.params["fusion.width"], run.params["encoder.user_items"]) == ("16", "4")
    read = store.tables.read(contract.RUNS).where("run_id = 'first' AND step = 'build_candidates'").first()
    assert read is not None
    inputs = {f"data.{table}": str(version) for table, version in read["inputs"].items() if table != "runs"}
    assert inputs
    assert inputs.items() <= run.params.items()
    expected = {"seconds fine_tune", "seconds build_candidates", "encoder last_loss", "driver python peak MiB"}
    assert expected <= run.metrics.keys()
    assert len([name for name in run.metrics if name.startswith("loss ")]) > 1


def test_a_search_during_the_day_reads_the_published_night(store: Store) -> None:
    client = storefront_client(store.conf)
    published = client.published()
    assert published is not None
    night = Loader(store.conf).load(published)
    title = night.items.texts[0]
    matches = night.find(title, 20, 20, 0.0, {})
    assert title in [item.text for item in matches]
    planned = store.tables.read(contract.ITEM_EXPOSURE).where("boost <> 0").select("item_id", "boost").toPandas()
    boosts = dict(zip(night.items.item_ids, night.boosts, strict=True))
    assert {item: boosts.get(item) for item in planned["item_id"]} == dict(
        zip(planned["item_id"], planned["boost"], strict=True)
    )
    consents = store.tables.read_date(USER_FEATURES_TABLE, AS_OF).where("consent_personalisation").select("user_id")
    lifted = store.tables.read_date(contract.EXPOSURE_SCORES, AS_OF).where("boost <> 0")
    shopper = lifted.join(consents, on="user_id", how="left_semi").first()
    assert shopper is not None
    own = shopper_boosts(client, shopper["user_id"], AS_OF)
    assert own is not None
    assert any(own.values())
