"""Pictures to unit vectors, under one version."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from model.images.loading import VisionModel, load_vision_model
from model.text.device import resolve_device, torch_threads
from model.text.loading import base_name

if TYPE_CHECKING:
    from PIL.Image import Image

_METHOD = "1"  # to be raised with every change of how a picture becomes a vector
_PROJECTION_SEED = 0


class ImageEncoder:
    """A vision model on a device, and a fixed random projection to fewer dimensions where it has more than wanted.

    Such a projection keeps cosines up to about 1 / sqrt(dimension) (Johnson and Lindenstrauss 1984) and needs no fit,
    so that vectors of all nights compare.
    """

    def __init__(self, source: str, dimension: int, device: str = "cpu") -> None:
        """Raises ValueError when the model or the device cannot be had.

        source: as `load_vision_model` takes it
        dimension: most that a vector may have
        """
        self.device = resolve_device(device)
        self.source, self.most = source, dimension
        self.model: VisionModel = load_vision_model(source)
        self.model.network.to(self.device)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._projection.shape[1])

    @cached_property
    def version(self) -> str:
        """The source's name and the start of the digest of all that a vector depends on."""
        digest = sha256(f"{_METHOD} {self.dimension}".encode())
        digest.update(repr(_test_pattern(self).round(3).tolist()).encode())
        for name, tensor in sorted(self.model.network.state_dict().items()):
            digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
            digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
        return f"{base_name(self.source)}-{digest.hexdigest()[:8]}"

    def save(self, folder: Path) -> None:
        """Writes the model, so that the folder is a source."""
        self.model.write(folder)

    def encode(self, pictures: Sequence[Image], batch_size: int, threads: int | None = None) -> np.ndarray:
        """[n, d] float32 unit vectors in the order of the pictures, computed `batch_size` at once.

        threads: of torch on the CPU, None for as many as it uses now
        """
        if not pictures:
            return np.empty((0, self.dimension), dtype=np.float32)
        with torch_threads(threads):
            parts = [
                self._features(pictures[start : start + batch_size]) for start in range(0, len(pictures), batch_size)
            ]
        vectors = np.concatenate(parts) @ self._projection
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)

    def _features(self, pictures: Sequence[Image]) -> np.ndarray:
        with torch.inference_mode():
            return self.model.network(self.model.pixels(pictures).to(self.device)).float().cpu().numpy()

    @cached_property
    def _projection(self) -> np.ndarray:
        """[features, dimension] normal deviates; the identity where the model has few features."""
        from PIL import Image

        features = self._features([Image.new("RGB", (32, 32))]).shape[1]
        if features <= self.most:
            return np.eye(features, dtype=np.float32)
        return np.random.default_rng(_PROJECTION_SEED).normal(size=(features, self.most)).astype(np.float32)


def _test_pattern(encoder: ImageEncoder) -> np.ndarray:
    """What the model's preparation makes of a picture with edges in all directions: a few of its pixels."""
    from PIL import Image

    across = np.add.outer(np.arange(96), np.arange(64)) % 32 * 8
    picture = Image.fromarray(np.stack([across, across[::-1], across[:, ::-1]], axis=2).astype(np.uint8))
    return encoder.model.pixels([picture]).numpy()[..., ::37, ::37]
