"""YAML to a frozen, typed configuration. An unknown or missing key is an error that names it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError

import conf as packaged_conf
from jobs.runtime.errors import ConfigurationError
from jobs.runtime.plan_section import Plan
from jobs.runtime.section import NotNegative, Positive, PositiveFloat, Section, Share
from jobs.runtime.sequences_section import Sequences


class Source(Section):
    kind: Literal["complete_journey"]
    folder: str | None
    currency: str
    exposure_sample_share: Share
    max_rejected_share: Share


class Segments(Section):
    window_days: Positive
    head_share: Share


class Features(Section):
    history_length: Positive
    history_days: Positive


class Demand(Section):
    refit_days: Positive
    compared_share: Share
    least_weeks: Annotated[int, Field(ge=1, le=26)]


class QualityBar(Section):
    most: float
    action: Literal["stop", "warn"]


class Quality(Section):
    bars: dict[Literal["null_share", "default_share", "out_of_range_share", "default_rise", "drift"], QualityBar]
    exceptions: dict[str, dict[str, float]]
    compare_within_days: Positive
    sample_rows: Positive


class FineTune(Section):
    steps: NotNegative
    batch_size: Annotated[int, Field(ge=2)]
    learning_rate: PositiveFloat
    warmup_share: Share
    temperature: PositiveFloat
    window_days: Positive


class Encoder(Section):
    model: str
    device: Literal["auto", "cpu", "cuda"]
    dtype: Literal["auto", "float32", "bfloat16"]
    batch_size: Positive
    max_item_tokens: Positive
    max_user_tokens: Positive
    user_items: Positive
    every_days: Positive
    fine_tune: FineTune


class Relevance(Section):
    horizon_days: Positive
    target: Literal["purchase"]
    every_days: Positive
    batch_users: Positive


class Candidates(Section):
    per_user: Positive
    least_cold: NotNegative
    exclude_bought: bool
    block_users: Positive


class Channels(Section):
    als_factors: Positive
    als_iterations: Positive
    als_regularisation: PositiveFloat
    als_alpha: PositiveFloat
    history_items: Positive
    history_decay: Share
    affinity_half_life_days: PositiveFloat
    popularity_half_life_days: PositiveFloat
    neighbours: Positive
    neighbour_half_life_days: PositiveFloat
    neighbour_sample: Positive
    promotion_days: Positive


class FirstStage(Section):
    negatives_per_user: Positive
    max_users: Positive
    l2: PositiveFloat


class Fusion(Section):
    periods: Positive
    width: Positive
    heads: Positive
    layers: Positive
    dropout: Share
    history_items: Positive
    epochs: Positive
    users_per_batch: Positive
    negatives_per_user: Positive
    learning_rate: PositiveFloat
    weight_decay: Annotated[float, Field(ge=0)]
    loss: Literal["softmax", "bce"]


class Gate(Section):
    recall_at: Positive
    bootstrap_samples: Positive
    margin: Share
    max_calibration_slope_error: PositiveFloat
    retry_days: Positive


class Online(Section):
    store: Literal["sqlite", "redis"]
    redis_url_variable: str
    project: str
    registry_ttl_seconds: Annotated[int, Field(ge=1)]
    audit_sample: Positive


class MLflow(Section):
    tracking_uri: str | None
    registered_model: str
    experiment: str


class Config(Section):
    """The resolved configuration; `conf/base.yaml` explains each key."""

    warehouse: str
    seed: int
    source: Source
    segments: Segments
    features: Features
    demand: Demand
    quality: Quality
    encoder: Encoder
    relevance: Relevance
    candidates: Candidates
    channels: Channels
    sequences: Sequences
    first_stage: FirstStage
    fusion: Fusion
    gate: Gate
    plan: Plan
    online: Online
    mlflow: MLflow

    @property
    def hash(self) -> str:
        """The first 12 hex digits of the SHA-256 of the configuration without the warehouse's place."""
        text = json.dumps(self.model_dump(mode="json", exclude={"warehouse"}), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def load_config(path: str | Path, changes: Sequence[str] = ()) -> Config:
    """Reads `path` over the packaged base.yaml, then applies changes such as 'plan.slots=8', whose values are YAML.

    Raises ConfigurationError that names file, key and remedy.
    """
    base = _read_yaml(Path(packaged_conf.__file__).with_name("base.yaml"), packaged=True)
    given = _read_yaml(Path(path))
    for change in changes:
        given = _merge(given, _changed(change))
    return resolve_config(base, given, " with ".join([str(path), *changes]))


def _changed(change: str) -> dict[str, Any]:
    key, sign, text = change.partition("=")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        sign = ""
    if not sign or not key.strip("."):
        raise ConfigurationError(f"{change!r} is not key=value.", "Write it as plan.slots=8.")
    for part in reversed(key.split(".")):
        value = {part: value}
    return value


def resolve_config(base: dict[str, Any], overrides: dict[str, Any], origin: str) -> Config:
    """Merges two mappings, the second wins key by key, and checks the result."""
    try:
        return Config.model_validate(_merge(base, overrides))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the configuration"
        problem, remedy = {
            "extra_forbidden": (
                "is not a key of the configuration",
                "Remove it or look up its name in conf/base.yaml.",
            ),
            "missing": ("is missing", "Set it; conf/base.yaml explains it."),
        }.get(first["type"], (f"is wrong: {first['msg']}", "conf/base.yaml explains it."))
        raise ConfigurationError(f"{origin}: {key} {problem}.", remedy) from error


def _merge(base: dict[str, Any], overrides: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in overrides.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = _merge(base[key], value) if both else value
    return merged


def _read_yaml(path: Path, packaged: bool = False) -> dict[str, Any]:
    try:
        # Inside a wheel given with --py-files the file is a member of an archive; only its loader can read it.
        text = _packaged_text(path.name) if packaged else path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error.strerror}).", "Give an existing file with --conf."
        ) from error
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line = f" in line {place.line + 1}" if place else ""
        raise ConfigurationError(f"{path}: is not YAML{line}.", "Correct the file.") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: is not a mapping of keys.", "Write it as conf/base.yaml is written.")
    return content


def _packaged_text(name: str) -> str:
    from importlib.resources import files

    return files(packaged_conf).joinpath(name).read_text(encoding="utf-8")
