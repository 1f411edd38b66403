"""Versions and the champion in a real MLflow on SQLite."""

from __future__ import annotations

import threading
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jobs.config.mlflow import MLflow
from jobs.registry import bundle_copy
from jobs.registry.active_models import active_models, encoder_is_due, training_is_due
from jobs.registry.bundle_copy import BundleCopy
from jobs.registry.drafts import write_draft
from jobs.registry.models import Champion, ModelStore
from jobs.registry.retries import RegistryUnansweredError, RememberedVersions
from jobs.registry.version import Version
from jobs.runtime.errors import WRONG_USAGE, ConfigurationError, LongtailError
from jobs.runtime.storage import Storage, storage_of

CONF = MLflow(tracking_uri=None, registered_model="longtail-ranker", experiment="longtail")
DECEMBER = date(2017, 12, 1)


def store_in(folder: Path, conf: MLflow = CONF) -> ModelStore:
    return ModelStore(conf, storage_of(str(folder)), folder)


def _register(store: ModelStore, folder: Path, as_of: date, gate: str = "passed", encoder: str = "e1") -> Version:
    bundle = folder / f"bundle-{as_of}"
    (bundle / "encoder").mkdir(parents=True, exist_ok=True)
    (bundle / "encoder" / "config.json").write_text(encoder)
    tags = {"encoder_version": encoder, "encoder_as_of": as_of.isoformat(), "gate": gate}
    return store.register(bundle, as_of, {"recall": 0.25}, {"seed": "17"}, tags)


def _night(folder: Path, as_of: date) -> Any:
    """The parts of a night that active_models reads."""
    conf = SimpleNamespace(
        mlflow=CONF,
        gate=SimpleNamespace(retry_days=7),
        relevance=SimpleNamespace(every_days=28, others=()),
        encoder=SimpleNamespace(every_days=56),
    )
    return SimpleNamespace(conf=conf, files=storage_of(str(folder)), scratch=folder, as_of=as_of)


def test_a_new_store_is_empty_and_creates_no_file(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    assert store.versions() == []
    assert store.champion(DECEMBER) is None
    assert list(tmp_path.iterdir()) == []


def test_champion_is_the_newest_promoted_version_as_of_the_date(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    old = _register(store, tmp_path, date(2017, 11, 1))
    store.promote(old.version)
    refused = _register(store, tmp_path, date(2017, 11, 20), gate="refused")
    new = _register(store, tmp_path, DECEMBER, encoder="e2")

    waiting = store.champion(DECEMBER)
    assert waiting is not None
    assert waiting.version == old.version  # registered is not promoted

    store.promote(new.version)
    champion = store.champion(DECEMBER)
    assert champion is not None
    assert (champion.version, champion.encoder_version, champion.as_of) == (new.version, "e2", DECEMBER)
    assert (champion.encoder_folder / "config.json").read_text() == "e2"
    before = store.champion(date(2017, 11, 30))
    assert before is not None
    assert before.version == old.version
    assert store.champion(date(2017, 10, 31)) is None
    assert [version.version for version in store.versions_at(date(2017, 11, 20))] == [refused.version]
    with pytest.raises(LongtailError, match="was refused by the gate"):
        store.promote(refused.version)


def test_the_alias_moves_forward_only(tmp_path: Path) -> None:
    from mlflow.tracking import MlflowClient

    store = store_in(tmp_path)
    new = _register(store, tmp_path, DECEMBER)
    store.promote(new.version)
    backfilled = _register(store, tmp_path, date(2017, 11, 1))
    store.promote(backfilled.version)

    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow/mlflow.db")
    live = client.get_model_version_by_alias("longtail-ranker", "champion")
    assert str(live.version) == new.version
    assert client.get_run(live.run_id).data.metrics == {"recall": 0.25}
    assert client.get_run(live.run_id).data.params == {"seed": "17"}
    assert str(client.get_model_version_by_alias("longtail-ranker", "challenger").version) == backfilled.version


def test_missing_files_of_a_version_are_an_error(tmp_path: Path) -> None:
    import shutil

    store = store_in(tmp_path)
    store.promote(_register(store, tmp_path, DECEMBER).version)
    champion = store.champion(DECEMBER)
    assert isinstance(champion, Champion)
    shutil.rmtree(champion.folder)
    with pytest.raises(LongtailError, match="are not in"):
        store.champion(DECEMBER)


def test_tags_are_required(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="encoder_as_of, gate"):
        store_in(tmp_path).register(tmp_path, DECEMBER, {}, {}, {"encoder_version": "e1"})


def test_a_draft_is_active_until_its_version_is_registered(tmp_path: Path) -> None:
    def encoder(folder: Path) -> tuple[str, date]:
        folder.mkdir()
        return "e1", DECEMBER

    night = _night(tmp_path, DECEMBER)
    write_draft(storage_of(str(tmp_path)), tmp_path, DECEMBER, encoder, horizon_days=28, cuts=(), conf_hash="abc")
    before = active_models(night)
    assert before.champion is None
    assert before.draft is not None
    assert [model.encoder_version for model in before.contenders] == ["e1"]

    store = store_in(tmp_path)
    store.promote(_register(store, tmp_path, DECEMBER).version)
    after = active_models(night)
    assert after.draft is None
    assert [model.as_of for model in after.contenders] == [DECEMBER]


def test_the_first_champion_is_the_anchor_of_later_drafts(tmp_path: Path) -> None:
    def encoder(folder: Path) -> tuple[str, date]:
        folder.mkdir()
        return "e9", DECEMBER

    store, night = store_in(tmp_path), _night(tmp_path, DECEMBER)
    first = _register(store, tmp_path, date(2017, 10, 1))
    store.promote(first.version)
    write_draft(storage_of(str(tmp_path)), tmp_path, DECEMBER, encoder, horizon_days=28, cuts=(), conf_hash="abc")
    assert active_models(night).anchor is None  # it is the champion itself
    store.promote(_register(store, tmp_path, date(2017, 11, 1)).version)
    anchor = active_models(night).anchor
    assert anchor is not None
    assert anchor.version == first.version


def test_an_attempt_after_the_champion_makes_the_next_one_a_retry(tmp_path: Path) -> None:
    def encoder(folder: Path) -> tuple[str, date]:
        folder.mkdir()
        return "e9", DECEMBER

    store, night = store_in(tmp_path), _night(tmp_path, DECEMBER)

    def since_attempt() -> int | None:
        write_draft(storage_of(str(tmp_path)), tmp_path, DECEMBER, encoder, horizon_days=28, cuts=(), conf_hash="abc")
        return active_models(night).days_since_attempt

    assert since_attempt() is None
    _register(store, tmp_path, date(2017, 10, 20), gate="refused")
    assert since_attempt() == 42  # against popularity, without a champion
    store.promote(_register(store, tmp_path, date(2017, 11, 1)).version)
    assert since_attempt() is None  # what was tried before the champion was compared with another one
    _register(store, tmp_path, date(2017, 11, 17), gate="refused")
    _register(store, tmp_path, date(2017, 11, 24), gate="refused")
    assert since_attempt() == 7


def test_a_reference_serves_until_the_next_attempt_and_not_for_a_models_time(tmp_path: Path) -> None:
    store, first = store_in(tmp_path), date(2017, 11, 24)
    store.promote(_register(store, tmp_path, first, gate="reference").version)
    _register(store, tmp_path, first, gate="refused")
    champion = store.champion(DECEMBER)
    assert champion is not None
    assert champion.is_reference
    assert not training_is_due(_night(tmp_path, date(2017, 11, 30)), store)  # 6 days after the attempt
    assert training_is_due(_night(tmp_path, DECEMBER), store)  # 7 days: a model would serve for 28

    def encoder(folder: Path) -> tuple[str, date]:
        folder.mkdir()
        return "e9", DECEMBER

    write_draft(storage_of(str(tmp_path)), tmp_path, DECEMBER, encoder, horizon_days=28, cuts=(), conf_hash="abc")
    models = active_models(_night(tmp_path, DECEMBER))
    assert (models.has_trained, models.days_since_attempt) == (False, 7)  # against the reference, that night
    store.promote(_register(store, tmp_path, date(2017, 11, 30)).version)
    trained = active_models(_night(tmp_path, DECEMBER))
    assert (trained.has_trained, trained.days_since_attempt) == (True, None)


@pytest.mark.parametrize(
    ("as_of", "training", "encoder"),
    [
        (date(2017, 11, 1), False, False),  # attempted on the day itself
        (date(2017, 11, 28), False, False),  # 27 days after the champion
        (date(2017, 11, 29), True, False),  # 28 days
        (date(2017, 12, 1), False, False),  # refused on that day
        (date(2017, 12, 7), False, False),  # 6 days after the refusal
        (date(2017, 12, 8), True, False),  # 7 days
        (date(2017, 12, 27), True, True),  # 56 days after the champion's encoder
        (date(2017, 10, 31), True, True),  # before the first version
    ],
)
def test_when_training_and_encoder_are_due(two_attempts: Path, as_of: date, training: bool, encoder: bool) -> None:
    night, store = _night(two_attempts, as_of), store_in(two_attempts)
    assert training_is_due(night, store) is training
    assert encoder_is_due(night, store) is encoder


@pytest.fixture(scope="module")
def two_attempts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A champion of 1 November and a refusal of 1 December."""
    folder = tmp_path_factory.mktemp("store")
    store = store_in(folder)
    store.promote(_register(store, folder, date(2017, 11, 1)).version)
    _register(store, folder, DECEMBER, gate="refused")
    return folder


UNREACHABLE = MLflow(tracking_uri="http://127.0.0.1:9", registered_model="longtail-ranker", experiment="longtail")


def test_while_mlflow_does_not_answer_the_last_champion_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    local, remote = store_in(tmp_path), store_in(tmp_path, UNREACHABLE)
    with pytest.raises(RegistryUnansweredError, match=r"127\.0\.0\.1:9 does not answer.*Start it"):
        remote.versions()  # it has never answered

    promoted = _register(local, tmp_path, date(2017, 10, 1))
    local.promote(promoted.version)
    RememberedVersions(storage_of(str(tmp_path)), CONF.registered_model).keep(local.versions())
    champion = remote.champion(DECEMBER)
    assert champion is not None
    assert champion.version == promoted.version
    assert not remote.answers
    assert not training_is_due(_night(tmp_path, DECEMBER), remote)
    with pytest.raises(RegistryUnansweredError):
        _register(remote, tmp_path, DECEMBER)


@pytest.fixture
def remote_warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storage:
    """A warehouse that files do not lie in, as one in an object store."""
    monkeypatch.setattr(bundle_copy, "LocalStorage", type("NoStorage", (), {}))
    return storage_of(str(tmp_path / "warehouse"))


def test_a_remote_warehouse_keeps_the_bundle_of_the_newest_champion(remote_warehouse: Storage, tmp_path: Path) -> None:
    copy = BundleCopy(remote_warehouse, "longtail-ranker")
    assert not copy.copy_to("1", tmp_path / "none")
    for version in ("1", "2"):
        (tmp_path / version / "encoder").mkdir(parents=True)
        (tmp_path / version / "encoder/config.json").write_text(version)
        copy.replace(version, tmp_path / version)
    assert not copy.copy_to("1", tmp_path / "of 1")
    assert copy.copy_to("2", tmp_path / "of 2")
    assert (tmp_path / "of 2/encoder/config.json").read_text() == "2"
    assert remote_warehouse.names("mlflow/champion/longtail-ranker") == ["2", "2.complete"]


def test_a_bundle_whose_upload_was_killed_is_not_used(remote_warehouse: Storage, tmp_path: Path) -> None:
    remote_warehouse.write("mlflow/champion/longtail-ranker/1/ranker.pt", "half")
    copy = BundleCopy(remote_warehouse, "longtail-ranker")
    assert not copy.copy_to("1", tmp_path / "of 1")


def test_a_server_that_never_answered_ends_a_night_at_its_start(tmp_path: Path) -> None:
    remote = store_in(tmp_path, UNREACHABLE)
    with pytest.raises(ConfigurationError, match=r"127\.0\.0\.1:9 does not answer.*Start it") as error:
        remote.check_answers()
    assert error.value.exit_code == WRONG_USAGE

    local = store_in(tmp_path)
    local.check_answers()
    promoted = _register(local, tmp_path, date(2017, 10, 1))
    local.promote(promoted.version)
    RememberedVersions(storage_of(str(tmp_path)), CONF.registered_model).keep(local.versions())
    remote.check_answers()
    assert not remote.answers


def test_a_server_that_refuses_the_login_ends_a_night_although_it_answered_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815

        def log_message(self, *arguments: object) -> None:
            pass

    RememberedVersions(storage_of(str(tmp_path)), CONF.registered_model).keep([])
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "longtail")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hunter22-of-shop")
    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        remote = store_in(tmp_path, UNREACHABLE.model_copy(update={"tracking_uri": address}))
        with pytest.raises(ConfigurationError, match="refuses the user or the password") as error:
            remote.check_answers()
        server.shutdown()
    assert "hunter22" not in str(error.value)


def test_versions_are_taken_over_under_their_own_numbers(tmp_path: Path) -> None:
    live = store_in(tmp_path / "live")
    first = _register(live, tmp_path, date(2017, 11, 1))
    live.promote(first.version)
    _register(live, tmp_path, date(2017, 11, 8), gate="refused")
    third = _register(live, tmp_path, date(2017, 11, 15))
    registered = live.versions()

    own = store_in(tmp_path / "own")
    own.take_over([version for version in registered if version.gate == "passed"], next_number=5)
    assert [version.version for version in own.versions()] == [first.version, third.version] == ["1", "3"]
    assert [own.folder_of(version) for version in own.versions()] == [live.folder_of(first), live.folder_of(third)]
    champion = own.champion(DECEMBER)
    assert champion is not None
    assert champion.version == first.version
    assert _register(own, tmp_path, DECEMBER).version == "5"
    assert live.versions() == registered
