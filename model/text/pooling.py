"""From the states of tokens to one unit vector a text."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import normalize


def mean_pooled(states: Tensor, mask: Tensor) -> Tensor:
    """[n, d] float32 unit vectors: the mean of the states [n, t, d] of the tokens that the mask [n, t] holds.

    It is the pooling of the sentence-transformers family (Reimers and Gurevych 2019, arXiv:1908.10084). The sums are
    float32, whatever the dtype of the states.
    """
    weights = mask.unsqueeze(-1).float()
    mean = (states.float() * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0)
    return normalize(mean, dim=1)
