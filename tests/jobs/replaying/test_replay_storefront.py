"""The simulated storefront: opened, a day simulated once and again, and refused out of order."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from jobs import replay_storefront
from jobs.config.configuration import Config, load_config
from jobs.replay_storefront import begin, replay
from jobs.runtime.errors import LongtailError
from jobs.serving.client import PublishedNight, RankedItem, StorefrontClient, UserList

pytestmark = pytest.mark.slow

OPENS, NEXT = date(2017, 12, 1), date(2017, 12, 2)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[Config, Path]:
    folder = tmp_path_factory.mktemp("replay")
    path = folder / "conf.yaml"
    path.write_text(yaml.safe_dump({"warehouse": str(folder / "warehouse"), "source": {"kind": "complete_journey"}}))
    conf = load_config(path)
    begin(conf, folder / "deliveries", OPENS, shoppers=60, items=200, history=4)
    return conf, folder / "deliveries"


class Published:
    """A client with three items for each shopper: two planned ones and a randomly drawn one."""

    def __init__(self, *_: object, **__: object) -> None:
        self.items = pd.read_parquet(ITEMS_OF[0])["item_id"].tolist()

    def published(self) -> PublishedNight:
        return PublishedNight(OPENS, "r")

    def user_list(self, user_id: str) -> UserList:
        start = hash_of(user_id) % (len(self.items) - 3)
        places = zip(self.items[start : start + 3], (1.0, 1.0, 0.25), strict=True)
        items = tuple(RankedItem(n, item, 0.1, 0.1, 0.0, p, "why") for n, (item, p) in enumerate(places, start=1))
        return UserList(user_id, True, OPENS, "1", items, "personal", "main")


ITEMS_OF: list[Path] = []


def hash_of(user_id: str) -> int:
    return int(user_id[1:])


def test_the_store_opens_with_history_and_a_day_is_delivered_as_a_log(
    opened: tuple[Config, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    conf, folder = opened
    ITEMS_OF[:] = sorted(folder.glob("items-*.parquet"))
    history = [pd.read_parquet(path) for path in sorted(folder.glob("events-*.parquet"))]
    assert len(history) == 4
    assert set(pd.concat(history)["event_type"]) == {"purchase"}
    assert pd.concat(history)["event_time"].dt.date.max() == date(2017, 11, 30)
    assert len(pd.read_parquet(folder / "users.parquet")) == 60

    monkeypatch.setattr(replay_storefront, "storefront_client", Published)
    counts = replay(conf, folder, OPENS)
    path = folder / f"events-{OPENS}.parquet"
    log = pd.read_parquet(path)
    kinds = {name: pq.read_schema(name).remove_metadata() for name in folder.glob("events-*.parquet")}
    assert all(kind == kinds[path] for kind in kinds.values())  # a column that changes its type breaks the source
    assert log["event_id"].is_unique
    shown = log[log["event_type"] == "exposure"]
    assert len(shown) == counts["exposures"] > 0
    assert set(shown["policy"]) == {"main"}
    assert set(shown["list_as_of"]) == {OPENS}
    assert shown["list_rank"].between(1, 3).all()
    assert set(shown["event_time"].dt.date) == {OPENS}
    # Positions start at 1 in each request without gaps, even where an item was left out of the list.
    assert (shown.groupby("request_id")["position"].max() == shown.groupby("request_id").size()).all()
    drawn = shown.loc[shown["propensity"] < 1, "propensity"]
    assert set(drawn) == {0.25}
    clicked = log[log["event_type"] == "click"]
    assert len(clicked) == counts["clicks"] >= counts["purchases_of_the_shelf"]
    bought = log[(log["event_type"] == "purchase") & log["request_id"].notna()]
    assert (log["event_type"] == "cart").sum() == len(bought)
    assert len(bought) == counts["purchases_of_the_shelf"]
    pairs = set(zip(shown["request_id"], shown["user_id"], shown["item_id"], strict=True))
    assert set(zip(bought["request_id"], bought["user_id"], bought["item_id"], strict=True)) <= pairs
    assert (log["event_type"] == "purchase").sum() - len(bought) == counts["other_purchases"]
    of_client = StorefrontClient.exposure_events(Published().user_list("s1"), "x", "tail_shelf")[0]
    assert set(of_client) - set(log.columns) == {"sample_weight"}

    # The last day can be simulated again with the same result; a day after a gap is refused.
    assert replay(conf, folder, OPENS) == counts
    pd.testing.assert_frame_equal(pd.read_parquet(path), log)
    with pytest.raises(LongtailError, match=r"no state of the day before 2017-12-05; its last day is 2017-12-01"):
        replay(conf, folder, date(2017, 12, 5))
    replay(conf, folder, NEXT)
    assert (folder / "truth" / f"{NEXT}.npz").exists()
