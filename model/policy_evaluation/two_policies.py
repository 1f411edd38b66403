"""Two policies evaluated from the tables of logged exposures and of the lists of each policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from model.policy_evaluation.comparison import ESTIMATORS, Bars, Compared, compared
from model.policy_evaluation.estimates import Assumption, Evaluation, TargetLists, evaluated
from model.policy_evaluation.log import LoggedExposures, cleaned
from model.policy_evaluation.position_bias import LEAST_RELEVANCE, Examination, counted, examination_of, position_bias
from model.policy_evaluation.response_model import ResponseModel, fitted

WITHOUT_LIST = "requests of shoppers for whom {} had no list"
ALONE = "requests of days on which only one of the two ran"
WITHOUT_SLOTS = "requests with a drawn item whose list is not in exposure_scores"
WITHOUT_RELEVANCE = "exposures without a predicted relevance, taken as the lowest"

# Of a standard deviation of the examination: small enough for clipped weights to stay clipped.
_STEP, _NO_VARIANCE = 0.1, 1e-12


@dataclass(frozen=True)
class Settings:
    """clip: largest weight; most_a_day: exposures of a shopper on a day, above which they count as bot traffic
    position_weights: float64 (positions), examination as assumed before the log is read
    deviation: relative standard deviation of the truth around `position_weights`, 0 to use them as they are
    """

    assumption: Assumption
    clip: float
    bars: Bars
    most_a_day: float
    position_weights: np.ndarray
    deviation: float


@dataclass(frozen=True)
class Answer:
    """evaluations and logged_by in the order of the names; logged_by: whose requests a policy was evaluated on
    examination: float64 (positions), as used; from_log: bool (positions), whether the log says anything about it
    left_out: exposures, requests or shoppers by reason
    """

    names: tuple[str, str]
    evaluations: tuple[Evaluation, Evaluation]
    logged_by: tuple[str, str]
    comparison: Compared
    examination: np.ndarray
    from_log: np.ndarray
    left_out: dict[str, int]


def two_policies(
    exposures: pd.DataFrame, lists: Mapping[str, pd.DataFrame], names: tuple[str, str], settings: Settings
) -> Answer:
    """What both policies earn a request.

    exposures: request_id, user_id, item_id, as_of (the night whose lists were live), day, position (from 1),
    propensity (of being in the list), sample_weight, policy (who made the list), response, relevance (NaN: unknown),
    drawn_slots (of a drawn item how many slots of its list were drawn, each of which it is equally likely to take; NaN
    of a planned item, which has one position), stratum and listed_relevance (as of features.delivery.strata, None and
    NaN for an exposure that says nothing about positions: repeated, or of an item that the shopper's list did not hold)
    lists: by policy as_of, user_id, item_id, rank (from 1), relevance, as they were drawn

    A policy that answered requests is evaluated on its own requests, with weights of 1; another on all requests of
    others. Then only requests count whose shopper had a list of both that night, as other shoppers may differ. Two
    policies that both answered requests are compared directly, on the days on which both did; that assumes that
    shoppers were assigned at random, as in a test.
    Raises ValueError that says what is missing where nothing is left to evaluate.
    """
    left: dict[str, int] = {}
    rows, dropped = cleaned(exposures, settings.most_a_day, needs_propensity=False)
    left |= dropped
    ran = [bool((rows["policy"] == name).any()) for name in names]
    if all(ran):
        rows, alone = _of_common_days(rows, names)
        left |= {ALONE: alone} if alone else {}
    for name in names if not all(ran) else ():
        lacking = ~_keys(rows).isin(_keys(lists[name]))
        if lacking.any():
            left[WITHOUT_LIST.format(name)] = int(rows.loc[lacking, "request_id"].nunique())
            rows = rows[~lacking]
    unknown = rows["relevance"].isna()
    if unknown.any():
        left[WITHOUT_RELEVANCE] = int(unknown.sum())
        lowest = rows["relevance"].min()
        rows = rows.assign(relevance=rows["relevance"].fillna(0.0 if np.isnan(lowest) else lowest))
    if rows.empty:
        raise ValueError("No logged exposure is left" + "".join(f"; {n} {why}" for why, n in left.items()) + ".")
    rows = rows.assign(user=rows["user_id"].astype("category").cat.codes.astype(np.int64))
    examination, from_log = _examination(rows, settings)
    evaluations, logged_by = [], []
    for name in names:
        own = rows[rows["policy"] == name]
        if len(own):
            log, target = _own(own)
        else:
            log, target, more = _of_others(rows, lists[name], len(examination.weights), settings)
            left |= more
        evaluations.append(_evaluated(log, target, examination, settings))
        logged_by.append(name if len(own) else "others")
    pair = (evaluations[0], evaluations[1])
    return Answer(
        names, pair, (logged_by[0], logged_by[1]), compared(names, pair, settings.bars), examination.weights, from_log,
        left,
    )  # fmt: skip


def _of_common_days(rows: pd.DataFrame, names: tuple[str, str]) -> tuple[pd.DataFrame, int]:
    """The rows of the days on which both policies answered requests, and how many requests of theirs that leaves out.

    Days differ, a weekend from a weekday. Raises ValueError where the policies never ran on one day.
    """
    days = [set(rows.loc[rows["policy"] == name, "day"]) for name in names]
    common = rows["day"].isin(days[0] & days[1])
    if not common.any():
        raise ValueError(
            f"{names[0]} answered requests on {len(days[0])} days and {names[1]} on {len(days[1])} others; days "
            "differ, so run both at the same time"
        )
    alone = rows.loc[~common & rows["policy"].isin(names), "request_id"].nunique()
    return rows[common], int(alone)


def _evaluated(log: LoggedExposures, target: TargetLists, examination: Examination, settings: Settings) -> Evaluation:
    """The evaluation, whose errors hold what is not known of the examination.

    Estimates are evaluated again a small step along each direction of its covariance. The response model is not fitted
    again, since its error does not move the doubly robust estimate at first order where the weights are right.
    """
    model = fitted(log, examination.weights)
    evaluation = evaluated(log, target, model, settings.assumption, settings.clip)
    shared: dict[str, list[float]] = {name: [] for name in ESTIMATORS}
    variances, directions = np.linalg.eigh(examination.covariance)
    for variance, direction in zip(variances, directions.T, strict=True):
        if variance <= _NO_VARIANCE:
            continue
        moved = examination.weights * np.exp(_STEP * np.sqrt(variance) * direction)
        at_step = evaluated(
            log, target, ResponseModel(model.coefficients, moved), settings.assumption, settings.clip
        )  # fmt: skip
        for name in ESTIMATORS:
            shared[name].append((getattr(at_step, name).value - getattr(evaluation, name).value) / _STEP)
    return replace(
        evaluation,
        **{name: replace(getattr(evaluation, name), shared=np.array(values)) for name, values in shared.items()},
    )


def _own(rows: pd.DataFrame) -> tuple[LoggedExposures, TargetLists]:
    """A policy on its own requests: what was shown is what it shows."""
    log = _log(rows.assign(propensity=1.0))
    ones = np.ones(len(rows))
    return log, TargetLists(log.request, log.position, ones, log.relevance, ones, ones, log.position)


def _of_others(
    rows: pd.DataFrame, lists: pd.DataFrame, positions: int, settings: Settings
) -> tuple[LoggedExposures, TargetLists, dict[str, int]]:
    """A policy on the requests that others answered, without those that have no weight."""
    rows, left = cleaned(rows, settings.most_a_day)
    if settings.assumption == "item-position":
        rows, unplaced = _with_known_slots(rows)
        left |= unplaced
    if rows.empty:
        raise ValueError("No request of another policy has all its propensities: log them with the exposures.")
    log = _log(rows)
    if settings.assumption == "item-position":
        slots = rows["drawn_slots"].fillna(1.0).to_numpy(dtype=np.float64)
        log = replace(log, propensity=log.propensity / slots)
    shown = lists[lists["rank"] <= positions]
    requests = rows.drop_duplicates("request_id")[["request_id", "as_of", "user_id"]]
    requests = requests.assign(request=log.request[requests.index])
    entries = requests.merge(shown, on=["as_of", "user_id"], how="inner")
    key = ["as_of", "user_id", "item_id"]
    rank = rows[key].merge(shown[[*key, "rank"]], on=key, how="left")["rank"].to_numpy(dtype=np.float64)
    listed = ~np.isnan(rank)
    place = np.where(listed, rank - 1, 0).astype(np.int64)
    target = TargetLists(
        request=entries["request"].to_numpy(),
        position=entries["rank"].to_numpy(dtype=np.int64) - 1,
        probability=np.ones(len(entries)),
        relevance=entries["relevance"].to_numpy(dtype=np.float64),
        at_same=(listed & (place == log.position)).astype(np.float64),
        anywhere=listed.astype(np.float64),
        place=place,
    )
    return log, target, left


def _with_known_slots(rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Without the requests of a list that is not known any more, which its random items give away."""
    unplaced = rows["drawn_slots"].isna() & (rows["propensity"] < 1)
    requests = rows.loc[unplaced, "request_id"].unique()
    placed = rows[~rows["request_id"].isin(requests)].reset_index(drop=True)
    return placed, {WITHOUT_SLOTS: len(requests)} if len(requests) else {}


def _log(rows: pd.DataFrame) -> LoggedExposures:
    request, first = pd.factorize(rows["request_id"])
    user = rows["user"].to_numpy()
    of_request = np.zeros(len(first), dtype=np.int64)
    of_request[request] = user
    number = {name: rows[name].to_numpy(dtype=np.float64) for name in (
        "position", "propensity", "response", "sample_weight", "relevance"
    )}  # fmt: skip
    position = number["position"].astype(np.int64) - 1
    return LoggedExposures(
        request, user, position, number["propensity"], number["response"], number["sample_weight"],
        number["relevance"], of_request,
    )  # fmt: skip


def _examination(rows: pd.DataFrame, settings: Settings) -> tuple[Examination, np.ndarray]:
    """Of every logged position relative to the first, by assumption and log; and where the log says anything."""
    positions = int(rows["position"].max())
    assumed = settings.position_weights
    assumed = np.concatenate([assumed, np.full(max(positions - len(assumed), 0), assumed[-1])])[:positions]
    placed = rows[rows["stratum"].notna()]
    stratum, _ = pd.factorize(placed["stratum"])
    position = placed["position"].to_numpy(dtype=np.int64) - 1
    weight = placed["sample_weight"].to_numpy(dtype=np.float64)
    weight = weight / weight.mean() if len(weight) else weight  # a sampled log says as much as its rows
    # Within a stratum the more relevant pairs are still shown higher up.
    relevance = np.maximum(placed["listed_relevance"].to_numpy(dtype=np.float64), LEAST_RELEVANCE)
    _, answered = counted(stratum, position, placed["response"].to_numpy() > 0, weight, positions)
    shown, _ = counted(stratum, position, np.zeros(len(placed)), weight * relevance, positions)
    used = examination_of(shown, answered, assumed, settings.deviation)
    relative = replace(used, weights=used.weights / used.weights[0])
    if settings.deviation == 0 or not answered[:, 0].any():
        return relative, np.zeros(positions, dtype=bool)
    return relative, np.isfinite(position_bias(shown, answered).examination)


def _keys(rows: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(rows[["as_of", "user_id"]])
