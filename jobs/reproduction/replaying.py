"""Runs the steps of a past night again, each on the tables, models and files that it found, and compares."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pyspark.sql import SparkSession

from jobs.catalogue.classifier import FOLDER as CLASSIFIERS
from jobs.config.configuration import Config
from jobs.execution.command import error_line
from jobs.execution.configurations import stored_configuration
from jobs.execution.night import Night, Record, Step
from jobs.online.roll_backs import FILE_NAME as ROLL_BACKS
from jobs.registry.drafts import DESCRIPTION, FIRST_STAGE, draft_name
from jobs.registry.models import UPLIFT
from jobs.reproduction.comparison import TableDifference, record_difference, table_difference
from jobs.reproduction.pinned_tables import (
    TABLES,
    PinnedTables,
    RemovedVersionError,
    removed_versions_named,
    require_versions,
)
from jobs.reproduction.recorded_night import RecordedStep, model_versions_before
from jobs.reproduction.scratch_models import (
    LiveModels,
    RegisteredModel,
    copy_registry,
    require_version,
    visible_versions,
    write_registry,
)
from jobs.runtime import clock
from jobs.runtime.errors import LongtailError
from jobs.runtime.logs import milestone
from jobs.runtime.progress import progress_of
from jobs.runtime.storage import Storage
from jobs.runtime.storage_errors import storage_errors_in_words
from jobs.saved_rules.versions import DESK_RULES
from jobs.tables.erasure import SALT
from jobs.tables.warehouse import ABSENT, Warehouse

FINE_TUNE, FIRST_STAGE_STEP, TRAIN, TRAIN_UPLIFT = "fine_tune", "train_first_stage", "train_relevance", "train_uplift"
_NO_WEBHOOK = "LONGTAIL_REPLAY_SENDS_NOTHING"  # a variable without an address


@dataclass(frozen=True)
class ReplayedStep:
    """A step that was run again. failure: the error that ended it, None if it ended well"""

    recorded: RecordedStep
    seconds: float
    differences: tuple[TableDifference, ...] = ()
    failure: str | None = None

    @property
    def is_equal(self) -> bool:
        """Whether it ended as on the night, with equal tables."""
        return self.failure is None and all(difference.is_equal for difference in self.differences)


@dataclass
class Replay:
    """A past night and the scratch in which its steps run again; nothing is written elsewhere.

    Each step finds the tables as they were when it began on the night, so that a difference is of the step in which it
    first shows, and not of one before it. Equal steps one by one make an equal night.

    conf: of today, for the places of the warehouse and of MLflow
    runs: all rows of the night in `runs`; steps: those that made it, by name and in order
    keep: whether the tables of a step stay in the scratch, in a folder of its name
    """

    spark: SparkSession
    conf: Config
    scratch: Path
    runs: Sequence[RecordedStep]
    steps: Mapping[str, RecordedStep]
    keep: bool = False
    _registries: dict[object, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._live = Warehouse(self.spark, self.conf.warehouse)
        self._models = LiveModels(self.conf.mlflow, self._files, self.scratch / "models")
        name = self.conf.mlflow.registered_model
        self._versions = {of: self._models.versions(of) for of in (name, f"{name}{UPLIFT}")}

    @property
    def _files(self) -> Storage:
        return self._live.files

    def check(self, chosen: Sequence[RecordedStep]) -> None:
        """Raises LongtailError, before any step runs, where the night's configuration, a version of a table or a model
        is gone."""
        for hash_ in {run.conf_hash for run in chosen}:
            stored_configuration(self._files, hash_)
        for run in chosen:
            if run.model_version is not None and run.step not in (TRAIN, TRAIN_UPLIFT):
                name = self.conf.mlflow.registered_model
                require_version(self._versions[name], run.model_version, name, run.step)
        needed = {pair for run in chosen for pair in run.needed}
        require_versions(self._live, needed, self.conf.housekeeping)

    def run(self, recorded: RecordedStep, step: Step) -> ReplayedStep:
        """Runs a step again and compares what it wrote. Raises RemovedVersionError where files are gone."""
        warehouse = self.scratch / recorded.step
        night = self._night(recorded, warehouse)
        started = clock.seconds()
        try:
            with removed_versions_named(self._live, self.conf.housekeeping), storage_errors_in_words():
                with progress_of(recorded.step, recorded.seconds):
                    step(night)
                differences = self._differences(recorded, night)
        except RemovedVersionError:
            raise
        except Exception as error:
            return self._ended(ReplayedStep(recorded, clock.seconds() - started, failure=error_line(error)))
        finally:
            if not self.keep:
                shutil.rmtree(warehouse, ignore_errors=True)
        return self._ended(ReplayedStep(recorded, clock.seconds() - started, differences))

    def _ended(self, replayed: ReplayedStep) -> ReplayedStep:
        step, seconds = replayed.recorded.step, replayed.seconds
        outcome = "equal" if replayed.is_equal else "failed" if replayed.failure else "differs"
        milestone("step replayed", f"{step:<18}{seconds:>6,.0f} s   {outcome}", step=step, outcome=outcome)
        return replayed

    def _night(self, recorded: RecordedStep, warehouse: Path) -> Night:
        """The input of a step as it was on the night, with a warehouse of its own."""
        conf = self._configuration(recorded, warehouse)
        warehouse.mkdir(parents=True)
        self._copy_files(recorded, warehouse)
        self._copy_models(recorded, warehouse)
        tables = PinnedTables(self.spark, self._live.folder, str(warehouse), recorded.start_versions)
        rules = recorded.decisions.get(DESK_RULES, "")
        return Night(conf, recorded.as_of, recorded.run_id, self.spark, tables, Record(), rules)

    def _configuration(self, recorded: RecordedStep, warehouse: Path) -> Config:
        """That of the night, with the places of the scratch, and without receivers of alerts."""
        conf = stored_configuration(self._files, recorded.conf_hash)
        # With `auto` the night measured which number format was faster, and noted it.
        dtype = recorded.decisions.get("dtype", conf.encoder.dtype)
        return conf.model_copy(
            update={
                "warehouse": str(warehouse),
                "mlflow": self.conf.mlflow.model_copy(update={"tracking_uri": None}),
                "alerts": conf.alerts.model_copy(update={"webhook_url_variable": _NO_WEBHOOK, "summary_to": {}}),
                "encoder": conf.encoder.model_copy(update={"dtype": dtype}),
            }
        )

    def _differences(self, recorded: RecordedStep, night: Night) -> tuple[TableDifference, ...]:
        tables = night.tables
        assert isinstance(tables, PinnedTables)
        differences = []
        for name in sorted({*recorded.outputs, *tables.outputs}):
            version = recorded.outputs.get(name, recorded.start_versions.get(name, ABSENT))
            written = None if version == ABSENT else self._live.stored(TABLES[name], version)
            differences.append(table_difference(written, tables.written(TABLES[name]), TABLES[name]))
        of_night = _record(recorded.status, recorded.rows, recorded.decisions)
        replayed = _record(night.record.status, night.record.rows, night.record.decisions)
        return (*differences, record_difference(of_night, replayed))

    def _copy_files(self, recorded: RecordedStep, warehouse: Path) -> None:
        """Copies the files of the live warehouse that steps read, as far as they were there at the time."""
        for name in (SALT, CLASSIFIERS):
            self._files.download(name, warehouse / name)
        flips = (self._files.read(ROLL_BACKS) or b"").decode("utf-8").splitlines()
        earlier = [flip for flip in flips if datetime.fromisoformat(json.loads(flip)["at"]) < recorded.started_at]
        if earlier:
            (warehouse / ROLL_BACKS).write_text("".join(f"{flip}\n" for flip in earlier), encoding="utf-8")
        if self._had_draft(recorded):
            self._copy_draft(recorded, warehouse)

    def _had_draft(self, recorded: RecordedStep) -> bool:
        """Whether the step ran while a model of the night was in training: opened, and not registered yet."""
        opened = self.steps.get(FINE_TUNE)
        if opened is None or opened.status != "done" or opened.started_at >= recorded.started_at:
            return False
        return not model_versions_before(self.runs, TRAIN, recorded.started_at)

    def _copy_draft(self, recorded: RecordedStep, warehouse: Path) -> None:
        name = draft_name(recorded.as_of)
        described = json.loads(self._files.read(f"{name}/{DESCRIPTION}") or b"{}")
        if described.get("encoder_version") != self.steps[FINE_TUNE].decisions.get("encoder_version"):
            raise LongtailError(
                f"The draft that {recorded.step} read on {recorded.as_of} is no longer in {self._files.shown(name)}.",
                "Give a later step with --from, such as score: it reads the registered model.",
            )
        self._files.download(name, warehouse / name)
        if recorded.step == FIRST_STAGE_STEP:
            shutil.rmtree(warehouse / name / FIRST_STAGE, ignore_errors=True)

    def _copy_models(self, recorded: RecordedStep, warehouse: Path) -> None:
        """Gives the warehouse a registry as it was when the step began."""
        states = [
            self._state(recorded, name, training)
            for name, training in zip(self._versions, (TRAIN, TRAIN_UPLIFT), strict=True)
        ]
        key = tuple(
            (state.name, state.next_number, *(version.version for version in state.visible)) for state in states
        )
        if key not in self._registries:
            folder = self.scratch / "registries" / str(len(self._registries))
            for state in states:
                write_registry(self._models, state, folder)
            self._registries[key] = folder
        copy_registry(self._registries[key], warehouse)

    def _state(self, recorded: RecordedStep, name: str, training: str) -> RegisteredModel:
        of_night = model_versions_before(self.runs, training, recorded.started_at)
        visible = visible_versions(self._versions[name], recorded.as_of, of_night)
        number = 1 + max((int(version.version) for version in visible), default=0)
        if recorded.step == training:  # the replay registers under the number that the night did
            own = model_versions_before([recorded], training, recorded.ended_at)
            number = min(map(int, own), default=number)
        return RegisteredModel(name, tuple(visible), number)


def _record(status: str, rows: Mapping[str, int], decisions: Mapping[str, str]) -> dict[str, object]:
    """What `runs` says of a step's result, by name."""
    counts = {f"rows of {name}": count for name, count in rows.items()}
    return {"status": status, **counts, **decisions}
