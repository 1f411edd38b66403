"""A small storefront whose truth is known: shoppers, items, two policies with exact propensities, drawn responses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.policy_evaluation.estimates import TargetLists
from model.policy_evaluation.log import LoggedExposures


@dataclass(frozen=True)
class Storefront:
    """attraction, predicted: float64 (users, items), true response probability at the first position and its guess
    theta: float64 (positions); rate: float64 (users), visits; logging, target: float64 (users, positions, items)."""

    attraction: np.ndarray
    predicted: np.ndarray
    theta: np.ndarray
    rate: np.ndarray
    logging: np.ndarray
    target: np.ndarray

    def value(self, policy: np.ndarray) -> float:
        """Responses a request."""
        of_user = np.einsum("uki,k,ui->u", policy, self.theta, self.attraction)
        return float(of_user @ self.rate / self.rate.sum())

    def logged(self, seed: int) -> tuple[LoggedExposures, np.ndarray]:
        """One log of every user's visits, and the item of each exposure."""
        random = np.random.default_rng(seed)
        users, positions, items = self.logging.shape
        request_user = np.repeat(np.arange(users), random.poisson(self.rate))
        request = np.repeat(np.arange(len(request_user)), positions)
        user, position = request_user[request], np.tile(np.arange(positions), len(request_user))
        line = np.cumsum(self.logging, axis=2)[user, position]
        item = np.minimum((random.random(len(user))[:, None] > line).sum(axis=1), items - 1)
        chance = self.theta[position] * self.attraction[user, item]
        response = (random.random(len(user)) < chance).astype(np.float64)
        return LoggedExposures(
            request, user, position, self.logging[user, position, item], response, np.ones(len(user)),
            self.predicted[user, item], request_user,
        ), item  # fmt: skip

    def lists(self, log: LoggedExposures, item: np.ndarray, policy: np.ndarray) -> TargetLists:
        """What the policy shows in the log's requests."""
        of_request = policy[log.request_user]
        request, position, shown = np.nonzero(of_request)
        mine = policy[log.user, :, item]
        return TargetLists(
            request, position, of_request[request, position, shown],
            self.predicted[log.request_user[request], shown],
            mine[np.arange(len(item)), log.position], mine.sum(axis=1), mine.argmax(axis=1),
        )  # fmt: skip


def storefront(seed: int = 7, users: int = 300, items: int = 8, positions: int = 3, visits: float = 6.0) -> Storefront:
    """The log mixes every item in; the target favours what attracts. The prediction is off by a power and by noise."""
    random = np.random.default_rng(seed)
    attraction = np.clip(random.gamma(1.2, 0.08, (users, items)), 0.002, 0.9)
    predicted = np.clip(0.5 * attraction**0.8 * np.exp(random.normal(0, 0.4, (users, items))), 1e-4, 0.95)
    theta = np.array([1.0, 0.7, 0.5, 0.4, 0.3])[:positions]
    rate = random.gamma(2.0, visits / 2.0, users) + 0.2
    return Storefront(
        attraction, predicted, theta, rate,
        softmax(random.normal(0, 0.5, (users, positions, items))),
        softmax(12 * np.broadcast_to(predicted[:, None, :], (users, positions, items))),
    )  # fmt: skip


def softmax(scores: np.ndarray) -> np.ndarray:
    """Over the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)
