"""The bundle: encoder, first stage, fusion and calibrator of one version in one folder that checks itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import file_digest
from pathlib import Path

from model.scorer import FIRST_STAGE, Scorer

DESCRIPTION = "bundle.json"
ENCODER = "encoder"
RESPONSES = "responses"
FORMAT = 3  # of the files in a bundle; one more with every change after which an older bundle cannot be read


@dataclass(frozen=True)
class Description:
    """The description of a bundle; `target` says in words what its probability is of.

    calibrated_on: first and last day of the responses of each period that the calibrator was fitted on, as ISO dates
    limits: what a short history or the gate took away from the model, in sentences
    """

    as_of: str
    encoder_version: str
    encoder_as_of: str
    first_stage_version: str
    target: str
    configuration: str
    inputs: dict[str, list[str]]
    metrics: dict[str, float]
    calibrated_on: list[list[str]] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bundle:
    """A folder with encoder/, first_stage/, fusion/, calibrator.json and bundle.json; all but the encoder is loaded.

    further: by response, the models of other responses than the target's, of responses/<name> in the folder
    """

    folder: Path
    description: Description
    scorer: Scorer
    further: Mapping[str, Scorer] = field(default_factory=dict)

    @property
    def encoder_folder(self) -> Path:
        """The folder of its encoder."""
        return self.folder / ENCODER

    @classmethod
    def write(
        cls,
        folder: Path,
        description: Description,
        *,
        encoder_folder: Path,
        scorer: Scorer,
        further: Mapping[str, Scorer] | None = None,
    ) -> Bundle:
        """Puts the parts into an empty folder, with the SHA-256 of every file, and loads them back."""
        folder.mkdir(parents=True)
        shutil.copytree(encoder_folder, folder / ENCODER)
        scorer.save(folder)
        for response, other in (further or {}).items():
            (folder / RESPONSES / response).mkdir(parents=True)
            other.save_second_stage(folder / RESPONSES / response)
        content = {**asdict(description), "format": FORMAT, "digests": digests_of(folder)}
        (folder / DESCRIPTION).write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")
        return cls.load(folder)

    @classmethod
    def load(cls, folder: Path) -> Bundle:
        """Loads a bundle.

        Raises ValueError when a file is missing, changed or superfluous, naming all such files, when the parts are not
        of one training, and when the format is another.
        """
        path = folder / DESCRIPTION
        if not path.is_file():
            raise ValueError(
                f"{folder} is not a bundle: it has no {DESCRIPTION}. Give the folder of a registered version."
            )
        content = json.loads(path.read_text(encoding="utf-8"))
        written = content.pop("format", None)
        if written != FORMAT:
            raise ValueError(
                f"{folder} is a bundle of format {written}, this version reads format {FORMAT}. Train a new model "
                "with this version, or score with the version that trained it."
            )
        description = Description(**content)
        _check(folder, description.digests)
        scorer = Scorer.load(folder)
        if scorer.first_stage.version != description.first_stage_version:
            raise ValueError(f"{folder / FIRST_STAGE} is not the first stage of this bundle. Copy the bundle again.")
        further = {
            part.name: Scorer.load_second_stage(part, scorer.first_stage)
            for part in sorted((folder / RESPONSES).glob("*"))
        }
        return cls(folder, description, scorer, further)


def digests_of(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below the folder but the description, by path with forward slashes."""
    digests = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path != folder / DESCRIPTION:
            with path.open("rb") as stream:
                digests[path.relative_to(folder).as_posix()] = file_digest(stream, "sha256").hexdigest()
    return digests


def _check(folder: Path, expected: Mapping[str, str]) -> None:
    actual = digests_of(folder)
    wrong = sorted(name for name in actual.keys() | expected.keys() if actual.get(name) != expected.get(name))
    if wrong:
        raise ValueError(f"{folder}: {', '.join(wrong)} is not what was registered. Copy the bundle again.")
