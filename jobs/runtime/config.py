"""YAML to a frozen, typed configuration. An unknown or missing key is an error that names it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from jobs.runtime.account_section import Account
from jobs.runtime.configuration_file import changed_keys, merged, read_packaged, read_yaml
from jobs.runtime.encoder_section import Encoder
from jobs.runtime.errors import ConfigurationError
from jobs.runtime.evaluation_section import Evaluation
from jobs.runtime.experiment_section import Experiment, plans_of_arms
from jobs.runtime.housekeeping_section import Housekeeping
from jobs.runtime.model_sections import Candidates, Channels, FirstStage, Fusion, Gate, Relevance, Trees
from jobs.runtime.plan_section import Plan
from jobs.runtime.section import (
    Number,
    Positive,
    PositiveFloat,
    Section,
    Share,
    Whole,
)
from jobs.runtime.sequences_section import Sequences
from jobs.runtime.source_config import Source


class Segments(Section):
    window_days: Positive
    head_share: Share


class Features(Section):
    history_length: Positive
    history_days: Positive


class Demand(Section):
    refit_days: Positive
    least_weeks: Annotated[Positive, Field(le=26)]


class QualityBar(Section):
    most: Number
    action: Literal["stop", "warn"]


class Quality(Section):
    bars: dict[Literal["null_share", "default_share", "out_of_range_share", "default_rise", "drift"], QualityBar]
    exceptions: dict[str, dict[str, Number]]
    compare_within_days: Positive
    sample_rows: Positive


class DriftBars(Section):
    texts: QualityBar
    embeddings: QualityBar
    scores: QualityBar
    response: QualityBar
    response_level: QualityBar


class Drift(Section):
    bars: DriftBars


class Alerts(Section):
    webhook_url_variable: str
    webhook_secret_variable: str
    attempts: Positive
    timeout_seconds: PositiveFloat


class Online(Section):
    store: Literal["sqlite", "redis"]
    redis_url_variable: str
    project: str
    registry_ttl_seconds: Positive
    audit_sample: Positive


class Stream(Section):
    format: Literal["delta", "json", "parquet", "kafka"]
    path: str | None
    options: dict[str, str]
    window_minutes: Positive
    watermark_minutes: Positive
    ahead_minutes: Positive
    trigger_seconds: Positive
    partitions: Positive
    ease_from: Annotated[Number, Field(ge=0, lt=1)]


class MLflow(Section):
    tracking_uri: str | None
    registered_model: str
    experiment: str


class Config(Section):
    """The resolved configuration; `conf/base.yaml` explains each key."""

    warehouse: Annotated[str, Field(min_length=1)]
    seed: Whole
    source: Source
    housekeeping: Housekeeping
    segments: Segments
    features: Features
    demand: Demand
    quality: Quality
    drift: Drift
    alerts: Alerts
    encoder: Encoder
    relevance: Relevance
    candidates: Candidates
    channels: Channels
    sequences: Sequences
    first_stage: FirstStage
    fusion: Fusion
    trees: Trees
    gate: Gate
    account: Account
    plan: Plan
    evaluation: Evaluation
    experiment: Experiment
    online: Online
    stream: Stream
    mlflow: MLflow

    @model_validator(mode="after")
    def arms_have_plans(self) -> Config:
        plans_of_arms(self.plan, self.experiment)
        return self

    @property
    def hash(self) -> str:
        """The first 12 hex digits of the SHA-256 of the configuration without the warehouse's place."""
        text = json.dumps(self.model_dump(mode="json", exclude={"warehouse"}), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def load_config(path: str | Path, changes: Sequence[str] = ()) -> Config:
    """Reads `path` over the packaged base.yaml, then applies changes such as 'plan.slots=8', whose values are YAML.

    Raises ConfigurationError that names file, key and remedy.
    """
    given = read_yaml(Path(path))
    for change in changes:
        given = merged(given, changed_keys(change))
    return resolve_config(read_packaged("base.yaml"), given, " with ".join([str(path), *changes]))


def resolve_config(base: dict[str, Any], overrides: dict[str, Any], origin: str) -> Config:
    """Merges two mappings, the second wins key by key, and checks the result."""
    try:
        return Config.model_validate(merged(base, overrides))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"] if part != "[key]") or "the configuration"
        problem, remedy = {
            "extra_forbidden": (
                "is not a key of the configuration",
                "Remove it or look up its name in conf/base.yaml.",
            ),
            "missing": ("is missing", "Set it; conf/base.yaml explains it."),
            "string_too_short": ("is empty", "conf/base.yaml explains it."),
            "too_short": ("is empty", "conf/base.yaml explains it."),
            "model_type": ("is a section: it has keys of its own", "conf/base.yaml explains them."),
        }.get(first["type"], (f"is wrong: {_without_jargon(first['msg'])}", "conf/base.yaml explains it."))
        raise ConfigurationError(f"{origin}: {key} {problem}.", remedy) from error


def _without_jargon(message: str) -> str:
    """'it should be a valid integer' of 'Input should be a valid integer'; our own messages as they are."""
    message = message.removeprefix("Value error, ").replace("valid tuple", "valid list")
    return f"it {message.removeprefix('Input ')}" if message.startswith("Input ") else message
