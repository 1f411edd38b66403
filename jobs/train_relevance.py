"""Trains fusion and calibrator, judges the new model against the champion, and registers it as one bundle."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict

import numpy as np

from jobs.registry.drafts import Draft
from jobs.registry.lineup import lineup, model_store
from jobs.registry.models import PASSED, REFUSED_BY_GATE, Champion, ModelStore, Version
from jobs.relevance.samples import Sample, Targets, read_sample, read_targets
from jobs.runtime.command import main_of
from jobs.runtime.config import Fusion
from jobs.runtime.errors import LongtailError, Refused
from jobs.runtime.logs import event
from jobs.runtime.night import Night
from model.bundle import Bundle, Description
from model.calibration import CalibrationReport
from model.fusion.inputs import ITEM_FEATURES, USER_FEATURES
from model.fusion.ranker import FusionRanker, RankerInputs, torch_threads
from model.fusion.training import FusionSettings, fit_ranker
from model.gate import Comparison, Verdict, judge, non_inferiority
from model.periods import Periods, training_periods
from model.ranking_metrics import hit_at, ndcg_at, recall_at, top_hits
from model.retrieval.first_stage import FirstStage
from model.scorer import Scorer, fit_calibrator

TAIL = ("tail", "cold")
EVERYTHING = ("head", "tail", "cold")
_ANCHOR_CHANNEL = "popularity"


def train_relevance(night: Night) -> None:
    """Trains fusion and calibrator on past periods, and moves the champion if the gate passes.

    Does nothing on a night without a draft. A model that the gate refuses is registered, but yesterday's champion goes on;
    without any champion the refusal ends the night.
    """
    store, tonight = model_store(night), lineup(night)
    if tonight.draft is None:
        _finish_promotion(night, store)
        night.record.status = "skipped"
        event("no model is being trained", step="train_relevance", as_of=night.as_of)
        return
    periods = training_periods(night.as_of, night.conf.relevance.horizon_days, night.conf.fusion.periods)
    with torch_threads(_threads()):
        scorer = _trained(night, tonight.draft, periods)
        verdict = _judged(night, tonight.draft, tonight.champion, scorer, periods)
    version = _registered(night, store, tonight.draft, scorer, verdict)
    night.record.model_version = version.version
    night.record.decisions = _decisions(tonight.champion, verdict)
    event("model judged", step="train_relevance", as_of=night.as_of, version=version.version, gate=version.gate)
    if verdict.passed:
        store.promote(version.version)
    elif tonight.champion is None:
        raise Refused(
            f"The gate refused the first model: {'; '.join(verdict.reasons)}.",
            "Give it more history or longer training (fusion.epochs), or widen gate.margin; it is tried again in "
            f"{night.conf.gate.retry_days} days.",
        )


def _finish_promotion(night: Night, store: ModelStore) -> None:
    """A run that ended between registration and promotion left a version that passed but does not score."""
    for version in store.versions_at(night.as_of):
        if version.gate == PASSED and version.promoted_as_of is None:
            store.promote(version.version)
            night.record.model_version = version.version


def _trained(night: Night, draft: Draft, periods: Periods) -> Scorer:
    first_stage = FirstStage.load(draft.first_stage_folder)
    inputs = RankerInputs(first_stage.channels, ITEM_FEATURES, USER_FEATURES, night.conf.fusion.history_items)
    samples = [_sample(night, draft, first_stage, inputs, cut, periods) for cut in periods.fusion]
    night.record.rows = {
        "training_pairs": sum(int(sample.block.listed.sum()) for sample in samples),
        "responses": sum(int(sample.responded.sum()) for sample in samples),
    }
    settings = _settings(night.conf.fusion, night.conf.seed)
    ranker = fit_ranker([sample.period for sample in samples], inputs, settings, _progress(night, settings.epochs))
    later = _sample(night, draft, first_stage, inputs, periods.calibration, periods)
    calibrator = fit_calibrator(ranker, later.block, ranker.encode_items(later.side.items), later.responded)
    return Scorer(first_stage, ranker, calibrator)


def _sample(
    night: Night, model: Draft | Champion, first_stage: FirstStage, inputs: RankerInputs, cut, periods: Periods
) -> Sample:
    return read_sample(night, cut, periods.end(cut), model.encoder_version, first_stage.version, inputs)


def _judged(night: Night, draft: Draft, champion: Champion | None, scorer: Scorer, periods: Periods) -> Verdict:
    """The gate: the new model against the champion, or against decayed popularity where there is no champion yet."""
    conf, cut = night.conf.gate, periods.gate
    sample = _sample(night, draft, scorer.first_stage, scorer.ranker.inputs, cut, periods)
    targets = read_targets(night, cut, periods.end(cut), sample.side)
    relevance = _relevance(scorer, sample)
    if champion is None:
        anchor = scorer.ranker.inputs.channels.index(_ANCHOR_CHANNEL)
        reference, reference_scores = sample, sample.block.channel_scores[..., anchor]
    else:
        reference, reference_scores = _of_champion(night, champion, sample, periods)
    comparisons = {
        name: _compared(night, targets, segments, (sample, relevance), (reference, reference_scores))
        for name, segments in (("tail_recall", TAIL), ("recall", EVERYTHING))
    }
    everything, tail = sample.block.listed, sample.in_segments(*TAIL)
    calibration = CalibrationReport.of(relevance[everything], sample.responded[everything])
    verdict = judge(comparisons, calibration.slope, conf.max_calibration_slope_error, conf.margin)
    figures = verdict.figures | calibration.figures("calibration_all")
    figures |= CalibrationReport.of(relevance[tail], sample.responded[tail]).figures("calibration_tail")
    figures |= _list_figures(sample, targets, relevance, conf.recall_at)
    return Verdict(figures, verdict.reasons)


def _relevance(scorer: Scorer, sample: Sample) -> np.ndarray:
    return scorer.relevance(sample.block, scorer.ranker.encode_items(sample.side.items))


def _of_champion(night: Night, champion: Champion, sample: Sample, periods: Periods) -> tuple[Sample, np.ndarray]:
    """The champion's own candidates of the gate's period with its own relevance, for the same shoppers."""
    scorer = Bundle.load(champion.folder).scorer
    own = _sample(night, champion, scorer.first_stage, scorer.ranker.inputs, periods.gate, periods)
    if not own.user_ids.equals(sample.user_ids):
        raise LongtailError(
            f"Champion and challenger have candidates for different shoppers on {periods.gate}.",
            "Delete both from the table candidates and run jobs/build_candidates.py again.",
        )
    return own, _relevance(scorer, own)


def _compared(
    night: Night,
    targets: Targets,
    segments: tuple[str, ...],
    challenger: tuple[Sample, np.ndarray],
    reference: tuple[Sample, np.ndarray],
) -> Comparison:
    """Recall of both over shoppers with a target in the segments, each within its own candidates of the segments."""
    conf = night.conf.gate
    count = targets.counts(challenger[0].user_ids, *segments)
    some = count > 0
    recalls = [
        recall_at(_hits(sample, scores, targets, segments, conf.recall_at)[some], count[some])
        for sample, scores in (challenger, reference)
    ]
    return non_inferiority(recalls[0], recalls[1], conf.margin, conf.bootstrap_samples, night.conf.seed)


def _hits(
    sample: Sample, scores: np.ndarray, targets: Targets, segments: tuple[str, ...], k: int
) -> np.ndarray:
    """[B, k] bool: targets in each shopper's list of the segments."""
    ranked = np.where(sample.in_segments(*segments), scores, -np.inf)
    return top_hits(ranked, targets.among(sample), k)


def _list_figures(sample: Sample, targets: Targets, relevance: np.ndarray, k: int) -> dict[str, float]:
    count = targets.counts(sample.user_ids, *TAIL)
    some = count > 0
    hits = _hits(sample, relevance, targets, TAIL, k)[some]
    return {
        f"tail_ndcg_at_{k}": float(ndcg_at(hits, count[some]).mean()),
        "tail_hit_at_10": float(hit_at(hits[:, :10]).mean()),
    }


def _registered(night: Night, store: ModelStore, draft: Draft, scorer: Scorer, verdict: Verdict) -> Version:
    conf, inputs = night.conf, scorer.ranker.inputs
    description = Description(
        as_of=night.as_of.isoformat(),
        encoder_version=draft.encoder_version,
        encoder_as_of=draft.encoder_as_of.isoformat(),
        first_stage_version=scorer.first_stage.version,
        target=conf.relevance.target,
        horizon_days=conf.relevance.horizon_days,
        configuration=conf.hash,
        inputs={name: list(value) for name, value in asdict(inputs).items() if name != "history_items"},
        metrics=verdict.figures,
    )
    folder = night.folder / "scratch" / night.run_id / "bundle"
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
        },
        {
            "encoder_version": draft.encoder_version,
            "encoder_as_of": draft.encoder_as_of.isoformat(),
            "gate": PASSED if verdict.passed else REFUSED_BY_GATE,
        },
    )
    shutil.rmtree(folder)
    return version


def _decisions(champion: Champion | None, verdict: Verdict) -> dict[str, str]:
    return {
        "gate": "; ".join(verdict.reasons) or PASSED,
        "gate_reference": f"version {champion.version}" if champion else _ANCHOR_CHANNEL,
        **{name: f"{value:.6g}" for name, value in verdict.figures.items()},
    }


def _settings(conf: Fusion, seed: int) -> FusionSettings:
    own = {name: value for name, value in conf.model_dump().items() if name not in ("periods", "history_items")}
    return FusionSettings(**own, seed=seed, threads=_threads())


def _threads() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0))


def _progress(night: Night, epochs: int):
    def told(epoch: int, loss: float) -> None:
        event("fusion trained", as_of=night.as_of, epoch=f"{epoch}/{epochs}", loss=round(loss, 4))

    return told


if __name__ == "__main__":
    main_of(train_relevance)
