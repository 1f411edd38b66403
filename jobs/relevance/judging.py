"""The gate on Spark's tables: challenger and reference on the days that neither was trained on."""

from __future__ import annotations

import numpy as np

from jobs.registry.drafts import Draft
from jobs.registry.models import Champion
from jobs.relevance.samples import Sample, Targets, read_sample, read_targets
from jobs.runtime.errors import LongtailError
from jobs.runtime.night import Night
from model.bundle import Bundle
from model.calibration import CalibrationReport
from model.gate import Comparison, Verdict, judge, non_inferiority
from model.periods import Periods
from model.ranking_metrics import hit_at, ndcg_at, recall_at, top_hits
from model.scorer import Scorer

TAIL = ("tail", "cold")
EVERYTHING = ("head", "tail", "cold")
ANCHOR_CHANNEL = "popularity"


def judge_challenger(
    night: Night, draft: Draft, champion: Champion | None, scorer: Scorer, periods: Periods
) -> Verdict:
    """The gate: the new model against the champion, or against decayed popularity where there is no champion yet."""
    conf, cut = night.conf.gate, periods.gate
    sample = read_sample(night, cut, draft, scorer.first_stage.version, scorer.ranker.inputs)
    targets = read_targets(night, cut, periods.end(cut), sample.side)
    relevance = _relevance(scorer, sample)
    if champion is None:
        anchor = scorer.ranker.inputs.channels.index(ANCHOR_CHANNEL)
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
    own = read_sample(night, periods.gate, champion, scorer.first_stage.version, scorer.ranker.inputs)
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


def _hits(sample: Sample, scores: np.ndarray, targets: Targets, segments: tuple[str, ...], k: int) -> np.ndarray:
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
