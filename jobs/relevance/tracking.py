"""What the run of a training in MLflow holds next to its bundle: parameters, versions of the data, seconds, memory."""

from __future__ import annotations

import json
import resource
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyspark.sql import functions as F

from features.contract import RUNS
from jobs.config.configuration import Config
from jobs.execution.night import Night

# The sections that set how a part of the model is fitted, or on what.
SECTIONS = (
    "relevance", "segments", "encoder", "candidates", "channels", "sequences", "signals", "first_stage", "fusion",
    "trees", "gate",
)  # fmt: skip
STEPS = ("build_features", "fine_tune", "embed", "train_first_stage", "build_candidates")
_LOSSES = ("first_loss", "last_loss", "held_out_loss_before", "held_out_loss")  # of fine_tune


@dataclass(frozen=True)
class TrainingSteps:
    """The steps of a night that led to its model, each by its newest run that was done.

    seconds: by step; losses: of the fine-tuning by name; versions: of the tables that they read, by name
    """

    seconds: Mapping[str, float]
    losses: Mapping[str, float]
    versions: Mapping[str, int]

    @property
    def figures(self) -> dict[str, float]:
        """The metrics of the run in MLflow; the memory is that of the driver's Python so far."""
        return {
            **{f"seconds {step}": seconds for step, seconds in self.seconds.items()},
            **{f"encoder {name}": loss for name, loss in self.losses.items()},
            "driver python peak MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the run in MLflow that name the data."""
        return {f"data.{table}": str(version) for table, version in sorted(self.versions.items())}


def training_steps(night: Night) -> TrainingSteps:
    """The steps before this one, from `runs`; the tables that this one has read have their own versions."""
    of_night = (F.col("as_of") == F.lit(night.as_of)) & (F.col("status") == "done") & F.col("step").isin(*STEPS)
    rows = night.tables.read_or_empty(RUNS).where(of_night).orderBy("started_at")
    newest = {row["step"]: row for row in rows.select("step", "seconds", "inputs", "decisions").collect()}
    done = [newest[step] for step in STEPS if step in newest]
    tuned = newest["fine_tune"]["decisions"] if "fine_tune" in newest else {}
    versions = {table: version for row in done for table, version in row["inputs"].items()}
    return TrainingSteps(
        {row["step"]: row["seconds"] for row in done},
        {name: float(tuned[name]) for name in _LOSSES if name in tuned},
        {name: version for name, version in (versions | night.tables.inputs).items() if name != RUNS.name},
    )


def parameters_of(conf: Config) -> dict[str, str]:
    """Every key of the sections that set the model, as section.key, with its value as JSON."""
    sections: dict[str, Any] = conf.model_dump(mode="json", include=set(SECTIONS))
    return {
        f"{section}.{name}": json.dumps(value, ensure_ascii=False)
        for section in SECTIONS
        for name, value in sections[section].items()
    }
