"""Registries of every kind: registered, flipped under readers, rolled back, backed up and restored."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from feast import FeatureStore

import jobs.serving.client
import jobs.serving.redis_registry
from jobs.back_up import back_up
from jobs.config.configuration import Config
from jobs.online.catalogue import build_catalogue
from jobs.online.registration import point_services, registered_colours
from jobs.online.registry_place import registry_place
from jobs.online.store import check_registered, open_store, read_store, storefront_client
from jobs.online.views import online_views
from jobs.restore import restore
from jobs.roll_back import roll_back
from jobs.runtime.errors import LongtailError
from jobs.serving.client import StorefrontClient
from tests.jobs.online.frames import publish_frames
from tests.jobs.online.nights import reader_yaml
from tests.jobs.online.registries import KINDS, with_registry

FLIPS, READERS, LEAST_READS = 60, 2, 40


@pytest.fixture(params=KINDS)
def conf(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Config]:
    with with_registry(request.param, tmp_path, monkeypatch) as conf:
        yield conf


def test_a_registry_without_services_is_named_and_not_created(conf: Config) -> None:
    for opened in (check_registered, read_store, storefront_client):
        with pytest.raises(LongtailError, match=r"Nothing is registered in .*registry\.db.*Run jobs/register_features"):
            opened(conf)
    assert registry_place(conf).read() is None


def test_a_night_is_read_rolled_back_and_restored(conf: Config, tmp_path: Path) -> None:
    for night in (1, 2):
        publish_frames(conf, night)
    reader = StorefrontClient(reader_yaml(conf), timeout_seconds=None, on_stale="serve")
    assert reader.user_list("ann").as_of == date(2017, 12, 2)
    back_up(conf, "r", str(tmp_path / "copy"))
    roll_back(conf, "r")
    reader._reading.store.refresh_registry()
    assert reader.user_list("ann").as_of == date(2017, 12, 1)
    publish_frames(conf, 3)
    restore(conf, "r", str(tmp_path / "copy"))
    colours = registered_colours(open_store(conf))
    assert (colours.in_doubt, colours.idle_night) == (True, None)
    assert colours.live_night is not None
    assert colours.live_night.as_of == date(2017, 12, 2)


def test_readers_see_one_night_or_the_other_over_many_flips(conf: Config) -> None:
    for night in (1, 2):
        publish_frames(conf, night)
    catalogue, store = build_catalogue(online_views(conf)), open_store(conf)
    problems: list[str] = []
    reads = [0] * READERS
    stop = threading.Event()

    def read(number: int) -> None:
        client = StorefrontClient(reader_yaml(conf), timeout_seconds=None, on_stale="serve")
        while not stop.is_set():
            try:
                client._reading.store.refresh_registry()
                [row] = client.ranking("ann", ["tea"])
            except Exception as error:
                problems.append(repr(error))
                return
            night = row["item_exposure__as_of"]
            values = {row["item_features__price_mean_90d"], row["item_exposure__allocated"]}
            if (row["user_exposure__as_of"], values) != (night, {float(str(night)[-2:])}):
                problems.append(repr(row))
            reads[number] += 1

    readers = [threading.Thread(target=read, args=(number,)) for number in range(READERS)]
    for thread in readers:
        thread.start()
    flips = 0
    while not problems and (flips < FLIPS or min(reads) < LEAST_READS) and flips < 100 * FLIPS:
        point_services(store, catalogue, registered_colours(store).flipped(datetime.now(UTC)))
        flips += 1
    stop.set()
    for thread in readers:
        thread.join()
    assert problems == []
    assert min(reads) >= LEAST_READS


ALONE = """
import sys
sys.modules |= dict.fromkeys(("features", "model", "pyspark", "mlflow", "torch", "jobs.runtime", "jobs.online"))
from client import StorefrontClient
client = StorefrontClient(sys.argv[1], timeout_seconds=None)
print(client.user_list("ann").as_of, client.boosts(["tea"]), client.published().run_id)
"""


def test_a_service_on_another_host_needs_its_settings_and_at_most_a_folder_and_a_file(
    conf: Config, tmp_path: Path
) -> None:
    publish_frames(conf, 1)
    service = tmp_path / "service"
    (service / "jobs/serving").mkdir(parents=True)
    shutil.copyfile(reader_yaml(conf), service / "reader.yaml")
    shutil.copytree(Path(jobs.serving.client.__file__).parent, service / "client")
    if conf.online.registry == "redis":
        shutil.copyfile(str(jobs.serving.redis_registry.__file__), service / "jobs/serving/redis_registry.py")
    # -S and a path without the environment's .pth files: the editable install of Longtail is not importable.
    packages = str(Path(next(place for place in sys.path if place.endswith("site-packages"))))
    command = [sys.executable, "-S", "-c", ALONE, "reader.yaml"]
    environment = os.environ | {"PYTHONPATH": f"{service}:{packages}"}
    answer = subprocess.run(command, cwd=service, env=environment, capture_output=True, text=True, check=False)
    assert answer.stdout.strip() == "2017-12-01 {'tea': 1.0} r1", answer.stderr


def test_a_reader_that_opens_a_registry_does_not_replace_it(conf: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_frames(conf, 1)
    store = FeatureStore(fs_yaml_file=reader_yaml(conf))
    empty = type(registry_place(conf).read())()
    if conf.online.registry is not None:
        with pytest.raises(Exception, match=r"opened for reading|PreconditionFailed"):
            store.registry._registry_store.update_registry_proto(empty)
    check_registered(conf)


def test_a_shared_warehouse_is_registered_under_a_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with with_registry("redis", tmp_path, monkeypatch) as local:
        conf = local.model_copy(update={"warehouse": f"file://{local.warehouse}"})
        for night in (1, 2):
            publish_frames(conf, night)
        roll_back(conf, "r")
        back_up(conf, "r", str(tmp_path / "copy"))
        restore(conf, "r", f"file://{tmp_path / 'copy'}")
        assert storefront_client(conf).user_list("ann").as_of == date(2017, 12, 1)
    assert list(Path(local.warehouse).glob("lock/registry/*.json"))
