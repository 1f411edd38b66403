"""The encoder: texts of items and shoppers to unit vectors, under one version."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from model.text import storage
from model.text.device import resolve_device, torch_threads
from model.text.dtype import DTYPES, choose_dtype
from model.text.loading import base_name, load_pretrained
from model.text.pooling import mean_pooled
from model.text.settings import EncoderSettings
from model.text.tokens import batches_by_length, padded, tokenized, tokens_read

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Report = Callable[[int, int], None]  # called with the number that is done and the number of all
ITEM_PREFIX, USER_PREFIX, QUERY_PREFIX = "item: ", "user: ", "query: "
# Texts whose tokens are in memory together, sorted by length.
_TEXTS_AT_ONCE = 65_536


class Encoder:
    """One BERT for all texts; a prefix says whether a text is of an item or of a shopper, or a query.

    `model` is float32 on `device`. `version` is "<base>-<as_of>-<8 hex digits of weights and settings>".
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        settings: EncoderSettings,
        device: torch.device,
    ) -> None:
        least, most = tokenizer.num_special_tokens_to_add() + 1, tokens_read(model, tokenizer)
        for key in ("max_item_tokens", "max_user_tokens"):
            if not least <= getattr(settings, key) <= most:
                raise ValueError(
                    f"encoder.{key} is {getattr(settings, key)}, but {settings.base} reads {least} to {most} tokens. "
                    "Change it."
                )
        self.model, self.tokenizer = model.to(device).eval(), tokenizer
        self.settings, self.device = settings, device

    @classmethod
    def from_pretrained(
        cls,
        source: str,
        *,
        as_of: str,
        cut: str,
        max_item_tokens: int,
        max_user_tokens: int,
        device: str = "auto",
        dtype: str = "auto",
        threads: int | None = None,
    ) -> Encoder:
        """A pretrained encoder; `source` as in `load_pretrained`. Measures the dtype when it is `auto`."""
        place = resolve_device(device)
        model, tokenizer = load_pretrained(source)
        model = model.to(place)
        with torch_threads(threads):
            chosen = choose_dtype(model, dtype, place, min(max_item_tokens, tokens_read(model, tokenizer)))
        settings = EncoderSettings(base_name(source), as_of, cut, chosen, max_item_tokens, max_user_tokens)
        return cls(model, tokenizer, settings, place)

    @classmethod
    def load(cls, folder: Path, device: str = "auto") -> Encoder:
        """An encoder that `save` wrote. Raises ValueError naming the file that is missing or changed."""
        place = resolve_device(device)
        description = storage.read_description(folder)
        model, tokenizer = load_pretrained(str(folder))
        encoder = cls(model, tokenizer, EncoderSettings(**description.settings), place)
        if encoder.version != description.version:
            raise ValueError(
                f"{folder} is described as {description.version}, but its weights and settings are those of "
                f"{encoder.version}. Copy the folder again."
            )
        return encoder

    def save(self, folder: Path) -> None:
        """Writes safetensors, tokenizer and encoder.json. Raises ValueError when the folder holds files already."""
        storage.write(folder, self.model, self.tokenizer, self.settings, self.version, self.dimension)

    @cached_property
    def version(self) -> str:
        """Base, date and the start of the digest of weights, tokenizer and settings."""
        digest = storage.digest_of(self.model, self.tokenizer, self.settings)
        return f"{self.settings.base}-{self.settings.as_of}-{digest[:8]}"

    @property
    def dimension(self) -> int:
        """Length of an embedding."""
        return int(self.model.config.hidden_size)

    @property
    def dtype(self) -> str:
        """The number format of its computations: float32 or bfloat16."""
        return self.settings.dtype

    def encode_items(
        self, texts: Sequence[str], batch_size: int, *, threads: int | None = None, progress: Report | None = None
    ) -> np.ndarray:
        """[n, d] float32 unit vectors of item texts; see `encode`."""
        return self.encode(
            [ITEM_PREFIX + text for text in texts], self.settings.max_item_tokens, batch_size, threads, progress
        )

    def encode_users(
        self, texts: Sequence[str], batch_size: int, *, threads: int | None = None, progress: Report | None = None
    ) -> np.ndarray:
        """[n, d] float32 unit vectors of shoppers' texts; see `encode`."""
        return self.encode(
            [USER_PREFIX + text for text in texts], self.settings.max_user_tokens, batch_size, threads, progress
        )

    def encode_queries(self, texts: Sequence[str], batch_size: int, *, threads: int | None = None) -> np.ndarray:
        """[n, d] float32 unit vectors of queries, to be compared with those of items; see `encode`."""
        return self.encode([QUERY_PREFIX + text for text in texts], self.settings.max_item_tokens, batch_size, threads)

    def encode(
        self,
        texts: Sequence[str],
        max_tokens: int,
        batch_size: int,
        threads: int | None = None,
        progress: Report | None = None,
    ) -> np.ndarray:
        """[n, d] float32 unit vectors of texts as they stand, in their order; each distinct text is computed once.

        `threads` of torch on CPU, None for as many as it uses now; `progress` is called with the number of distinct
        texts that are done and of all.
        Raises ValueError when a vector has a number that is not finite.
        """
        distinct = list(dict.fromkeys(texts))
        vectors = np.empty((len(distinct), self.dimension), dtype=np.float32)
        done = 0
        with torch_threads(threads), torch.inference_mode():
            for start in range(0, len(distinct), _TEXTS_AT_ONCE):
                chosen = vectors[start : start + _TEXTS_AT_ONCE]
                tokens = tokenized(self.tokenizer, distinct[start : start + _TEXTS_AT_ONCE], max_tokens)
                batches = list(batches_by_length(tokens.lengths, batch_size))
                parts = []
                for rows in batches:
                    parts.append(self._vectors(padded(self.tokenizer, tokens, rows)))
                    done += len(rows)
                    if progress is not None:
                        progress(done, len(distinct))
                # Copied to the CPU once: a copy after each batch would let a GPU wait.
                chosen[np.concatenate(batches)] = torch.cat(parts).cpu().numpy()
        if not np.isfinite(vectors).all():
            raise ValueError(
                f"The encoder {self.version} returned a vector that is not finite. Set encoder.dtype to float32."
            )
        place = {text: row for row, text in enumerate(distinct)}
        return vectors[[place[text] for text in texts]]

    def _vectors(self, batch: dict[str, Tensor]) -> Tensor:
        return embedded(self._reader, {name: values.to(self.device) for name, values in batch.items()})

    @cached_property
    def _reader(self) -> PreTrainedModel:
        """The model in the dtype of its computations; its weights stay in float32, so that saving loses nothing."""
        return self.model if self.dtype == "float32" else copy.deepcopy(self.model).to(DTYPES[self.dtype])


def embedded(model: PreTrainedModel, batch: dict[str, Tensor]) -> Tensor:
    """[n, d] float32 unit vectors of a padded batch."""
    return mean_pooled(model(**batch).last_hidden_state, batch["attention_mask"])
