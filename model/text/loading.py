"""The sources of an encoder: an installed package, a local folder, the Hugging Face hub."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from model.hub import first_line, from_hub

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PACKAGE = "package:"
_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
# One of these holds the vocabulary; without any, transformers silently returns a tokenizer that knows no word.
_VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model", "spm.model")


def load_pretrained(source: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The model, float32 and in evaluation mode, and the tokenizer of "package:NAME/FOLDER", a folder or a hub id.

    Weights are read from safetensors only, never from a pickle. Raises ValueError with the remedy when the package is
    not installed, the folder misses a part, the hub cannot be reached, or the files are not an encoder.
    """
    folder = source_folder(source)
    if folder is not None:
        return _from_folder(folder, source)
    return from_hub(source, _load, "encoder", "encoder.model")


def base_name(source: str) -> str:
    """The name of a source that its versions carry: of the package, the folder, or the model on the hub."""
    if source.startswith(PACKAGE):
        name = source.removeprefix(PACKAGE).partition("/")[0]
    else:
        name = Path(source).expanduser().resolve().name if source_folder(source) else source.rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9._]+", "_", name).strip("_") or "encoder"


def source_folder(source: str, key: str = "encoder.model") -> Path | None:
    """The local folder of a source, None for a hub id. Raises ValueError, naming the key to set, when there is none."""
    if source.startswith(PACKAGE):
        return package_folder(source, key)
    folder = Path(source).expanduser()
    if source and folder.is_dir():
        return folder
    if source.startswith(("/", ".", "~")) or not _HUB_ID.fullmatch(source):
        raise ValueError(
            f"There is no encoder in {source!r}: the folder does not exist. Set {key} to package:NAME/FOLDER, an "
            "existing folder or a Hugging Face hub id."
        )
    return None


def package_folder(source: str, key: str = "encoder.model") -> Path:
    """The folder of "package:NAME/FOLDER". Raises ValueError when it is not installed or has no such folder."""
    name, _, inside = source.removeprefix(PACKAGE).partition("/")
    spec = find_spec(name) if name.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(
            f"The package {name!r} of the encoder {source!r} is not installed. Install it, or set {key} to a folder or "
            "a Hugging Face hub id."
        )
    folder = Path(next(iter(spec.submodule_search_locations))) / inside
    if not folder.is_dir():
        raise ValueError(f"The package {name!r} has no folder {inside!r}. Correct {key}, now {source!r}.")
    return folder


def _from_folder(folder: Path, source: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    for part, is_there in (
        ("config.json", (folder / "config.json").is_file()),
        ("weights in safetensors", any(folder.glob("*.safetensors"))),
        ("tokenizer (tokenizer.json or a vocabulary)", any((folder / name).is_file() for name in _VOCABULARIES)),
    ):
        if not is_there:
            raise ValueError(
                f"The encoder {source!r} has no {part}. Save model and tokenizer together with save_pretrained."
            )
    try:
        return _load(str(folder), local=True)
    except Exception as error:  # broken files fail in as many ways as there are parsers
        raise ValueError(
            f"The encoder {source!r} cannot be read ({first_line(error)}). Get its files again; they must be those of "
            "a Hugging Face AutoModel."
        ) from error


def _load(place: str, local: bool) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    import torch
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    with quiet_transformers():
        AutoConfig.from_pretrained(
            place, local_files_only=local
        )  # the small file fails first, if the name or the network does
        tokenizer = AutoTokenizer.from_pretrained(place, local_files_only=local)
        model = AutoModel.from_pretrained(place, local_files_only=local, use_safetensors=True, dtype=torch.float32)
    return model.eval(), tokenizer


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keeps notes on unused weights, on repeated requests and bars of reading a file out of the night's log."""
    from huggingface_hub.utils import logging as hub_logging
    from transformers.utils import logging

    verbosity, hub_verbosity = logging.get_verbosity(), hub_logging.get_verbosity()
    bars = logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    hub_logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        hub_logging.set_verbosity(hub_verbosity)
        if bars:
            logging.enable_progress_bar()
