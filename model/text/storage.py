"""An encoder on disk: safetensors, the tokenizer's files, and encoder.json with their digests."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from model.text.loading import quiet_transformers
from model.text.settings import EncoderSettings

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DESCRIPTION = "encoder.json"


@dataclass(frozen=True)
class Description:
    """What encoder.json holds; `files` maps the name of every other file of the folder to its SHA-256."""

    version: str
    dimension: int
    settings: dict[str, Any]
    files: dict[str, str]


def digest_of(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, settings: EncoderSettings) -> str:
    """SHA-256 in hexadecimal of the weights, the vocabulary and the settings: of all that a vector depends on."""
    digest = sha256(json.dumps(asdict(settings), sort_keys=True).encode())
    digest.update(json.dumps(sorted(tokenizer.get_vocab().items())).encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def write(
    folder: Path,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    settings: EncoderSettings,
    version: str,
    dimension: int,
) -> None:
    """Writes all files, encoder.json last, so that a folder with it is complete."""
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder} holds files already. Give an empty folder for the encoder.")
    folder.mkdir(parents=True, exist_ok=True)
    with quiet_transformers():
        model.save_pretrained(str(folder))
        tokenizer.save_pretrained(str(folder))
    description = Description(version, dimension, asdict(settings), _digests(folder))
    (folder / DESCRIPTION).write_text(json.dumps(asdict(description), indent=2, sort_keys=True), encoding="utf-8")


def read_description(folder: Path) -> Description:
    """Reads encoder.json and checks the folder against it. Raises ValueError naming the files that differ."""
    place = folder / DESCRIPTION
    try:
        description = Description(**json.loads(place.read_text(encoding="utf-8")))
    except OSError as error:
        raise ValueError(f"{place} cannot be read ({error.strerror}). Give the folder of a saved encoder.") from error
    except (TypeError, ValueError) as error:
        raise ValueError(f"{place} is not the description of a saved encoder. Copy the folder again.") from error
    actual = _digests(folder)
    names = actual.keys() | description.files.keys()
    differing = sorted(name for name in names if actual.get(name) != description.files.get(name))
    if differing:
        raise ValueError(
            f"{folder} was changed since it was saved: {', '.join(differing)}. Copy the folder again, or train a new "
            "encoder."
        )
    return description


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != DESCRIPTION)
    return {path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files}
