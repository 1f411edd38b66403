"""Turns YAML into a frozen, typed configuration; an unknown or missing key is an error that names it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from features.contract.responses import PURCHASE
from jobs.config.account import Account
from jobs.config.alerts import Alerts
from jobs.config.candidates import Candidates
from jobs.config.catalogue import FOUND_BY, Catalogue
from jobs.config.channels import Channels
from jobs.config.demand import Demand
from jobs.config.desk import Desk
from jobs.config.drift import Drift
from jobs.config.encoder import Encoder
from jobs.config.evaluation import Evaluation
from jobs.config.experiment import Experiment, plans_of_arms
from jobs.config.features import Features
from jobs.config.files import changed_keys, merged, read_packaged, read_yaml
from jobs.config.first_stage import FirstStage
from jobs.config.fusion import Fusion
from jobs.config.gate import Gate
from jobs.config.housekeeping import Housekeeping
from jobs.config.images import Images
from jobs.config.launch import Launch
from jobs.config.mlflow import MLflow
from jobs.config.neighbours import Neighbours
from jobs.config.online import Online
from jobs.config.plan import Plan
from jobs.config.potential import MEASURED, Potential
from jobs.config.quality import Quality
from jobs.config.relevance import Relevance
from jobs.config.remote_warehouse import check_remote_warehouse
from jobs.config.report import Report
from jobs.config.reviews import Reviews
from jobs.config.search import Search
from jobs.config.search_service import SearchService
from jobs.config.section import Section, Whole
from jobs.config.segments import Segments
from jobs.config.sequences import Sequences
from jobs.config.signals import Signals
from jobs.config.source import Source
from jobs.config.stream import Stream
from jobs.config.suggestions import SUGGESTED, Suggestions
from jobs.config.summary import Summary
from jobs.config.trees import Trees
from jobs.config.uplift import Uplift
from jobs.runtime.errors import ConfigurationError


class Config(Section):
    """The resolved configuration; `conf/base.yaml` explains each key."""

    warehouse: Annotated[str, Field(min_length=1)]
    seed: Whole
    source: Source
    housekeeping: Housekeeping
    catalogue: Catalogue
    images: Images
    reviews: Reviews
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
    signals: Signals
    first_stage: FirstStage
    fusion: Fusion
    trees: Trees
    gate: Gate
    account: Account
    potential: Potential
    suggestions: Suggestions
    launch: Launch
    search: Search
    neighbours: Neighbours
    search_service: SearchService
    plan: Plan
    evaluation: Evaluation
    experiment: Experiment
    online: Online
    stream: Stream
    uplift: Uplift
    mlflow: MLflow
    report: Report
    summary: Summary
    desk: Desk

    def with_plan(self, plan: Plan) -> Config:
        """This configuration with another plan, such as that of an arm."""
        return self.model_copy(update={"plan": plan})

    @model_validator(mode="after")
    def arms_have_plans(self) -> Config:
        plans_of_arms(self.plan, self.experiment)
        return self

    @model_validator(mode="after")
    def uplift_is_learnt_where_it_is_planned(self) -> Config:
        plans = plans_of_arms(self.plan, self.experiment).values()
        if any(plan.objective == "uplift" for plan in plans) and not self.uplift.is_learnt:
            raise ValueError(
                "plan.objective: uplift needs the draws that it is learnt from; set uplift.alternatives to 20"
            )
        return self

    @model_validator(mode="after")
    def values_are_of_responses(self) -> Config:
        plans = plans_of_arms(self.plan, self.experiment).values()
        if self.relevance.values is not None and any(plan.objective == "uplift" for plan in plans):
            raise ValueError(
                "plan.objective is uplift, which is the effect on one response, and relevance.values adds several; set "
                "plan.objective to response, or relevance.values to null"
            )
        return self

    @model_validator(mode="after")
    def stock_bounds_purchases(self) -> Config:
        stocks = [plan.stock.column for plan in plans_of_arms(self.plan, self.experiment).values()]
        if self.relevance.target != PURCHASE and any(column is not None for column in stocks):
            raise ValueError(
                f"plan.stock bounds purchases, but relevance.target is {self.relevance.target}, which takes nothing "
                "out of stock; set plan.stock.column to null"
            )
        return self

    @model_validator(mode="after")
    def texts_are_read_where_a_plan_names_what_they_say(self) -> Config:
        columns = {name for plan in plans_of_arms(self.plan, self.experiment).values() for name in plan.columns}
        for name in sorted(columns & FOUND_BY.keys()):
            if not getattr(self.catalogue, FOUND_BY[name]):
                raise ValueError(
                    f"a bound of plan names {name}, which needs catalogue.{FOUND_BY[name]}; set it to true"
                )
        return self

    @model_validator(mode="after")
    def bad_reviews_have_a_rating(self) -> Config:
        low, good = self.features.low_rating, self.reviews.good_from
        if not self.reviews.read:
            return self
        if low is None:
            raise ValueError(
                "reviews.read needs the largest rating of a bad review; set features.low_rating to 2, for example"
            )
        if good <= low:
            raise ValueError(f"reviews.good_from is {good:g}, which has to be above features.low_rating, {low:g}")
        return self

    @model_validator(mode="after")
    def reviews_are_read_where_a_plan_has_a_bar(self) -> Config:
        plans = plans_of_arms(self.plan, self.experiment).values()
        if not self.reviews.read and any(plan.quality.bad_reviews_share is not None for plan in plans):
            raise ValueError("plan.quality.bad_reviews_share is set, which needs reviews.read; set it to true")
        return self

    @model_validator(mode="after")
    def potential_is_measured_where_a_plan_names_it(self) -> Config:
        plans = plans_of_arms(self.plan, self.experiment).values()
        named = [column for plan in plans for column in plan.columns if column in MEASURED]
        if named and not self.potential.is_measured:
            raise ValueError(f"plan names {named[0]}, which needs potential.shoppers; set it to 100, for example")
        return self

    @model_validator(mode="after")
    def stock_is_judged_where_a_plan_names_it(self) -> Config:
        plans = plans_of_arms(self.plan, self.experiment).values()
        named = [column for plan in plans for column in plan.columns if column in SUGGESTED]
        if named and not self.suggestions.of_stock:
            raise ValueError(f"plan names {named[0]}, which needs suggestions.lead_days; set it to 14, for example")
        return self

    @model_validator(mode="after")
    def shopper_attributes_are_given(self) -> Config:
        known = self.source.user_attributes
        for name in self.report.shopper_attributes:
            if name not in known:
                raise ValueError(
                    f"report.shopper_attributes has {name}, which the source does not give of users; "
                    + (f"choose from {', '.join(known)}" if known else "map attributes of users, or remove it")
                )
        return self

    @model_validator(mode="after")
    def pictures_have_one_source(self) -> Config:
        if self.images.embed and self.source.image_embedding_size is not None:
            raise ValueError(
                "images.embed and source.image_embedding_size exclude each other, since the fusion model reads vectors "
                "of one source; set source.image_embedding_size to null"
            )
        return self

    @model_validator(mode="after")
    def a_remote_warehouse_has_its_servers(self) -> Config:
        check_remote_warehouse(self.warehouse, self.online, self.mlflow)
        return self

    @property
    def hash(self) -> str:
        """The first 12 hex digits of the SHA-256 of the configuration, as far as tables depend on it."""
        return hashlib.sha256(json.dumps(self.of_results(), sort_keys=True).encode()).hexdigest()[:12]

    def of_results(self) -> dict[str, Any]:
        """The keys on which tables depend, as JSON has them.

        Without `warehouse`, a path, and without `summary`, `desk` and `alerts.summary_to`, which change no table.
        """
        left_out: dict[str, Any] = {"warehouse": True, "summary": True, "desk": True, "alerts": {"summary_to"}}
        return self.model_dump(mode="json", exclude=left_out)


def load_config(path: str | Path, changes: Sequence[str] = ()) -> Config:
    """Reads a path or URI over base.yaml, then applies changes such as 'plan.slots=8', whose values are YAML.

    Raises ConfigurationError that names file, key and remedy.
    """
    overrides = read_yaml(str(path))
    for change in changes:
        overrides = merged(overrides, changed_keys(change))
    return resolve_config(read_packaged("base.yaml"), overrides, " with ".join([str(path), *changes]))


def with_changes(conf: Config, changes: Sequence[str]) -> Config:
    """A configuration with changes such as 'plan.slots=8'. Raises ConfigurationError as `load_config`."""
    keys: dict[str, Any] = {}
    for change in changes:
        keys = merged(keys, changed_keys(change))
    sections = {name: getattr(conf, name) for name in Config.model_fields}
    dumped = {name: sections[name].model_dump() for name in keys if isinstance(sections.get(name), Section)}
    return resolve_config({**sections, **dumped}, keys, " with ".join(["the configuration", *changes]))


def resolve_config(base: dict[str, Any], overrides: dict[str, Any], origin: str) -> Config:
    """Merges two mappings, of which the second wins key by key, and validates the result."""
    try:
        return Config.model_validate(merged(base, overrides))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"] if part != "[key]") or "the configuration"
        problem, remedy = violation_in_words(first)
        raise ConfigurationError(f"{origin}: {key} {problem}.", remedy) from error


def violation_in_words(violation: ErrorDetails) -> tuple[str, str]:
    """What is wrong with a key, such as 'is missing', and what to do."""
    return {
        "extra_forbidden": (
            "is not a key of the configuration",
            "Remove it, or look up its name in conf/base.yaml.",
        ),
        "missing": ("is missing", "Set it; conf/base.yaml explains it."),
        "no_kind": (
            "is missing",
            "Set it to files for your own tables, or to complete_journey for the demo's panel.",
        ),
        "string_too_short": ("is empty", "Set it; conf/base.yaml explains it."),
        "too_short": ("is empty", "Set it; conf/base.yaml explains it."),
        "model_type": ("is a section with keys of its own, not a value", "Set its keys as conf/base.yaml does."),
    }.get(
        violation["type"],
        (f"is wrong: {_without_jargon(violation['msg'])}", "Correct it; conf/base.yaml explains it."),
    )


def _without_jargon(message: str) -> str:
    """Rewrites pydantic's 'Input should be an integer' to 'it should be an integer' and keeps our own messages."""
    message = message.removeprefix("Value error, ").replace("valid tuple", "valid list")
    return f"it {message.removeprefix('Input ')}" if message.startswith("Input ") else message
