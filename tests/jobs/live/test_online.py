"""The live views next to the coloured ones, and the client that combines both."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
from feast import FeatureStore

from features.contract.live_counts import SUMS
from jobs.live.online import LIVE_ITEM, LIVE_USER, push, register_live
from jobs.online.catalogue import build_catalogue
from jobs.online.erasure import erase_online
from jobs.online.registration import register
from jobs.online.store import open_store
from jobs.online.views import online_views
from jobs.serving.client import LIVE, RankedItem, StorefrontClient, UserList
from tests.jobs.online.frames import published_in
from tests.jobs.online.nights import config_in, reader_of

pytestmark = pytest.mark.slow
DAY, NIGHT = date(2024, 5, 1), date(2017, 12, 1)  # of the published frames
NOON, UNTIL = datetime(2024, 5, 1, 12, tzinfo=UTC), datetime(2024, 5, 2, 4, tzinfo=UTC)
#         item exposures live_factor
COUNTED = [("tea", 80.0, 1.0), ("jam", 95.0, 0.25), ("oil", 120.0, 0.0)]


def entry(rank: int, item: str, score: float, propensity: float = 1.0) -> RankedItem:
    return RankedItem(rank, item, score, score, 0.0, propensity, "")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("live")


@pytest.fixture(scope="module")
def client(folder: Path) -> StorefrontClient:
    conf = published_in(folder)
    client = reader_of(conf, now=lambda: NOON)
    shown = UserList("u", True, NIGHT, "1", (entry(1, "tea", 0.5),))
    assert client.with_live_factors(shown) == shown  # no stream has run yet
    store = open_store(conf)
    register_live(store, lambda table: f"somewhere/{table.name}")
    counts = pd.DataFrame(0.0, index=pd.Index([item for item, _, _ in COUNTED], name="item_id"), columns=list(SUMS))
    counts["exposures"] = [shown for _, shown, _ in COUNTED]
    factor = pd.Series({item: value for item, _, value in COUNTED})
    for _ in range(2):  # twice: totals, not increments
        rows = counts.assign(live_factor=factor, night=str(NIGHT), until=UNTIL.isoformat())
        assert push(store, LIVE_ITEM, rows, DAY, NOON) == 3
    of_shoppers = counts.set_axis(pd.Index(["u", "v", "w"], name="user_id"))
    assert push(store, LIVE_USER, of_shoppers, DAY, NOON) == 3
    # registering the views of the nights leaves the live views alone
    register(store, build_catalogue(online_views(conf)))
    assert LIVE in {service.name for service in store.list_feature_services()}
    return reader_of(conf, now=lambda: NOON)


def test_live_factors_of_the_live_night(client: StorefrontClient) -> None:
    assert client.live_factors(["tea", "jam", "oil", "nil"]) == {"tea": 1.0, "jam": 0.25, "oil": 0.0}
    assert client.live_factors(["jam"], NIGHT) == {"jam": 0.25}
    assert client.live_factors([]) == {}


def test_a_list_is_sorted_by_live_scores_without_items_at_their_cap(client: StorefrontClient) -> None:
    shown = UserList(
        "u", True, NIGHT, "1",
        (entry(1, "jam", 0.8), entry(2, "oil", 0.7), entry(3, "drawn", 0.1, propensity=0.01), entry(4, "tea", 0.5)),
    )  # fmt: skip
    after = client.with_live_factors(shown).items
    assert [(item.rank, item.item_id, item.score) for item in after] == [
        (4, "tea", 0.5),
        (3, "drawn", 0.1),  # keeps its place among the remaining items
        (1, "jam", pytest.approx(0.2)),
    ]
    logged = client.exposure_events(client.with_live_factors(shown), "r-1", "tail_shelf")
    assert [(row["position"], row["list_rank"]) for row in logged] == [(1, 4), (2, 3), (3, 1)]


def test_a_shoppers_exposures_of_today_are_online_until_they_are_erased(folder: Path, client: StorefrontClient) -> None:
    assert client.published() is not None
    conf = config_in(folder)

    def shown(store: FeatureStore) -> list[float | None]:
        rows = [{"user_id": user} for user in ("u", "v")]
        answer = store.get_online_features(store.get_feature_service(LIVE_USER.service), entity_rows=rows)
        exposures: list[float | None] = answer.to_dict()["exposures_today"]
        return exposures

    store = open_store(conf)
    assert shown(store) == [80.0, 95.0]
    assert LIVE_USER.name in erase_online(store, online_views(conf), "u")
    assert shown(store) == [None, 95.0]


def test_factors_of_another_night_or_an_earlier_day_of_it_are_ignored(folder: Path, client: StorefrontClient) -> None:
    assert client.live_factors(["oil"], date(2017, 11, 30)) == {}
    shown = UserList("u", True, date(2017, 11, 30), "1", (entry(1, "oil", 0.5),))
    assert client.with_live_factors(shown) == shown
    later = reader_of(config_in(folder), now=lambda: UNTIL)
    assert later.live_factors(["oil"]) == {}
