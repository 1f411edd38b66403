"""Trains second stage and calibrator, puts the new model through the gate, and registers it as one bundle."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from jobs.config.configuration import Config
from jobs.config.relevance import Response
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.images.vectors import image_model
from jobs.registry.active_models import ActiveModels, active_models, model_store
from jobs.registry.drafts import Draft
from jobs.registry.models import PASSED, REFERENCE, REFUSED_BY_GATE, Champion, ModelStore
from jobs.registry.retries import RegistryUnansweredError
from jobs.registry.version import Version
from jobs.relevance.gate import POPULARITY, GateResult, gate_challenger
from jobs.relevance.importance import write_importance
from jobs.relevance.model_card import write_model_card
from jobs.relevance.reference import calibrated_reference, uncalibrated_reference
from jobs.relevance.reliability import write_reliability
from jobs.relevance.samples import Sample, read_sample
from jobs.relevance.season import Days
from jobs.relevance.signals import signals_before
from jobs.relevance.target import night_of_response
from jobs.relevance.tracking import parameters_of, training_steps
from jobs.relevance.training_plan import ALONE
from jobs.runtime.logs import event, warning
from jobs.runtime.progress import advance, expect
from model.bundle import Bundle, Description
from model.cores import available_cores
from model.fusion.cross_fitting import fit_second_stage
from model.fusion.inputs import ITEM_FEATURES, USER_FEATURES
from model.fusion.ranker import RankerInputs
from model.fusion.signals import Signals
from model.fusion.training import FusionSettings
from model.fusion.trees import TreeSettings
from model.gate import Verdict
from model.periods import Periods
from model.responses import NoResponseError
from model.retrieval.channels import negative_channels
from model.retrieval.first_stage import FirstStage
from model.scorer import Scorer
from model.text.device import torch_threads


@dataclass(frozen=True)
class Trained:
    """A model of one response, which a training has fitted, or a reference.

    reports: files that say what it goes by; losses: by part that was fitted, the loss of each epoch; both empty for a
    reference
    """

    scorer: Scorer
    reports: tuple[Path, ...] = ()
    losses: Mapping[str, list[float]] = field(default_factory=dict)


def train_relevance(night: Night) -> None:
    """Trains second stage and calibrator on past periods, and promotes the new model if it passes the gate.

    With `relevance.values` the bundle has a model of each response, on the same candidates and features, and passes if
    each of them does. Does nothing on a night without a draft. A model that the gate refuses is registered, but the
    champion keeps serving. Until a model has passed, the reference takes its place: when the gate refuses the first
    model, when the history is too short for a training, and when a period has no response to learn from.
    """
    store, models = model_store(night), active_models(night)
    if models.draft is None:
        _finish_promotion(night, store)
        night.record.status = "skipped"
        event("no model is in training", step="train_relevance", as_of=night.as_of)
        return
    try:
        with torch_threads(_threads()):
            _train(night, store, models, models.draft)
    except RegistryUnansweredError as error:
        if models.champion is None:
            raise
        night.record.status = "skipped"
        warning("the champion keeps serving, the new model could not be registered", problem=error.problem)


def _train(night: Night, store: ModelStore, models: ActiveModels, draft: Draft) -> None:
    first_stage, periods = FirstStage.load(draft.first_stage_folder), draft.periods
    inputs = _inputs(night, first_stage, periods)
    others = {response: night_of_response(night, response) for response in night.conf.relevance.others}
    nights = {night.conf.relevance.target: night, **others}

    def uncalibrated() -> dict[Response, Trained]:
        return {of: Trained(uncalibrated_reference(nights[of], first_stage, inputs)) for of in nights}

    if periods is None:
        _serve_reference(night, store, draft, uncalibrated(), draft.limits)
        return
    try:
        if first_stage.is_reference:
            since, until = periods.response_days(periods.first_stage)
            raise NoResponseError(
                f"No new eligible item was {night.conf.relevance.words.done} from {since} to {until}."
            )
        trained = {night.conf.relevance.target: _trained(night, draft, periods, first_stage, inputs)}
        result = gate_challenger(night, draft, models, trained[night.conf.relevance.target].scorer, periods)
        for response, other in others.items():
            with _response_named(response):
                trained[response] = _trained(other, draft, periods, first_stage, inputs, f"{response}_")
                of_other = gate_challenger(other, draft, models, trained[response].scorer, periods)
            result = result.joined(response, of_other)
    except NoResponseError as error:
        if models.has_trained:
            raise
        why = f"No model could be trained: {error} Until one passes {ALONE}; {_attempts(night)}."
        _serve_reference(night, store, draft, uncalibrated(), (why,))
        return
    verdict, past = result.verdict, [periods.response_days(cut) for cut in periods.second_stage]
    if not verdict.passed and models.champion is None:
        # Before the refused model, so that a run that dies between the two leaves a version that serves.
        limits = (
            f"The gate refused the first model: {'; '.join(verdict.reasons)}. Until one passes {ALONE}, with chances "
            f"calibrated on the same periods; {_attempts(night)}.",
            *draft.limits,
        )
        # Read again: kept until here, the samples would share the driver's memory with those of the gate.
        references = {
            response: Trained(calibrated_reference(first_stage, _samples(of, draft, periods, first_stage, inputs)))
            for response, of in nights.items()
        }
        _serve_reference(night, store, draft, references, limits, past)
    tag = PASSED if verdict.passed else REFUSED_BY_GATE
    version = _registered(night, store, draft, trained, tag, result, past, draft.limits)
    night.record.model_version = version.version
    night.record.decisions |= _decisions(models.champion, verdict)
    event(
        "model through the gate", step="train_relevance", as_of=night.as_of, version=version.version, gate=version.gate
    )
    if verdict.passed:
        store.promote(version.version)


@contextmanager
def _response_named(response: str) -> Iterator[None]:
    """Names the response of relevance.values for which a training finds nothing to learn from."""
    try:
        yield
    except NoResponseError as error:
        raise NoResponseError(
            f"Of {response} in relevance.values: {error} Leave it out where the store has no such events."
        ) from error


def _serve_reference(
    night: Night,
    store: ModelStore,
    draft: Draft,
    references: Mapping[Response, Trained],
    limits: Sequence[str],
    past: Sequence[Days] = (),
) -> None:
    """Registers and promotes the references."""
    version = _registered(night, store, draft, references, REFERENCE, None, past, limits)
    store.promote(version.version)
    night.record.model_version = version.version
    night.record.decisions["reference_version"] = version.version
    warning("popularity and texts serve in place of a trained model", version=version.version, why=" ".join(limits))


def _attempts(night: Night) -> str:
    return f"attempts follow every {night.conf.gate.retry_days} days (gate.retry_days)"


def _finish_promotion(night: Night, store: ModelStore) -> None:
    """Promotes a version that passed the gate, or a reference, of a run that ended before its promotion."""
    for version in store.versions_at(night.as_of):
        if version.gate in (PASSED, REFERENCE) and version.promoted_as_of is None:
            store.promote(version.version)
            night.record.model_version = version.version


def _inputs(night: Night, first_stage: FirstStage, periods: Periods | None) -> RankerInputs:
    conf = night.conf
    pictures = image_model(night)
    signals = Signals() if periods is None else signals_before(night, max(periods.second_stage))
    return RankerInputs(
        first_stage.channels,
        (*ITEM_FEATURES, *signals.item_features),
        (*USER_FEATURES, *signals.user_features),
        conf.fusion.history_items,
        pictures.dimension or conf.source.image_embedding_size or 0,
        signals.pair_features,
        signals.event_types,
        signals.revoking,
        (*sorted(negative_channels(first_stage.channels)), *signals.falling),
        pictures.version,
    )


def _samples(
    night: Night, draft: Draft, periods: Periods, first_stage: FirstStage, inputs: RankerInputs
) -> list[Sample]:
    return [
        read_sample(night, cut, periods.end(cut), draft, first_stage.version, inputs) for cut in periods.second_stage
    ]


def _trained(
    night: Night, draft: Draft, periods: Periods, first_stage: FirstStage, inputs: RankerInputs, prefix: str = ""
) -> Trained:
    """Fits a model of the night's `relevance.target`. prefix: of the names of its counts, losses and files"""
    samples = _samples(night, draft, periods, first_stage, inputs)
    night.record.rows |= {
        "training_pairs": sum(int((sample.period.counts > 0).sum()) for sample in samples),
        f"{prefix}responses": sum(int((sample.responded > 0).sum()) for sample in samples),
    }
    losses: dict[str, list[float]] = {}
    expect((len(samples) + 1) * night.conf.fusion.epochs, "epochs")  # without each of the periods, and with all
    ensemble, calibrator = fit_second_stage(
        [sample.period for sample in samples],
        inputs,
        _fusion_settings(night.conf),
        _tree_settings(night.conf),
        _progress(night, losses, prefix),
    )
    scorer = Scorer(first_stage, ensemble, calibrator)
    return Trained(scorer, write_importance(night.scratch / "importance", scorer, samples[-1], prefix), losses)


def _registered(
    night: Night,
    store: ModelStore,
    draft: Draft,
    trained: Mapping[Response, Trained],
    gate: str,
    result: GateResult | None,
    calibrated_on: Sequence[Days],
    limits: Sequence[str],
) -> Version:
    """Registers a bundle with its card.

    trained: by response of `relevance.values`, or of `relevance.target` alone; gate: the version's tag; result: the
    gate's, None for a reference
    """
    conf, scorers = night.conf, {str(response): model.scorer for response, model in trained.items()}
    scorer = scorers.pop(conf.relevance.target)
    inputs = scorer.ranker.inputs
    figures = result.verdict.figures if result else {}
    description = Description(
        as_of=night.as_of.isoformat(),
        encoder_version=draft.encoder_version,
        encoder_as_of=draft.encoder_as_of.isoformat(),
        first_stage_version=scorer.first_stage.version,
        target=conf.relevance.meaning,
        configuration=conf.hash,
        inputs={name: list(value) for name, value in asdict(inputs).items() if isinstance(value, tuple)},
        metrics=figures,
        calibrated_on=[[day.isoformat() for day in days] for days in calibrated_on],
        limits=list(limits),
    )
    folder = night.scratch / "bundle"
    shutil.rmtree(folder, ignore_errors=True)
    Bundle.write(folder, description, encoder_folder=draft.encoder_folder, scorer=scorer, further=scorers)
    reasons, rows = (result.verdict.reasons, night.record.rows) if result else ((), {})
    steps = training_steps(night)
    card = write_model_card(night.scratch, conf, description, gate, reasons, rows, steps.versions)
    version = store.register(
        folder,
        night.as_of,
        figures | steps.figures,
        {
            "configuration": conf.hash,
            "first_stage_version": scorer.first_stage.version,
            "seed": str(conf.seed),
            **parameters_of(conf),
            **steps.parameters,
        },
        {
            "encoder_version": draft.encoder_version,
            "encoder_as_of": draft.encoder_as_of.isoformat(),
            "gate": gate,
        },
        (
            card,
            *(write_reliability(night.scratch, result.curves) if result else ()),
            *(report for model in trained.values() for report in model.reports),
        ),
        {part: losses for model in trained.values() for part, losses in model.losses.items()},
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
    others = ("periods", "history_items", "signals")
    own = {name: value for name, value in conf.fusion.model_dump().items() if name not in others}
    return FusionSettings(**own, seed=conf.seed, threads=_threads())


def _tree_settings(conf: Config) -> TreeSettings:
    return TreeSettings(**conf.trees.model_dump(), seed=conf.seed, threads=_threads())


def _threads() -> int:
    """Half of the cores: Spark needs the others, and threads that wait for one another stall on a busy core."""
    return max(1, available_cores() // 2)


def _progress(night: Night, losses: dict[str, list[float]], prefix: str) -> Callable[[str, int, float], None]:
    def report(part: str, epoch: int, loss: float) -> None:
        last, part = night.conf.fusion.epochs, f"{prefix}{part}"
        advance()
        losses.setdefault(part, []).append(loss)
        event("fusion trained", as_of=night.as_of, part=part, epoch=f"{epoch}/{last}", loss=round(loss, 4))

    return report


if __name__ == "__main__":
    main_of(train_relevance)
