"""Objects that are applied, removed and left alone when the declarations change."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from feast import Entity, FeatureService, ValueType
from pyspark.sql.types import DateType

from features.declarations import ITEM_FEATURES_TABLE
from jobs.config.configuration import Config
from jobs.execution.night import Night, Record
from jobs.live.online import register_live
from jobs.online.catalogue import Catalogue, build_catalogue
from jobs.online.colours import HeldNight
from jobs.online.fields import OnlineView
from jobs.online.registration import point_services, register, registered_colours
from jobs.online.store import open_store, read_store
from jobs.online.views import online_views
from jobs.register_features import register_features
from jobs.roll_back import roll_back
from jobs.runtime.errors import LongtailError
from jobs.runtime.lock import only_writer
from jobs.runtime.storage import storage_of
from jobs.serving.client import ITEM_POTENTIAL_VIEW, LIVE, RANKING
from tests.jobs.online.frames import bring_frames_live, publish_frames
from tests.jobs.online.nights import config_in, reader_of, reader_yaml


def changed(views: tuple[OnlineView, ...], name: str, **changes: object) -> tuple[OnlineView, ...]:
    return tuple(replace(view, **changes) if view.name == name else view for view in views)  # type: ignore[arg-type]


def without_title(conf: Config) -> Catalogue:
    views = online_views(conf)
    fields = next(view for view in views if view.name == "item_features").fields
    return build_catalogue(
        changed(views, "item_features", fields=tuple(field for field in fields if field.name != "title"))
    )


def item(conf: Config) -> dict[str, object]:
    return reader_of(conf).items(["tea"])[0]


def test_everything_is_registered_with_its_meaning(tmp_path: Path) -> None:
    conf = config_in(tmp_path)
    assert register(open_store(conf), build_catalogue(online_views(conf))) == []
    store = read_store(conf)
    names = ("item_exposure", "item_features", "item_potential", "user_exposure", "user_features")
    assert sorted(view.name for view in store.list_feature_views()) == sorted(
        f"{name}_{colour}" for name in names for colour in ("blue", "green")
    )
    assert {service.name for service in store.list_feature_services()} == {
        RANKING,
        "storefront_user",
        "storefront_item",
        "storefront_list",
        "storefront_boost",
    }
    view = store.get_feature_view("item_features_green")
    assert {field.name: field.description for field in view.features} == {
        column.name: column.meaning for column in ITEM_FEATURES_TABLE.columns if column.name not in ("as_of", "item_id")
    }
    count = next(field for field in view.features if field.name == "purchases_count_28d")
    assert count.tags == {
        "owner": "demand",
        "meaning": "Purchase lines in the last 28 days.",
        "source": "daily_item.purchases_count",
        "aggregation": "count",
        "window": "28d",
        "default": "0",
        "freshness": "every night",
    }


def test_registering_again_keeps_the_live_night(tmp_path: Path) -> None:
    conf = config_in(tmp_path)
    catalogue = publish_frames(conf, 1)
    before = registered_colours(read_store(conf))
    assert register(open_store(conf), catalogue) == []
    assert registered_colours(read_store(conf)) == before
    assert before.live_night is not None
    assert before.live_night.as_of == date(2017, 12, 1)
    assert item(conf)["item_exposure__allocated"] == 1.0


def test_a_new_feature_is_served_from_its_first_night_on(tmp_path: Path) -> None:
    conf = config_in(tmp_path)
    publish_frames(conf, 1, without_title(conf))
    everything = build_catalogue(online_views(conf))
    register(open_store(conf), everything)
    assert "item_features__title" not in item(conf)  # and not NULL
    publish_frames(conf, 2, everything)
    assert item(conf)["item_features__title"] == "2"


def test_a_new_view_is_served_from_its_first_night_on(tmp_path: Path) -> None:
    conf = config_in(tmp_path)
    before = build_catalogue(view for view in online_views(conf) if view.name != ITEM_POTENTIAL_VIEW)
    for night in (1, 2):
        publish_frames(conf, night, before)
    register(open_store(conf), build_catalogue(online_views(conf)))
    assert "item_potential__potential_gap" not in item(conf)  # and not NULL
    # Writes only what differs from the complete night of the idle colour, which has no row of the view.
    bring_frames_live(conf, 3)
    assert (item(conf)["item_potential__potential_gap"], item(conf)["item_exposure__allocated"]) == (3.0, 3.0)
    roll_back(conf, "back")
    assert "item_potential__potential_gap" not in item(conf)
    assert item(conf)["item_exposure__allocated"] == 2.0


def test_a_feature_that_is_no_longer_declared_is_no_longer_served(tmp_path: Path) -> None:
    conf = config_in(tmp_path)
    publish_frames(conf, 1)
    register(open_store(conf), without_title(conf))
    assert "item_features__title" not in item(conf)
    assert item(conf)["item_features__brand"] == "1"


def test_undeclared_objects_are_removed_and_those_of_others_stay(tmp_path: Path) -> None:
    conf = config_in(tmp_path)
    views = online_views(conf)
    catalogue = publish_frames(conf, 1)
    theirs = FeatureService(name="theirs", features=[catalogue.coloured["user_features", "green"]])
    basket = Entity(name="basket", join_keys=["basket_id"], value_type=ValueType.STRING)
    open_store(conf).apply([theirs, basket])

    fewer = build_catalogue(view for view in views if view.name != "item_features")
    assert register(open_store(conf), fewer) == ["item_features", "item_features_blue", "item_features_green"]
    store = read_store(conf)
    assert not any(view.name.startswith("item_features") for view in store.list_feature_views())
    assert {"theirs", RANKING} <= {service.name for service in store.list_feature_services()}
    assert "basket" in {entity.name for entity in store.list_entities()}
    assert item(conf)["item_exposure__allocated"] == 1.0


def test_a_stream_that_starts_during_a_flip_does_not_undo_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf = config_in(tmp_path)
    catalogue = publish_frames(conf, 1)
    publishing, streaming = open_store(conf), open_store(conf)
    colours = registered_colours(publishing)
    flipped = colours.with_idle(HeldNight(date(2017, 12, 2), "r2", catalogue.features)).flipped(datetime.now(UTC))
    flip = threading.Thread(target=point_services, args=(publishing, catalogue, flipped))
    apply = streaming.apply

    def applying(objects: list[object]) -> None:
        flip.start()  # after the stream has read the registry, and before it writes it
        flip.join(1.0)
        apply(objects)

    monkeypatch.setattr(streaming, "apply", applying)
    register_live(streaming, lambda table: f"somewhere/{table.name}")
    flip.join(30)
    store = read_store(conf)
    assert registered_colours(store) == flipped
    assert LIVE in {service.name for service in store.list_feature_services()}


def test_a_type_that_cannot_be_served_stops_the_registration(tmp_path: Path) -> None:
    views = online_views(config_in(tmp_path))
    fields = tuple(replace(field, type=DateType()) for field in views[2].fields[:1])
    with pytest.raises(LongtailError, match="purchases_count_1d has the type date"):
        build_catalogue(changed(views, "user_features", fields=fields))


@pytest.mark.slow
def test_feast_lists_the_views(tmp_path: Path) -> None:
    conf = config_in(tmp_path)
    register(open_store(conf), build_catalogue(online_views(conf)))
    command = [
        str(Path(sys.executable).with_name("feast")),
        "-f",
        str(reader_yaml(conf)),
        "feature-views",
        "list",
    ]
    root = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    listed = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path, env=root).stdout
    assert {"item_features_blue", "item_features_green", "user_features_blue"} <= set(listed.split())


def test_a_read_only_registry_is_an_error_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf = config_in(tmp_path)
    night = Night(conf, date(2017, 12, 1), "r", None, None, Record())  # type: ignore[arg-type]  # neither Spark nor tables are needed
    register_features(night)

    def refused(self: Path, *arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(LongtailError, match=r"Registering the features failed: .*Permission denied.*run register_feat"):
        register_features(night)


def test_a_full_disk_is_an_error_before_anything_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with (
        pytest.raises(LongtailError, match=r"cannot be written \(No space left on device\)"),
        only_writer(storage_of(str(tmp_path)), "r"),
    ):
        pass


def test_the_catalogue_names_tables_of_a_remote_warehouse_by_their_uri(tmp_path: Path) -> None:
    conf = config_in(tmp_path).model_copy(update={"warehouse": "s3a://shop/longtail/"})
    sources = build_catalogue(online_views(conf)).sources
    assert sources["user_features"].path == "s3a://shop/longtail/user_features"
    assert "delta.`s3a://shop/longtail/exposure_scores`" in sources["user_exposure"].query
