"""The one place that talks to MLflow: versions of the bundle and the alias of the champion."""

from __future__ import annotations

import logging
import os
import shutil
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse

from jobs.config.mlflow import MLflow
from jobs.registry.bundle_copy import BundleCopy
from jobs.registry.retries import RegistryUnansweredError, RememberedVersions, answered, asking_once
from jobs.registry.version import Version, version_of
from jobs.runtime import clock
from jobs.runtime.errors import ConfigurationError, LongtailError
from jobs.runtime.logs import warning
from jobs.runtime.redaction import hide
from jobs.runtime.storage import LocalStorage, Storage

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

CHAMPION, CHALLENGER = "champion", "challenger"  # aliases
PASSED, REFUSED_BY_GATE, REFERENCE = "passed", "refused", "reference"
BUNDLE = "bundle"
FOLDER, DATABASE = "mlflow", "mlflow.db"  # in a local warehouse
UPLIFT = "-uplift"  # after the name of the ranker: the registered model of the uplift
_LONGEST_PARAMETER = 500
_LARGEST_BATCH = 100  # parameters in one request, the least of MLflow's limits


@dataclass(frozen=True)
class Champion:
    """A promoted version with its files in a local folder."""

    version: str
    as_of: date
    encoder_version: str
    encoder_as_of: date
    folder: Path
    gate: str = PASSED

    @property
    def is_reference(self) -> bool:
        """Whether popularity and texts rank in it, until a trained model passes the gate."""
        return self.gate == REFERENCE

    @property
    def encoder_folder(self) -> Path:
        """Where the champion's encoder lies."""
        return self.folder / "encoder"

    @property
    def first_stage_folder(self) -> Path:
        """Where the champion's first stage lies."""
        return self.folder / "first_stage"


class ModelStore:
    """Versions of one registered model; without a tracking URI, in SQLite and files of a local warehouse's `mlflow`.

    files: of the warehouse
    scratch: local, where bundles of a server lie if the warehouse is remote
    """

    def __init__(self, conf: MLflow, files: Storage, scratch: Path) -> None:
        _set_up()
        self._conf = conf
        self._folder = files.path(FOLDER) if isinstance(files, LocalStorage) else scratch / FOLDER
        self._database = self._folder / DATABASE
        self._remembered = RememberedVersions(files, conf.registered_model)
        self._copy = BundleCopy(files, conf.registered_model)
        self.answers = True  # False once the server did not answer, and the versions it last listed are used

    def versions(self) -> list[Version]:
        """All registered versions, oldest first; those that the server last listed, if it does not answer."""
        if self._conf.tracking_uri is None:
            return self._listed() if self._database.exists() else []
        try:
            with answered(self._uri):
                versions = self._listed()
        except RegistryUnansweredError as error:
            remembered = self._remembered.recall()
            if remembered is None:
                raise
            self.answers = False
            warning("using the versions that MLflow last listed", problem=error.problem)
            return remembered
        self._remembered.keep(versions)
        return versions

    def check_answers(self) -> None:
        """Raises ConfigurationError where the server refuses the login, or does not answer and never has before.

        One that has answered before is not needed: the night goes by the versions that it last listed, with a warning.
        """
        if self._conf.tracking_uri is None:
            return
        try:
            with asking_once():
                self.versions()
        except RegistryUnansweredError as error:
            raise ConfigurationError(error.problem, error.remedy) from error

    def _listed(self) -> list[Version]:
        versions: list[Version] = []
        token: str | None = None
        while True:
            page = self._client.search_model_versions(f"name = '{self._conf.registered_model}'", page_token=token)
            versions += [version_of(row) for row in page]
            token = page.token
            if not token:
                return sorted(versions, key=lambda version: version.age_order)

    def versions_at(self, as_of: date) -> list[Version]:
        """The versions that were trained for a date, passed by the gate or not."""
        return [version for version in self.versions() if version.as_of == as_of]

    def champion(self, as_of: date) -> Champion | None:
        """The newest promoted version that was trained for `as_of` or before, with its files in a local folder."""
        promoted = [v for v in self.versions() if v.promoted_as_of is not None and v.as_of <= as_of]
        if not promoted:
            return None
        champion = self._with_files(promoted[-1])
        if _local_path(promoted[-1].source) is None:
            self._copy.replace(champion.version, champion.folder)
        return champion

    def anchor(self, as_of: date) -> Champion | None:
        """The first version that was ever promoted, for a date before `as_of`, with its files in a local folder."""
        promoted = [v for v in self.versions() if v.promoted_as_of is not None and v.as_of < as_of]
        return self._with_files(promoted[0]) if promoted else None

    def register(
        self,
        bundle_folder: Path,
        as_of: date,
        metrics: Mapping[str, float],
        params: Mapping[str, str],
        tags: Mapping[str, str],
        reports: Sequence[Path] = (),
        losses: Mapping[str, Sequence[float]] | None = None,
    ) -> Version:
        """Uploads a bundle and registers it as a version with the alias `challenger`.

        tags: encoder_version, encoder_as_of (ISO) and gate: PASSED, REFUSED_BY_GATE, or REFERENCE for one that no gate
            compares
        reports: further files of the run, next to the bundle
        losses: by fitted part the loss of each epoch, logged as the metric `loss <part>` with the epoch as step
        The version and its tags appear in one write, so a run that dies before leaves no version behind.
        """
        missing = {"encoder_version", "encoder_as_of", "gate"} - set(tags)
        if missing:
            raise ValueError(f"A version needs the tags {', '.join(sorted(missing))}.")
        with answered(self._uri):
            client = self._client
            run = client.create_run(self._experiment(), run_name=f"{self._conf.registered_model} {as_of}")
            _log(client, run.info.run_id, metrics, params, losses or {})
            for report in reports:
                client.log_artifact(run.info.run_id, str(report))
            client.log_artifacts(run.info.run_id, str(bundle_folder), BUNDLE)
            self._ensure_registered_model()
            row = client.create_model_version(
                self._conf.registered_model,
                f"{run.info.artifact_uri}/{BUNDLE}",
                run_id=run.info.run_id,
                tags={"as_of": as_of.isoformat(), **tags},
            )
            client.set_registered_model_alias(self._conf.registered_model, CHALLENGER, row.version)
            client.set_terminated(run.info.run_id)
        return version_of(row)

    def promote(self, version: str) -> None:
        """Marks a version as promoted and gives it the alias `champion`, unless a later night's version has it."""
        name = self._conf.registered_model
        with answered(self._uri):
            client = self._client
            row = version_of(client.get_model_version(name, version))
            if row.gate not in (PASSED, REFERENCE):
                raise LongtailError(
                    f"Version {version} of {name} was refused by the gate and cannot be promoted.", "Train a new one."
                )
            client.set_model_version_tag(name, version, "promoted_as_of", row.as_of.isoformat())
            newest = max(
                (v for v in self._listed() if v.promoted_as_of is not None), key=lambda promoted: promoted.age_order
            )
            client.set_registered_model_alias(name, CHAMPION, newest.version)

    def folder_of(self, version: Version) -> Path:
        """The local folder of a version, downloaded where a server has its files. Raises LongtailError without it."""
        return self._with_files(version).folder

    def take_over(self, versions: Sequence[Version], next_number: int) -> None:
        """Registers versions of another store under their own numbers, in a store without any; copies no files.

        versions: whose `source` is the place of their files
        next_number: of the version that `register` adds next
        """
        self._ensure_registered_model()
        client, name = self._client, self._conf.registered_model
        by_number = {int(version.version): version for version in versions}
        for number in range(1, next_number):
            version = by_number.get(number)
            row = client.create_model_version(name, version.source if version else "", tags=_tags_of(version))
            if version is None:  # numbers are not given again
                client.delete_model_version(name, row.version)

    def _with_files(self, version: Version) -> Champion:
        place = _local_path(version.source) or self._downloaded(version)
        if not place.is_dir():
            raise LongtailError(
                f"The files of version {version.version} of {self._conf.registered_model} are not in {place}.",
                "Put the folder back, or train a new version with an empty warehouse.",
            )
        return Champion(
            version.version, version.as_of, version.encoder_version, version.encoder_as_of, place, version.gate
        )

    def _downloaded(self, version: Version) -> Path:
        """A remote bundle, from the warehouse or the server; a folder has its final name only when it is complete."""
        from mlflow.artifacts import download_artifacts

        place = self._folder / "downloaded" / version.version
        if not place.is_dir():
            partial = place.with_name(f"{place.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            fetched = partial / BUNDLE
            if not self._copy.copy_to(version.version, fetched):
                with answered(self._uri):
                    # MLflow looks up models:/ URIs in the registry of the process, which is another one.
                    uri = self._client.get_model_version_download_uri(self._conf.registered_model, version.version)
                    fetched = Path(download_artifacts(artifact_uri=uri, dst_path=str(partial), tracking_uri=self._uri))
            fetched.rename(place)
            shutil.rmtree(partial, ignore_errors=True)
        return place

    @property
    def _uri(self) -> str:
        return self._conf.uri or f"sqlite:///{self._database}"

    @property
    def _client(self) -> MlflowClient:
        if self._conf.tracking_uri is None:
            self._folder.mkdir(parents=True, exist_ok=True)
        return _client(self._uri)

    def _experiment(self) -> str:
        experiment = self._client.get_experiment_by_name(self._conf.experiment)
        if experiment is not None:
            return experiment.experiment_id
        local = self._conf.tracking_uri is None
        place = (self._folder / "artifacts").as_uri() if local else None
        return self._client.create_experiment(self._conf.experiment, artifact_location=place)

    def _ensure_registered_model(self) -> None:
        name = self._conf.registered_model
        if not self._client.search_registered_models(f"name = '{name}'"):
            self._client.create_registered_model(name)


def database_of(conf: MLflow, files: Storage) -> Path | None:
    """MLflow's database in a local warehouse, whether it exists or not; None where `tracking_uri` names a server."""
    return files.path(f"{FOLDER}/{DATABASE}") if conf.tracking_uri is None and isinstance(files, LocalStorage) else None


@cache
def _client(uri: str) -> MlflowClient:
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _set_up() -> None:
    """Sets MLflow up before its import: artefacts come through the server, its messages stay out of the night's log."""
    for secret in ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"):
        hide(os.environ.get(secret, ""))
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    # A server's artefacts come through it: an address presigned by S3 can lie where this host has no way to.
    os.environ.setdefault("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD", "false")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module=r"mlflow\.")


def _log(
    client: MlflowClient,
    run_id: str,
    metrics: Mapping[str, float],
    params: Mapping[str, str],
    losses: Mapping[str, Sequence[float]],
) -> None:
    """Logs parameters and figures in few requests. losses: as of `ModelStore.register`"""
    from mlflow.entities import Metric, Param

    now = round(clock.now().timestamp() * 1000)
    points = [(name, figure, 0) for name, figure in metrics.items()]
    points += [(f"loss {part}", loss, step) for part, curve in losses.items() for step, loss in enumerate(curve, 1)]
    rows = [Metric(name, figure, now, step) for name, figure, step in points]
    named = [Param(name, value[:_LONGEST_PARAMETER]) for name, value in params.items()]
    for number in range(0, max(len(rows), len(named)), _LARGEST_BATCH):
        of_batch = slice(number, number + _LARGEST_BATCH)
        client.log_batch(run_id, metrics=rows[of_batch], params=named[of_batch])


def _tags_of(version: Version | None) -> dict[str, str]:
    """The tags from which `version_of` reads a version."""
    if version is None:
        return {}
    tags = {
        "as_of": version.as_of.isoformat(),
        "encoder_version": version.encoder_version,
        "encoder_as_of": version.encoder_as_of.isoformat(),
        "gate": version.gate,
    }
    return tags | ({"promoted_as_of": version.promoted_as_of.isoformat()} if version.promoted_as_of else {})


def _local_path(source: str) -> Path | None:
    parsed = urlparse(source)
    if parsed.scheme in ("", "file"):
        return Path(unquote(parsed.path))
    return None
