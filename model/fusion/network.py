"""The network: history and profile tokens once a shopper, cross-attention of the candidates, a linear skip."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

GAP_BUCKETS = 12


@dataclass(frozen=True)
class FusionShape:
    """Sizes of the network; `terms` are the inputs of the linear skip, `item_features` those that describe the item."""

    text_dimension: int
    item_features: int
    user_features: int
    terms: int
    event_types: int
    width: int
    heads: int
    layers: int
    dropout: float


class FusionNetwork(nn.Module):
    """logit(user, candidate) = bias + skip · terms + head(candidate, attended, candidate * attended, free terms).

    The tokens carry no collaborative factors: their basis rotates from one period to the next, while their inner
    product, the channel's score, keeps its meaning and enters by the skip. The head's last layer starts at zero, so
    training starts from the linear model that the skip holds.
    """

    def __init__(self, shape: FusionShape) -> None:
        super().__init__()
        width = shape.width
        self.text = nn.Linear(shape.text_dimension, width, bias=False)
        nn.init.orthogonal_(self.text.weight, gain=(shape.text_dimension / width) ** 0.5)
        self.without_text = nn.Parameter(torch.zeros(width))
        self.gap = nn.Embedding(GAP_BUCKETS, width)
        self.event_type = nn.Embedding(shape.event_types + 1, width)
        self.profile = nn.Linear(shape.user_features, width)
        self.item = nn.Linear(shape.item_features, width)
        layer = nn.TransformerEncoderLayer(
            width, shape.heads, 2 * width, shape.dropout, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, shape.layers, nn.LayerNorm(width), enable_nested_tensor=False)
        self.query_norm = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, shape.heads, batch_first=True)
        last = nn.Linear(width, 1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.head = nn.Sequential(nn.Linear(3 * width + shape.terms, width), nn.GELU(), nn.Dropout(shape.dropout), last)
        self.skip = nn.Parameter(torch.zeros(shape.terms))
        self.bias = nn.Parameter(torch.zeros(1))
        for embedding in (self.gap, self.event_type):
            nn.init.normal_(embedding.weight, std=0.02)

    def project(self, text: Tensor) -> Tensor:
        """[t, d] text embeddings to [t, width]; shared by all shoppers."""
        return self.text(text)

    def tokens(self, text: Tensor, has_text: Tensor, days_ago: Tensor, event_types: Tensor, user: Tensor) -> Tensor:
        """[B, 1 + L, width]: the profile token, then one token an event, from projected texts [B, L, width]."""
        gap = torch.log2(1.0 + days_ago.clamp(min=0.0)).long().clamp(max=GAP_BUCKETS - 1)
        events = self.described(text, has_text) + self.gap(gap) + self.event_type(event_types)
        return torch.cat([self.profile(user)[:, None, :], events], dim=1)

    def described(self, text: Tensor, has_text: Tensor) -> Tensor:
        """Projected text, or a learned vector where an item has none."""
        return torch.where(has_text[..., None], text, self.without_text)

    def users(self, tokens: Tensor, padded: Tensor) -> Tensor:
        """[B, 1 + L, width]: the shopper's side, computed once and shared by the candidates."""
        return self.encoder(tokens, src_key_padding_mask=padded)

    def query(self, candidates: Tensor, items: Tensor) -> Tensor:
        """[B, C, width]: what the candidates ask the shopper's side for."""
        return self.query_norm(candidates + self.item(items))

    def attention_weights(self, users: Tensor, padded: Tensor, candidates: Tensor, items: Tensor) -> Tensor:
        """[B, C, 1 + L]: how much each candidate reads of the profile and of each event, the mean over the heads."""
        _, weights = self.attention(self.query(candidates, items), users, users, key_padding_mask=padded)
        return weights

    def forward(
        self, users: Tensor, padded: Tensor, candidates: Tensor, items: Tensor, terms: Tensor, free_terms: Tensor
    ) -> Tensor:
        """[B, C] logits of candidates [B, C, width] with item features [B, C, Fi] and terms [B, C, terms].

        free_terms: the terms as the head reads them, of the same shape
        """
        query = self.query(candidates, items)
        attended, _ = self.attention(query, users, users, key_padding_mask=padded, need_weights=False)
        mixed = self.head(torch.cat([query, attended, query * attended, free_terms], dim=-1))[..., 0]
        return self.bias + terms @ self.skip + mixed
