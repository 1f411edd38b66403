"""The list of a session: its order by the neighbours of what was just viewed, and what stays as planned."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from jobs.config.configuration import Config
from jobs.online.catalogue import build_catalogue
from jobs.online.colours import HeldNight
from jobs.online.registration import point_services, register, registered_colours
from jobs.online.store import open_store
from jobs.online.views import online_views
from jobs.online.writing import replace_rows
from jobs.serving.client import (
    ITEM_NEIGHBOURS_VIEW,
    LIST,
    LIVE,
    NEIGHBOURS,
    USER_EXPOSURE_VIEW,
    RankedItem,
    StorefrontClient,
    UserList,
)
from jobs.serving.client.answers import with_items
from jobs.serving.client.reading import Answer
from jobs.serving.client.sessions import Neighbours, newest_different, session_lifts
from tests.jobs.online.frames import local_rows, publish_frames, rows_of
from tests.jobs.online.nights import config_in, reader_of

NIGHT = date(2017, 12, 1)
LINKED = "neighbours: {of_item: 3}\n"
LIST_OF_ANN = {
    "item_ids": ["tea", "salt", "gum", "jam"], "scores": [0.5, 0.45, 0.3, 0.2], "relevances": [0.5, 0.3, 0.3, 0.2],
    "boosts": [0.0, 0.15, 0.0, 0.0], "propensities": [1.0, 1.0, 0.5, 1.0], "reasons": ["a", "b", "c", "d"],
}  # fmt: skip
OF_ITEM = {  # neighbours, lifts and the lift of the rest
    "mug": (["jam"], [4.0], 0.5),
    "tea": (["salt", "gum"], [3.0, 2.0], 1.0),
}


def publish_linked(conf: Config, linked: bool = True) -> None:
    """Night 1 with the list of ann and neighbours of two items."""
    catalogue, store = build_catalogue(online_views(conf)), open_store(conf)
    register(store, catalogue)
    colours = registered_colours(store)
    for view in catalogue.views:
        rows = rows_of(view, 1, ("segment:everyone",))
        if view.name == USER_EXPOSURE_VIEW:
            for name, values in LIST_OF_ANN.items():
                rows[name] = [values] * len(rows)
        if view.name == ITEM_NEIGHBOURS_VIEW:
            columns = [pd.Series(column) for column in zip(*OF_ITEM.values(), strict=True)]
            names = ("neighbour_ids", "lifts", "rest_lift")
            rows = pd.DataFrame({"item_id": list(OF_ITEM)} | dict(zip(names, columns, strict=True)))
        replace_rows(store, view, catalogue.coloured[view.name, colours.idle], local_rows(view, rows), NIGHT)
    features = frozenset(f for f in catalogue.features if linked or not f.startswith(ITEM_NEIGHBOURS_VIEW))
    point_services(store, catalogue, colours.with_idle(HeldNight(NIGHT, "r1", features)).flipped(datetime.now(UTC)))


@pytest.fixture
def conf(tmp_path: Path) -> Config:
    conf = config_in(tmp_path, LINKED)
    publish_linked(conf)
    return conf


def ids(shown: UserList) -> list[str]:
    return [item.item_id for item in shown.items]


def test_a_list_is_sorted_by_the_neighbours_of_what_was_just_viewed(conf: Config) -> None:
    client = reader_of(conf, on_stale="serve")
    shown = client.session_list("ann", ["mug"])
    # jam: 0.2 * 4; salt: (0.45 - 0.15) * 0.5 + 0.15, as its boost is a price; tea: 0.5 * 0.5; gum is drawn and stays
    assert ids(shown) == ["jam", "salt", "gum", "tea"]
    assert [item.score for item in shown.items] == pytest.approx([0.8, 0.3, 0.15, 0.25])
    assert [item.rank for item in shown.items] == [4, 2, 3, 1]
    assert [item.propensity for item in shown.items] == [1.0, 1.0, 0.5, 1.0]
    assert {item.item_id: item.relevance for item in shown.items} == {"tea": 0.5, "salt": 0.3, "gum": 0.3, "jam": 0.2}
    assert (shown.order, shown.source, shown.policy) == ("session", "personal", "1")


def test_what_is_logged_says_how_the_list_was_sorted(conf: Config) -> None:
    client = reader_of(conf, on_stale="serve")
    rows = client.exposure_events(client.session_list("ann", ["mug"]), "r-1", "tail_shelf", visitor_id="v-1")
    assert {row["list_order"] for row in rows} == {"session"}
    assert [(row["position"], row["list_rank"]) for row in rows] == [(1, 4), (2, 2), (3, 3), (4, 1)]
    plain = client.exposure_events(client.user_list("ann"), "r-1", "tail_shelf")
    assert not any("list_order" in row for row in plain)


@pytest.mark.parametrize("recent", [[], ["unknown"], ["unknown", "salt"]])
def test_without_a_known_neighbour_the_list_is_the_published_one(conf: Config, recent: list[str]) -> None:
    client = reader_of(conf, on_stale="serve")
    assert client.session_list("ann", recent) == client.user_list("ann")


def test_guests_segments_and_items_to_leave_out_are_as_in_user_list(conf: Config) -> None:
    client = reader_of(conf, on_stale="serve", is_withdrawn={"tea"}.__contains__)
    shown = client.session_list(None, ["mug", "tea"], "new", already_shown=["gum"])
    assert (shown.user_id, shown.source, sorted(ids(shown))) == ("", "everyone", ["jam", "salt"])
    assert shown.order == "session"


def test_a_night_without_neighbours_serves_its_lists(tmp_path: Path) -> None:
    conf = config_in(tmp_path)
    publish_linked(conf)
    client = reader_of(conf, on_stale="serve")
    assert client.session_list("ann", ["mug"]) == client.user_list("ann")
    assert NEIGHBOURS not in {service.name for service in open_store(conf).list_feature_services()}


def test_a_flip_to_a_night_without_neighbours_takes_the_service_away(conf: Config) -> None:
    client = reader_of(conf, on_stale="serve")
    assert client.session_list("ann", ["mug"]).order == "session"
    publish_linked(conf, linked=False)  # as a roll-back to a night before they were switched on
    client._reading.store.refresh_registry()
    assert client.session_list("ann", ["mug"]).order == "plan"
    publish_frames(conf, 2)
    client._reading.store.refresh_registry()
    assert client._ask(NEIGHBOURS, {"item_id": ["tea"]}).rows[0][f"{ITEM_NEIGHBOURS_VIEW}__rest_lift"] == 2.0


def failing(client: StorefrontClient, monkeypatch: pytest.MonkeyPatch, *services: str) -> list[str]:
    """Makes reads of these services fail; returns what is asked from now on."""
    asked: list[str] = []
    read = client._reading.read

    def failing_read(service: str, keys: Any) -> Answer:
        asked.append(service)
        if service in services:
            raise OSError("no route")
        return read(service, keys)

    monkeypatch.setattr(client._reading, "read", failing_read)
    return asked


def test_an_outage_is_answered_as_in_user_list(conf: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    client = reader_of(conf, on_stale="serve", failures_to_open=2, open_seconds=60)
    planned = client.user_list("ann")
    asked = failing(client, monkeypatch, LIST, NEIGHBOURS, LIVE)
    shown = client.session_list("ann", ["mug"])
    assert (shown.items, shown.from_memory, shown.order) == (planned.items, True, "plan")
    assert asked == [LIST]  # a store that is down is not asked for more
    client.session_list("ann", ["mug"])
    assert client.stats().breaker_is_open
    client.session_list("ann", ["mug"])
    assert asked == [LIST, LIST]


def test_neighbours_that_fail_leave_the_list_as_planned(conf: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    client = reader_of(conf, on_stale="serve")
    planned = client.user_list("ann")
    failing(client, monkeypatch, NEIGHBOURS)
    assert client.session_list("ann", ["mug"]) == planned
    assert client.stats().services[NEIGHBOURS].failed == 1


def test_all_reads_take_the_time_of_one_call(conf: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    client = reader_of(conf, on_stale="serve").with_limits(timeout_seconds=30.0)
    client.session_list("ann", ["mug"])
    planned, read = client.user_list("ann"), client._reading.read

    def slow(service: str, keys: Any) -> Answer:
        if service != LIST:
            time.sleep(60)
        return read(service, keys)

    monkeypatch.setattr(client._reading, "read", slow)
    short = client.with_limits(timeout_seconds=2.0)
    assert short.session_list("ann", ["mug"]) == planned
    # What the neighbours took of the time is not left for the live factors.
    assert client.stats().services[NEIGHBOURS].timed_out == 1
    assert client.stats().services[LIVE].timed_out == 0


def test_live_factors_apply_last(conf: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    client = reader_of(conf, on_stale="serve")
    monkeypatch.setattr(StorefrontClient, "live_factors", lambda self, items, as_of: {"jam": 0.0, "salt": 0.1})
    shown = client.session_list("ann", ["mug"])
    assert [(item.item_id, round(item.score, 4)) for item in shown.items] == [
        ("tea", 0.25), ("gum", 0.15), ("salt", 0.03),
    ]  # fmt: skip


def test_an_older_recent_item_counts_less_and_no_item_for_itself() -> None:
    known = {
        "mug": Neighbours({"jam": 4.0}, 0.5), "tea": Neighbours({"jam": 1.0, "tea": 9.0}, 1.0),
    }  # fmt: skip
    newest, older = 1.0, 0.8
    lifts = session_lifts(["jam", "tea", "mug"], ["mug", "gone", "tea"], known)
    assert lifts["jam"] == pytest.approx((newest * 4.0 + older**2 * 1.0) / (newest + older**2))
    assert lifts["tea"] == 0.5
    assert lifts["mug"] == 1.0
    assert session_lifts(["tea"], ["tea"], known) == {}


def test_the_ten_newest_different_items_count() -> None:
    assert newest_different(["b", "a", "b", *map(str, range(20))]) == ["b", "a", *map(str, range(8))]


def test_a_list_without_items_needs_no_neighbours(conf: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    client = reader_of(conf, on_stale="serve")
    asked = failing(client, monkeypatch)
    assert client.session_list("ann", ["mug"], already_shown=["tea", "salt", "gum", "jam"]).items == ()
    assert asked == [LIST]


def test_equal_scores_keep_their_order() -> None:
    items = [RankedItem(rank, name, 1.0, 1.0, 0.0, 1.0, "") for rank, name in enumerate("cab", start=1)]
    assert ids(with_items(UserList("ann", True, NIGHT, "1", ()), items)) == ["c", "a", "b"]
