"""How the trees of LightGBM are grown."""

from __future__ import annotations

from dataclasses import dataclass

import lightgbm


@dataclass(frozen=True)
class TreeGrowth:
    """Parameters of LightGBM: `rounds` trees of `leaves` leaves of at least `leaf_rows` rows, each grown on a share of
    the features and of the rows."""

    rounds: int
    leaves: int
    leaf_rows: int
    learning_rate: float
    l2: float
    feature_share: float
    row_share: float
    seed: int
    threads: int

    def fit(self, data: lightgbm.Dataset, objective: str, **others: object) -> lightgbm.Booster:
        """Trees by LightGBM's objective of this name; the same seed and threads give the same trees.

        others: further parameters of LightGBM
        """
        parameters = {
            "objective": objective, "num_leaves": self.leaves, "min_data_in_leaf": self.leaf_rows,
            "learning_rate": self.learning_rate, "lambda_l2": self.l2, "feature_fraction": self.feature_share,
            "bagging_fraction": self.row_share, "bagging_freq": 1, "seed": self.seed, "num_threads": self.threads,
            "deterministic": True, "verbose": -1, **others,
        }  # fmt: skip
        return lightgbm.train(parameters, data, self.rounds)
