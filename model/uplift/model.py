"""The uplift model: demand without exposure and the effect of a view, in a folder that checks itself."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import lightgbm
import numpy as np

from model.uplift.caused import Caused, caused_share
from model.uplift.demand import Demand, cross_fitted_demand, fitted_demand
from model.uplift.effect import Effect, fitted_effect
from model.uplift.units import PairInputs, Units

FILE, TREES = "uplift.json", "trees.txt"
FORMAT = 1


@dataclass(frozen=True)
class Prediction:
    """float64 (pairs) each: chance of a response without exposure; effect of a view and its standard error."""

    demand: np.ndarray
    effect: np.ndarray
    error: np.ndarray


@dataclass(frozen=True)
class UpliftModel:
    """item_ids: strings (items), sorted; feature_names: of the columns of `PairInputs.features`
    caused: of the log that it was fitted on; None where nothing was bought after a drawn exposure
    """

    item_ids: np.ndarray
    feature_names: tuple[str, ...]
    demand: Demand
    effect: Effect
    caused: Caused | None

    def predict(self, pairs: PairInputs, threads: int = 1) -> Prediction:
        """The effect lies in [-1, 1]: it is a difference of probabilities."""
        demand = self.demand.expected(pairs, threads)
        effect, error = self.effect.of_view(pairs, demand)
        return Prediction(demand, np.clip(effect, -1.0, 1.0), error)

    def save(self, folder: Path) -> None:
        """Writes the model into the folder, which is created."""
        folder.mkdir(parents=True, exist_ok=True)
        content = {
            "format": FORMAT,
            "item_ids": self.item_ids.tolist(),
            "feature_names": list(self.feature_names),
            "demand_mean": self.demand.mean,
            "demand_ratio": self.demand.ratio.tolist(),
            "effect": {name: values.tolist() for name, values in vars(self.effect).items()},
            "caused": None if self.caused is None else asdict(self.caused),
        }
        (folder / FILE).write_text(json.dumps(content), encoding="utf-8")
        trees = self.demand.trees
        (folder / TREES).write_text("" if trees is None else trees.model_to_string(), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> UpliftModel:
        """Raises ValueError when the folder holds no model or one of another format."""
        try:
            content = json.loads((folder / FILE).read_text(encoding="utf-8"))
            text = (folder / TREES).read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise ValueError(f"{folder} has no {Path(error.filename).name}. Copy the version again.") from error
        if content.get("format") != FORMAT:
            raise ValueError(f"{folder} has format {content.get('format')}, this version reads {FORMAT}. Train again.")
        trees = lightgbm.Booster(model_str=text) if text else None
        return cls(
            np.array(content["item_ids"], dtype=object),
            tuple(content["feature_names"]),
            Demand(content["demand_mean"], np.array(content["demand_ratio"], dtype=np.float64), trees),
            Effect(**{name: np.array(values, dtype=np.float64) for name, values in content["effect"].items()}),
            None if content["caused"] is None else Caused(**content["caused"]),
        )


def fitted_uplift(
    units: Units, item_ids: np.ndarray, feature_names: tuple[str, ...], seed: int, threads: int
) -> UpliftModel:
    """Fits the effect on the demand that other shoppers' units predict, and the demand that is served on all units.

    item_ids: strings, sorted, of which `units.inputs.item` are places. The same seed and threads give the same model.
    """
    items = len(item_ids)
    demand = cross_fitted_demand(units, items, seed, threads)
    return UpliftModel(
        item_ids,
        feature_names,
        fitted_demand(units, np.ones(len(units), dtype=bool), items, seed, threads),
        fitted_effect(units, demand),
        caused_share(units, demand),
    )


def planned_response(relevance: np.ndarray, effect: np.ndarray, weight: float) -> np.ndarray:
    """float64 (pairs) >= 0: what a plan counts a view for, between f (weight 0) and its effect (weight 1)."""
    return np.maximum(relevance + weight * (effect - relevance), 0.0)
