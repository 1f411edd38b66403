"""Which runs of `runs` made a night, and what may have changed since."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from jobs.registry.version import Version
from jobs.reproduction.causes import NOTHING, changed_configuration, likely_causes
from jobs.reproduction.recorded_night import RecordedStep, model_versions_before, steps_of_night
from jobs.reproduction.scratch_models import require_version, visible_versions
from jobs.runtime.errors import LongtailError

NIGHT = date(2024, 3, 9)
ORDER = ("ingest", "build_features", "train_relevance", "score", "plan_exposure", "publish", "monitor")


def run_of(step: str, minute: int, run_id: str = "first", status: str = "done", **values: object) -> RecordedStep:
    """A run that takes half a minute."""
    run = RecordedStep(
        step, run_id, NIGHT, datetime(2024, 3, 9, 1, tzinfo=UTC) + timedelta(minutes=minute), 30.0, {}, {},
        {"events": 4}, "conf", "code", {"numpy": "2.1.0", "Java": "17"}, None, {}, {}, status,
    )  # fmt: skip
    return replace(run, **values)  # type: ignore[arg-type]


def chosen(*runs: RecordedStep) -> dict[str, str]:
    return {step: run.run_id for step, run in steps_of_night(runs, ORDER).items()}


def test_a_resumed_night_has_the_newest_runs_before_the_next_step() -> None:
    runs = (
        run_of("ingest", 0),
        run_of("build_features", 1),
        run_of("score", 2),
        run_of("plan_exposure", 3, status="failed"),
        run_of("score", 10, "resumed"),
        run_of("plan_exposure", 11, "resumed"),
        run_of("publish", 12, "resumed"),
        # Planned again after the publish: of the published night this is nothing.
        run_of("plan_exposure", 20, "later"),
        run_of("build_features", 21, "later"),
    )
    assert chosen(*runs) == {
        "ingest": "first", "build_features": "first", "score": "resumed", "plan_exposure": "resumed",
        "publish": "resumed",
    }  # fmt: skip


def test_a_night_that_was_not_published_ends_with_its_newest_plan() -> None:
    runs = (run_of("score", 2), run_of("plan_exposure", 3), run_of("plan_exposure", 9, "again"), run_of("monitor", 10))
    assert chosen(*runs) == {"score": "first", "plan_exposure": "again"}


def test_a_night_without_a_plan_is_refused() -> None:
    with pytest.raises(LongtailError, match="The night of 2024-03-09 was never planned: no run of plan_exposure"):
        steps_of_night([run_of("score", 2), run_of("plan_exposure", 3, status="refused")], ORDER)


def test_a_night_of_an_older_version_is_refused() -> None:
    with pytest.raises(LongtailError, match="did not record the versions of the tables"):
        steps_of_night([run_of("score", 2, start_versions={}), run_of("plan_exposure", 3)], ORDER)


def test_a_replay_needs_what_was_read_written_and_written_over() -> None:
    step = run_of(
        "score", 2, inputs={"candidates": 7}, outputs={"relevance": 3, "metrics": 0},
        start_versions={"candidates": 7, "relevance": 2, "metrics": -1, "items": 5},
    )  # fmt: skip
    assert step.needed == {("candidates", 7), ("relevance", 3), ("relevance", 2), ("metrics", 0)}


def version(number: str, as_of: date) -> Version:
    return Version(number, as_of, "e", as_of, "passed", as_of, "/models")


def test_a_step_sees_the_models_that_were_registered_before_it() -> None:
    runs = (
        run_of("train_relevance", 2, model_version="4", decisions={"reference_version": "3"}),
        run_of("train_relevance", 8, "second", model_version="5"),
    )
    moment = run_of("score", 4).started_at
    assert model_versions_before(runs, "train_relevance", moment) == {"3", "4"}
    assert model_versions_before(runs, "train_relevance", runs[0].started_at) == set()
    versions = [version("2", NIGHT - timedelta(days=7)), version("3", NIGHT), version("5", NIGHT)]
    versions.append(version("6", NIGHT + timedelta(days=7)))
    assert [shown.version for shown in visible_versions(versions, NIGHT, {"3", "4"})] == ["2", "3"]


def test_a_model_that_is_gone_is_named() -> None:
    assert require_version([version("2", NIGHT)], "2", "longtail-ranker", "score").version == "2"
    with pytest.raises(LongtailError, match="MLflow has no version 4 of longtail-ranker, which score used"):
        require_version([version("2", NIGHT)], "4", "longtail-ranker", "score")


def test_causes_name_code_and_libraries() -> None:
    night = run_of("score", 2)
    assert likely_causes(night, "code", night.environment) == [NOTHING]
    assert likely_causes(night, "other", {"numpy": "2.2.0", "scipy": "1.15", "Java": "17"}) == [
        "the code is another version (code then, other now)",
        "libraries or the machine differ: numpy 2.1.0 then, 2.2.0 now, scipy missing then, 1.15 now",
    ]


def test_changed_keys_of_the_configuration_are_named() -> None:
    night = {"seed": 1, "plan": {"slots": 8, "floors": {}}, "trees": {"rounds": 20}}
    now = {"seed": 1, "plan": {"slots": 6, "floors": {"cold": {"share": 0.1}}}, "trees": {"rounds": 20}}
    assert changed_configuration(night, night) == ""
    assert changed_configuration(night, now) == "plan.floors, plan.floors.cold.share, plan.slots"
