"""The first stage: a linear model over channel scores, trained against uniform negatives."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from scipy.stats import chi2

from model.responses import NoResponseError
from model.retrieval.logistic import fitted_logistic, information
from model.retrieval.scores import ChannelScores

_CLIP = 8.0
_LEVEL = 0.001  # of the test by which a signal is used
_REFERENCE = "reference-"  # begins the version of one without a training
_SCORES_AT_ONCE = 65536  # weighted together: intermediate results stay in the processor's cache


@dataclass(frozen=True)
class FirstStage:
    """Log-odds of a response = bias + weights · basis(channel scores).

    The basis of a channel is its standardised score, the root of its size with the sign kept, and whether it is above
    the value of no evidence, so that the step from none to some can count differently from more of the same.
    """

    version: str
    channels: tuple[str, ...]
    mean: np.ndarray  # [k] of the raw channel scores
    sd: np.ndarray  # [k]
    zero: np.ndarray  # [k] the score of no evidence
    weights: np.ndarray  # [3 k]
    bias: float  # log-odds, corrected for the share of negatives that were drawn
    # What an event of each type counts in ALS, as in `EventWeights`; purchases alone where it is empty.
    event_weights: Mapping[str, float] = field(default_factory=dict)

    @staticmethod
    def reference_version(origin: str) -> str:
        """The version of `model.retrieval.reference` of an origin."""
        return f"{_REFERENCE}{origin}"

    @property
    def is_reference(self) -> bool:
        """Whether it ranks by popularity and texts alone, without a training."""
        return self.version.startswith(_REFERENCE)

    def score(self, channels: Sequence[ChannelScores]) -> np.ndarray:
        """Log-odds [b, n] of all pairs. Scores that items share are weighted once, in the columns of their group."""
        shape = np.broadcast_shapes(*(scores.shape for scores in channels))
        total = np.full(shape, self.bias, dtype=np.float32)
        shared: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        for place, scores in enumerate(channels):
            if scores.column is None and scores.values.shape == shape:
                self._add(place, scores.values, total)
            elif scores.column is None:
                total += self._part(place, scores.values)
            elif id(scores.column) in shared and shared[id(scores.column)][1].shape == scores.values.shape:
                self._add(place, scores.values, shared[id(scores.column)][1])
            elif id(scores.column) in shared:
                shared[id(scores.column)][1][...] += self._part(place, scores.values)
            else:
                shared[id(scores.column)] = scores.column, self._part(place, scores.values)
        for column, part in shared.values():
            total += np.take(part, column, axis=1)
        return total

    def _part(self, place: int, values: np.ndarray) -> np.ndarray:
        """A channel's contribution to the log-odds, in the shape of its raw scores."""
        part = np.zeros(values.shape, dtype=np.float32)
        self._add(place, values, part)
        return part

    def _add(self, place: int, values: np.ndarray, total: np.ndarray) -> None:
        """Adds a channel's contribution to `total`; parts of the basis with weight 0 are not computed."""
        linear, root, step = self.weights.reshape(3, -1)[:, place].astype(np.float32)
        scores, totals = np.ascontiguousarray(values).reshape(-1), total.reshape(-1)
        for start in range(0, len(scores), _SCORES_AT_ONCE):
            some, added = scores[start : start + _SCORES_AT_ONCE], totals[start : start + _SCORES_AT_ONCE]
            z = _standardised(some, self.mean[place], self.sd[place])
            rooted = _root(z) * root if root else None
            if linear:
                added += np.multiply(z, linear, out=z)
            if rooted is not None:
                added += rooted
            if step:
                added += _above(some, self.zero[place]) * step

    def parts(self, channels: np.ndarray) -> np.ndarray:
        """Contributions of the channels, [k, ...] of raw scores [k, ...]; with `bias` they sum to `score`."""
        return np.stack([self._part(place, values) for place, values in enumerate(channels)])

    def without_unused(self, names: Collection[str]) -> FirstStage:
        """Without those of the named channels whose weights are all 0, so that no date computes them."""
        by_basis = self.weights.reshape(3, -1)
        keep = [p for p, name in enumerate(self.channels) if name not in names or by_basis[:, p].any()]
        return replace(
            self, channels=tuple(self.channels[place] for place in keep), mean=self.mean[keep], sd=self.sd[keep],
            zero=self.zero[keep], weights=by_basis[:, keep].ravel(),
        )  # fmt: skip

    def save(self, folder: Path) -> None:
        """Writes first_stage.json with a digest of its content."""
        folder.mkdir(parents=True, exist_ok=True)
        content = {
            "version": self.version,
            "channels": list(self.channels),
            "mean": self.mean.tolist(),
            "sd": self.sd.tolist(),
            "zero": self.zero.tolist(),
            "weights": self.weights.tolist(),
            "bias": self.bias,
        }
        if self.event_weights:
            content["event_weights"] = dict(self.event_weights)
        text = json.dumps({"digest": _digest(content), **content}, indent=1)
        (folder / "first_stage.json").write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> FirstStage:
        """Loads what `save` wrote. Raises ValueError when the content does not match its digest."""
        content = json.loads((folder / "first_stage.json").read_text(encoding="utf-8"))
        if content.pop("digest") != _digest(content):
            raise ValueError(f"{folder}: first_stage.json was changed after it was saved. Train the first stage again.")
        arrays = {name: np.array(content[name], dtype=np.float64) for name in ("mean", "sd", "zero", "weights")}
        return cls(
            content["version"], tuple(content["channels"]), bias=float(content["bias"]),
            event_weights=content.get("event_weights", {}), **arrays,
        )  # fmt: skip


def _digest(content: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _standardised(score: np.ndarray, mean: float, sd: float) -> np.ndarray:
    z = score - np.float32(mean)
    z /= np.float32(sd)
    return np.clip(z, -_CLIP, _CLIP, out=z)


def _root(z: np.ndarray) -> np.ndarray:
    root = np.abs(z)
    np.sqrt(root, out=root)
    return np.copysign(root, z, out=root)


def _above(score: np.ndarray, zero: float) -> np.ndarray:
    return (score > np.float32(zero + 1e-6)).astype(np.float32)


def fit_first_stage(
    channels: tuple[str, ...], scores: np.ndarray, label: np.ndarray, weight: np.ndarray, l2: float, origin: str,
    negative: Collection[str] = (), optional: Mapping[str, Collection[str]] | None = None,
) -> FirstStage:  # fmt: skip
    """Logistic regression on the basis of the channels' scores.

    `scores` [k, rows] raw channel scores of the positives and of uniform negatives, `label` [rows] 0 or 1, `weight`
    [rows] how many pairs a row represents: 1 for a positive, the inverse of the drawn share for a negative. In the fit
    negatives count 1, since their share only moves the bias (King and Zeng 2001), which is then corrected.
    A channel without any variation gets weight 0. The `negative` channels get no weight above 0, so that their scores
    never raise an item. `optional` has channels by signal: a signal is left out, with weights of 0, unless its weights
    are shown to differ from 0 together, by Wald's test at .1 %: noise would otherwise cost what is fitted to it.

    Raises NoResponseError without positives.
    """
    if not label.any():
        raise NoResponseError(
            "The first stage has no positives: in its period no shopper responded to a new eligible item."
        )
    mean, sd = scores.mean(axis=1), scores.std(axis=1)
    alive = sd > 1e-9
    sd = np.where(alive, sd, 1.0)
    zero = np.minimum(np.median(scores, axis=1), 0.0)
    k = len(channels)
    design = np.empty((scores.shape[1], 3 * k), dtype=np.float32)
    for place in range(k):
        z = _standardised(scores[place], mean[place], sd[place])
        for power, column in enumerate((z, _root(z), _above(scores[place], zero[place]))):
            design[:, power * k + place] = column if alive[place] else 0.0
    falling = np.tile([name in negative for name in channels], 3) if negative else None
    target = label.astype(np.float64)
    fitted = fitted_logistic(design, target, l2, falling)
    if silent := _silent_columns(design, fitted, l2, channels, optional or {}):
        design[:, silent] = 0.0
        fitted = fitted_logistic(design, target, l2, falling)
    correction = np.log(weight[label == 0].mean())
    rounded = np.round(fitted, 9)
    digest = hashlib.sha256(rounded.tobytes() + "".join(channels).encode()).hexdigest()[:8]
    return FirstStage(
        f"first-stage-{origin}-{digest}", channels, mean, sd, zero, rounded[:-1], float(rounded[-1] - correction)
    )


def _silent_columns(
    design: np.ndarray,
    fitted: np.ndarray,
    l2: float,
    channels: tuple[str, ...],
    optional: Mapping[str, Collection[str]],
) -> list[int]:
    """Columns of the optional signals whose coefficients are not shown to differ from 0 together (Wald 1943).

    A coefficient at 0, as a constraint leaves it, takes no part.
    """
    if not optional:
        return []
    covariance = np.linalg.inv(information(design, fitted, l2))
    silent: list[int] = []
    for names in optional.values():
        own = [place for place, name in enumerate(channels * 3) if name in names and design[:, place].any()]
        some = [place for place in own if fitted[place] != 0.0]
        size = fitted[some]
        evidence = float(size @ np.linalg.solve(covariance[np.ix_(some, some)], size)) if some else 0.0
        if evidence <= chi2.ppf(1.0 - _LEVEL, max(len(some), 1)):
            silent += own
    return silent
