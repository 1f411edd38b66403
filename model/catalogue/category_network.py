"""A network with one hidden layer over the terms and the vector of a text, trained by torch, evaluated by numpy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from scipy import sparse
from scipy.special import log_softmax
from torch import Tensor, nn
from torch.nn import functional

from model.catalogue.category_experts import Arrays, Views
from model.text.device import torch_threads

_HIDDEN = 256
_EPOCHS, _LEAST_STEPS = 10, 200
_BATCH, _BATCHES = 1024, 16  # rows of a batch, and batches that a small set of rows is cut into at least
_LEARNING_RATE, _WARM_UP, _DECAY = 4e-3, 0.1, 0.01
_DROPOUT, _TERMS_DROPOUT, _VECTORS_DROPOUT = 0.4, 0.5, 0.2  # of the hidden layer, of terms and of numbers of a vector
_TERMS_SCALE, _VECTORS_SCALE = 3.0, 5.0  # of unit rows, so that both give the hidden layer numbers of about 1
_INITIAL = 0.05  # standard deviation of the weights of terms


class Network:
    """log chances = softmax(relu(terms A + vectors B + b) C + c); fitted with dropout by AdamW (Loshchilov, 2019).

    The same rows in the same order give the same network on one machine: it is trained by one thread.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        self._arrays = dict(arrays)

    @classmethod
    def fit(cls, views: Views, label: np.ndarray, names: Views, seed: int) -> Network:
        """Views of the texts, the number of their category, and views of the categories' names, a row more of each."""
        count = names.terms.shape[0]
        every = Views(sparse.vstack([views.terms, names.terms]).tocsr(), np.concatenate([views.vectors, names.vectors]))
        labels = np.concatenate([label, np.arange(count)])
        with torch_threads(1), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            layers = _Layers(every.terms.shape[1], every.vectors.shape[1], count)
            _train(layers, every, labels, np.random.default_rng(seed))
        return cls(
            {
                "terms": _TERMS_SCALE * layers.terms.weight.detach().numpy(),
                "vectors": _VECTORS_SCALE * layers.vectors.weight.detach().numpy().T,
                "hidden_bias": layers.vectors.bias.detach().numpy(),
                "out": layers.out.weight.detach().numpy().T,
                "out_bias": layers.out.bias.detach().numpy(),
            }
        )

    def log_chances(self, views: Views) -> np.ndarray:
        """[n, C] float32."""
        of = self._arrays
        hidden = views.terms @ of["terms"] + views.vectors @ of["vectors"] + of["hidden_bias"]
        return log_softmax(np.maximum(hidden, 0.0) @ of["out"] + of["out_bias"], axis=1).astype(np.float32)

    def arrays(self) -> Arrays:
        """The weights of the layers."""
        return self._arrays

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Network:
        """The network with these weights."""
        return cls(arrays)


class _Layers(nn.Module):
    def __init__(self, terms: int, dimension: int, count: int) -> None:
        super().__init__()
        self.terms = nn.EmbeddingBag(terms, _HIDDEN, mode="sum")
        nn.init.normal_(self.terms.weight, std=_INITIAL)
        self.vectors, self.out = nn.Linear(dimension, _HIDDEN), nn.Linear(_HIDDEN, count)
        self.dropout = nn.Dropout(_DROPOUT)

    def forward(self, views: Views) -> Tensor:
        places = torch.from_numpy(views.terms.indices.astype(np.int64))
        begins = torch.from_numpy(views.terms.indptr[:-1].astype(np.int64))
        weights = torch.from_numpy(_TERMS_SCALE * views.terms.data.astype(np.float32))
        vectors = torch.from_numpy(_VECTORS_SCALE * views.vectors.astype(np.float32))
        if self.training:
            weights = functional.dropout(weights, _TERMS_DROPOUT)
            vectors = functional.dropout(vectors, _VECTORS_DROPOUT)
        hidden = self.terms(places, begins, per_sample_weights=weights) + self.vectors(vectors)
        return self.out(self.dropout(torch.relu(hidden)))


def _train(layers: _Layers, views: Views, label: np.ndarray, random: np.random.Generator) -> None:
    rows = len(label)
    size = min(_BATCH, max(1, -(-rows // _BATCHES)))
    a_pass = -(-rows // size)
    epochs = max(_EPOCHS, -(-_LEAST_STEPS // a_pass))
    optimiser = torch.optim.AdamW(layers.parameters(), lr=_LEARNING_RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, _LEARNING_RATE, total_steps=epochs * a_pass, pct_start=_WARM_UP
    )
    loss, target = nn.CrossEntropyLoss(), torch.from_numpy(label.astype(np.int64))
    layers.train()
    for _ in range(epochs):
        order = random.permutation(rows)
        for start in range(0, rows, size):
            chosen = np.sort(order[start : start + size])
            optimiser.zero_grad()
            loss(layers(views.rows(chosen)), target[torch.from_numpy(chosen)]).backward()
            optimiser.step()
            schedule.step()
    layers.eval()
