"""Trains second stage and calibrator, puts the new model through the gate, and registers it as one bundle."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict

from jobs.config.configuration import Config
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.registry.active_models import active_models, model_store
from jobs.registry.drafts import Draft
from jobs.registry.models import PASSED, REFUSED_BY_GATE, Champion, ModelStore
from jobs.registry.retries import RegistryUnansweredError
from jobs.registry.version import Version
from jobs.relevance.gate import POPULARITY, GateResult, gate_challenger
from jobs.relevance.reliability import write_reliability
from jobs.relevance.samples import read_sample
from jobs.relevance.season import response_days
from jobs.runtime.errors import Refused
from jobs.runtime.logs import event, warning
from jobs.runtime.progress import advance, expect
from model.bundle import Bundle, Description
from model.fusion.cross_fitting import fit_second_stage
from model.fusion.inputs import ITEM_FEATURES, USER_FEATURES
from model.fusion.ranker import RankerInputs
from model.fusion.training import FusionSettings
from model.fusion.trees import TreeSettings
from model.gate import Verdict
from model.periods import Periods, training_periods
from model.retrieval.first_stage import FirstStage
from model.scorer import Scorer
from model.text.device import available_cores, torch_threads


def train_relevance(night: Night) -> None:
    """Trains second stage and calibrator on past periods, and promotes the new model if it passes the gate.

    Does nothing on a night without a draft. A model that the gate refuses is registered, but the champion keeps
    serving; without any champion the refusal ends the night.
    """
    store, models = model_store(night), active_models(night)
    if models.draft is None:
        _finish_promotion(night, store)
        night.record.status = "skipped"
        event("no model is in training", step="train_relevance", as_of=night.as_of)
        return
    periods = training_periods(night.as_of, night.conf.relevance.horizon_days, night.conf.fusion.periods)
    with torch_threads(_threads()):
        scorer = _trained(night, models.draft, periods)
        result = gate_challenger(night, models.draft, models, scorer, periods)
    verdict = result.verdict
    try:
        version = _registered(night, store, models.draft, scorer, result, periods)
    except RegistryUnansweredError as error:
        if models.champion is None:
            raise
        night.record.status = "skipped"
        warning("the champion keeps serving, the new model could not be registered", problem=error.problem)
        return
    night.record.model_version = version.version
    night.record.decisions = _decisions(models.champion, verdict)
    event(
        "model through the gate", step="train_relevance", as_of=night.as_of, version=version.version, gate=version.gate
    )
    if verdict.passed:
        store.promote(version.version)
    elif models.champion is None:
        raise Refused(
            f"The gate refused the first model: {'; '.join(verdict.reasons)}.",
            "Give it more history or longer training (fusion.epochs), or widen gate.margin; the next attempt is in "
            f"{night.conf.gate.retry_days} days.",
        )


def _finish_promotion(night: Night, store: ModelStore) -> None:
    """Promotes a version that passed the gate in a run that ended before its promotion."""
    for version in store.versions_at(night.as_of):
        if version.gate == PASSED and version.promoted_as_of is None:
            store.promote(version.version)
            night.record.model_version = version.version


def _trained(night: Night, draft: Draft, periods: Periods) -> Scorer:
    first_stage = FirstStage.load(draft.first_stage_folder)
    inputs = RankerInputs(
        first_stage.channels,
        ITEM_FEATURES,
        USER_FEATURES,
        night.conf.fusion.history_items,
        night.conf.source.image_embedding_size or 0,
    )
    samples = [read_sample(night, cut, draft, first_stage.version, inputs) for cut in periods.second_stage]
    night.record.rows = {
        "training_pairs": sum(int((sample.period.counts > 0).sum()) for sample in samples),
        "responses": sum(int((sample.responded > 0).sum()) for sample in samples),
    }
    expect((len(samples) + 1) * night.conf.fusion.epochs, "epochs")  # without each of the periods, and with all
    ensemble, calibrator = fit_second_stage(
        [sample.period for sample in samples],
        inputs,
        _fusion_settings(night.conf),
        _tree_settings(night.conf),
        _progress(night),
    )
    return Scorer(first_stage, ensemble, calibrator)


def _registered(
    night: Night, store: ModelStore, draft: Draft, scorer: Scorer, result: GateResult, periods: Periods
) -> Version:
    conf, inputs, verdict = night.conf, scorer.ranker.inputs, result.verdict
    description = Description(
        as_of=night.as_of.isoformat(),
        encoder_version=draft.encoder_version,
        encoder_as_of=draft.encoder_as_of.isoformat(),
        first_stage_version=scorer.first_stage.version,
        target=conf.relevance.meaning,
        configuration=conf.hash,
        inputs={name: list(value) for name, value in asdict(inputs).items() if isinstance(value, tuple)},
        metrics=verdict.figures,
        calibrated_on=[[day.isoformat() for day in response_days(night, cut)] for cut in periods.second_stage],
    )
    folder = night.scratch / "bundle"
    shutil.rmtree(folder, ignore_errors=True)
    Bundle.write(folder, description, encoder_folder=draft.encoder_folder, scorer=scorer)
    version = store.register(
        folder,
        night.as_of,
        verdict.figures,
        {
            "configuration": conf.hash,
            "first_stage_version": scorer.first_stage.version,
            "seed": str(conf.seed),
            **{f"fusion.{name}": json.dumps(value) for name, value in conf.fusion.model_dump().items()},
            **{f"trees.{name}": json.dumps(value) for name, value in conf.trees.model_dump().items()},
        },
        {
            "encoder_version": draft.encoder_version,
            "encoder_as_of": draft.encoder_as_of.isoformat(),
            "gate": PASSED if verdict.passed else REFUSED_BY_GATE,
        },
        write_reliability(night.scratch, result.curves),
    )
    shutil.rmtree(folder)
    return version


def _decisions(champion: Champion | None, verdict: Verdict) -> dict[str, str]:
    return {
        "gate": "; ".join(verdict.reasons) or PASSED,
        "gate_reference": f"version {champion.version}" if champion else POPULARITY,
        **{name: f"{value:.6g}" for name, value in verdict.figures.items()},
        **{f"gate_{segment}_answer": answer for segment, answer in verdict.answers.items()},
    }


def _fusion_settings(conf: Config) -> FusionSettings:
    own = {name: value for name, value in conf.fusion.model_dump().items() if name not in ("periods", "history_items")}
    return FusionSettings(**own, seed=conf.seed, threads=_threads())


def _tree_settings(conf: Config) -> TreeSettings:
    return TreeSettings(**conf.trees.model_dump(), seed=conf.seed, threads=_threads())


def _threads() -> int:
    """Half of the cores: Spark needs the others, and threads that wait for one another stall on a busy core."""
    return max(1, available_cores() // 2)


def _progress(night: Night) -> Callable[[str, int, float], None]:
    def report(part: str, epoch: int, loss: float) -> None:
        last = night.conf.fusion.epochs
        advance()
        event("fusion trained", as_of=night.as_of, part=part, epoch=f"{epoch}/{last}", loss=round(loss, 4))

    return report


if __name__ == "__main__":
    main_of(train_relevance)
