"""The sources of a vision model: an installed package, a local folder, the Hugging Face hub."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from model.hub import first_line, from_hub
from model.images import efficientnet_lite
from model.text.loading import quiet_transformers, source_folder

if TYPE_CHECKING:
    from PIL.Image import Image

KEY = "images.model"  # of the configuration, for messages


@dataclass(frozen=True)
class VisionModel:
    """A vision model in evaluation mode on the CPU.

    network: pixels to features [n, d]
    pixels: pictures to the network's input [n, 3, height, width]
    write: saves what `load_vision_model` loads from a folder
    """

    network: nn.Module
    pixels: Callable[[Sequence[Image]], Tensor]
    write: Callable[[Path], object]


def load_vision_model(source: str) -> VisionModel:
    """The model of "package:NAME/FOLDER", a folder or a hub id.

    A folder holds the weights of EfficientNet-Lite0, or model and image processor as save_pretrained writes them. Those
    are read from safetensors only. Raises ValueError with the remedy when the source cannot be had or is no vision
    model.
    """
    folder = source_folder(source, KEY)
    if folder is None:
        return from_hub(source, _of_transformers, "vision model", KEY)
    weights = sorted(folder.glob(efficientnet_lite.WEIGHTS))
    if weights:
        network = efficientnet_lite.load_efficientnet(weights[0])
        return VisionModel(network, _padded_squares, lambda place: _copy(weights[0], place))
    for name in ("config.json", "preprocessor_config.json"):
        if not (folder / name).is_file():
            raise ValueError(
                f"The vision model {source!r} has no {name}. Save model and image processor together with "
                "save_pretrained."
            )
    try:
        return _of_transformers(str(folder), local=True)
    except Exception as error:  # broken files fail in as many ways as there are parsers
        raise ValueError(
            f"The vision model {source!r} cannot be read ({first_line(error)}). Get its files again; they must be "
            "those of a Hugging Face AutoModel with an AutoImageProcessor."
        ) from error


def _of_transformers(place: str, local: bool) -> VisionModel:
    from transformers import AutoImageProcessor, AutoModel

    with quiet_transformers():
        processor = AutoImageProcessor.from_pretrained(place, local_files_only=local)
        model = AutoModel.from_pretrained(place, local_files_only=local, use_safetensors=True, dtype=torch.float32)

    def pixels(pictures: Sequence[Image]) -> Tensor:
        return processor(list(pictures), return_tensors="pt")["pixel_values"]

    def write(folder: Path) -> None:
        with quiet_transformers():
            model.save_pretrained(str(folder))
            processor.save_pretrained(str(folder))

    return VisionModel(_Features(model).eval(), pixels, write)


class _Features(nn.Module):
    """The image side of a model of texts and pictures, or the mean over all places of the last layer.

    Not the pooled output: many published models lack the weights of that layer, which would then be random.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor) -> Tensor:
        if hasattr(self.model, "get_image_features"):
            features = self.model.get_image_features(pixel_values=pixels)
            return features if isinstance(features, Tensor) else features.pooler_output
        last = self.model(pixel_values=pixels).last_hidden_state
        return last.mean(dim=1) if last.dim() == 3 else last.flatten(2).mean(dim=2)


def _padded_squares(pictures: Sequence[Image]) -> Tensor:
    """[n, 3, 224, 224]: each picture in the middle of a white square, as the weights' training scaled its values."""
    from PIL import ImageOps

    side = efficientnet_lite.SIDE
    squares = np.stack([np.asarray(ImageOps.pad(picture, (side, side), color="white")) for picture in pictures])
    pixels = torch.from_numpy(squares).permute(0, 3, 1, 2).float()  # channels last in memory
    return (pixels - efficientnet_lite.MEAN) / efficientnet_lite.SPREAD


def _copy(weights: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(weights, folder / weights.name)
