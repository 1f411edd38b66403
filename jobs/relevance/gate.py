"""The gate on the tables of a night: challenger, champion and anchor on days that none of them was trained on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from features.contract.segments import LONG_TAIL, SEGMENTS
from jobs.execution.night import Night
from jobs.registry.active_models import ActiveModels
from jobs.registry.drafts import Draft
from jobs.registry.models import Champion
from jobs.relevance.cold_start import cold_start_figures
from jobs.relevance.ranked_candidates import Ranked
from jobs.relevance.samples import Sample, Targets, read_sample, read_targets
from jobs.relevance.season import season_at
from jobs.relevance.shopper_activity import shopper_activity
from jobs.relevance.target import scorer_of
from jobs.runtime.errors import LongtailError
from model.bundle import Bundle
from model.calibration import CalibrationReport, reliability
from model.gate import Comparison, Verdict, compare, error_of_attempt, judge
from model.periods import Periods
from model.ranking_metrics import hit_at, ndcg_at
from model.responses import NoResponseError
from model.scorer import Scorer

POPULARITY = "popularity"
_NOT_IN_A_METRIC = re.compile(r"[^\w.\- ]")  # MLflow does not accept these in the name of a metric
ACTIVITIES = ("rare", "regular", "frequent")  # thirds of the shoppers by recent responses


@dataclass(frozen=True)
class GateResult:
    """The gate's verdict, and the new model's reliability curves in the gate's period: of all pairs and of the tail."""

    verdict: Verdict
    curves: dict[str, pd.DataFrame]

    def joined(self, response: str, other: GateResult) -> GateResult:
        """This result and that of another response of `relevance.values`, whose name its figures begin with."""
        mine, its = self.verdict, other.verdict
        verdict = Verdict(
            mine.figures | {f"{response}_{name}": value for name, value in its.figures.items()},
            (*mine.reasons, *(f"{response}: {reason}" for reason in its.reasons)),
            {**mine.answers, **{f"{response} {segment}": answer for segment, answer in its.answers.items()}},
        )
        curves = {f"{response}_{name}": curve for name, curve in other.curves.items()}
        return GateResult(verdict, self.curves | curves)


def gate_challenger(night: Night, draft: Draft, models: ActiveModels, scorer: Scorer, periods: Periods) -> GateResult:
    """Compares the new model with the champion, or with decayed popularity where there is no champion yet, or where
    it predicts no response `relevance.target` of the night (see `night_of_response`).

    If there is an anchor, tail recall is compared with it as well. A retry has to show more than a first attempt.
    """
    conf, cut = night.conf.gate, periods.gate
    error = error_of_attempt(models.days_since_attempt, periods.horizon_days)
    sample = read_sample(night, cut, periods.end(cut), draft, scorer.first_stage.version, scorer.ranker.inputs)
    targets = read_targets(night, cut, periods.end(cut), sample)
    past = [periods.response_days(of) for of in periods.second_stage]
    coming = periods.horizon_days if night.conf.relevance.per == "horizon" else None
    season = season_at(night, cut, past, coming)
    relevance = _relevance(scorer, sample, season.shift)
    challenger = Ranked(sample, relevance)
    reference = _of_version(night, models.champion, sample, periods) if models.champion else None
    if reference is None:
        reference = Ranked(sample, sample.block.channel_scores[..., scorer.ranker.inputs.channels.index(POPULARITY)])
    activity = shopper_activity(night, cut, sample)
    tail_targets, users = targets.only("segment", *LONG_TAIL), np.ones(len(sample.block), dtype=bool)
    comparisons = {
        "tail_recall": _compared(night, error, tail_targets, users, LONG_TAIL, challenger, reference),
        "recall": _compared(night, error, targets, users, SEGMENTS, challenger, reference),
    }
    anchor = _of_version(night, models.anchor, sample, periods) if models.anchor else None
    if anchor is not None:
        comparisons["tail_recall_anchor"] = _compared(night, error, tail_targets, users, LONG_TAIL, challenger, anchor)
    segments = {
        name: _compared(night, error, chosen, who, LONG_TAIL, challenger, reference)
        for name, chosen, who in _segments(sample, tail_targets, conf.departments, activity.recent)
    }
    parts = {"all": sample.block.listed, "tail": sample.in_segments(*LONG_TAIL)}
    _require_responses(sample, parts, cut)
    outcomes = {
        name: (relevance[part], sample.responded[part], sample.period.counts[part]) for name, part in parts.items()
    }
    calibration = {name: CalibrationReport.of(*outcome) for name, outcome in outcomes.items()}
    verdict = judge(comparisons, segments, calibration["all"].slope, conf.max_calibration_slope_error, conf.margin)
    figures = verdict.figures | {"gate_error": error} | _list_figures(challenger, tail_targets, conf.recall_at)
    figures |= {"calibration_season": season.shift, "calibration_season_deviation": season.deviation}
    figures |= cold_start_figures(challenger, tail_targets, conf.recall_at, activity.log_age)
    for name, report in calibration.items():
        figures |= report.figures(f"calibration_{name}")
    return GateResult(
        replace(verdict, figures=figures), {name: reliability(*outcome) for name, outcome in outcomes.items()}
    )


def _require_responses(sample: Sample, parts: Mapping[str, np.ndarray], cut: date) -> None:
    """Raises NoResponseError when a part [B, C] of the candidates has no response to measure the calibration on."""
    for name, part in parts.items():
        if not sample.responded[part].any():
            raise NoResponseError(
                f"No shopper responded to a candidate of the part {name} in the period from {cut} on."
            )


def _relevance(scorer: Scorer, sample: Sample, season: float = 0.0) -> np.ndarray:
    return scorer.relevance(sample.block, scorer.ranker.encode_items(sample.side.items), season)


def _of_version(night: Night, version: Champion, sample: Sample, periods: Periods) -> Ranked | None:
    """An older version's candidates of the gate's period, ranked by its own relevance, for the same shoppers; None
    where it does not predict the response."""
    scorer = scorer_of(night, Bundle.load(version.folder))
    if scorer is None:
        return None
    own = read_sample(
        night, periods.gate, periods.end(periods.gate), version, scorer.first_stage.version, scorer.ranker.inputs
    )
    if not own.user_ids.equals(sample.user_ids):
        raise LongtailError(
            f"Version {version.version} and the challenger have candidates for different shoppers on {periods.gate}.",
            "Delete both from the table candidates, then run jobs/build_candidates.py again.",
        )
    return Ranked(own, _relevance(scorer, own))


def _segments(
    sample: Sample, targets: Targets, departments: int, activity: np.ndarray
) -> Iterator[tuple[str, Targets, np.ndarray]]:
    """Name, targets and shoppers [B] bool of every segment that has targets, all within the tail."""
    everyone = np.ones(len(sample.block), dtype=bool)
    named = [(f"segment {segment}", targets.only("segment", segment), everyone) for segment in LONG_TAIL]
    counts = pc.value_counts(targets.pairs["department"]).to_pylist()
    largest = sorted(counts, key=lambda entry: (-entry["counts"], str(entry["values"])))
    for name in [str(entry["values"]) for entry in largest[:departments]]:
        named.append((f"department {_NOT_IN_A_METRIC.sub('_', name)}", targets.only("department", name), everyone))
    third = np.argsort(np.argsort(activity, kind="stable"), kind="stable") * len(ACTIVITIES) // len(activity)
    named += [(f"shoppers {name}", targets, third == place) for place, name in enumerate(ACTIVITIES)]
    for name, chosen, who in named:
        if (chosen.counts(sample.user_ids)[who] > 0).any():
            yield name, chosen, who


def _compared(
    night: Night,
    error: float,
    targets: Targets,
    who: np.ndarray,
    segments: tuple[str, ...],
    challenger: Ranked,
    reference: Ranked,
) -> Comparison:
    """Recall of both over the shoppers `who` with a target, each within its own candidates of the segments."""
    conf = night.conf.gate
    new, old = (ranked.recall(targets, segments, conf.recall_at, who) for ranked in (challenger, reference))
    return compare(new, old, conf.margin, error, conf.bootstrap_samples, night.conf.seed)


def _list_figures(challenger: Ranked, targets: Targets, k: int) -> dict[str, float]:
    count = targets.counts(challenger.sample.user_ids)
    some = count > 0
    hits = challenger.hits(targets, LONG_TAIL, k)[some]
    return {
        f"tail_ndcg_at_{k}": float(ndcg_at(hits, count[some]).mean()),
        "tail_hit_at_10": float(hit_at(hits[:, :10]).mean()),
    }
