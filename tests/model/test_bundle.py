from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.bundle import FORMAT, Bundle, Description
from model.scorer import Scorer
from tests.model.fusion.toy import toy_period, toy_scorer

DESCRIPTION = Description(
    as_of="2017-12-01", encoder_version="e1", encoder_as_of="2017-12-01", first_stage_version="toy",
    target="a purchase within 28 days",
    configuration="abc", inputs={"channels": ["als"]}, metrics={"recall": 0.1},
)  # fmt: skip


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return toy_scorer()


def _written(folder: Path, scorer: Scorer) -> Path:
    encoder = folder / "given"
    encoder.mkdir()
    (encoder / "weights").write_bytes(b"123")
    return Bundle.write(folder / "bundle", DESCRIPTION, encoder_folder=encoder, scorer=scorer).folder


def test_a_loaded_bundle_scores_as_the_trained_one(scorer: Scorer, tmp_path: Path) -> None:
    bundle = Bundle.load(_written(tmp_path, scorer))
    period = toy_period(seed=4)
    before = scorer.relevance(period.block, scorer.ranker.encode_items(period.items))
    after = bundle.scorer.relevance(period.block, bundle.scorer.ranker.encode_items(period.items))
    np.testing.assert_array_equal(before, after)
    assert (bundle.encoder_folder / "weights").read_bytes() == b"123"
    assert replace(bundle.description, digests={}) == DESCRIPTION


def test_models_of_further_responses_share_the_first_stage(scorer: Scorer, tmp_path: Path) -> None:
    (tmp_path / "given").mkdir()
    other = replace(scorer, calibrator=replace(scorer.calibrator, intercept=scorer.calibrator.intercept + 1.0))
    written = Bundle.write(
        tmp_path / "bundle", DESCRIPTION, encoder_folder=tmp_path / "given", scorer=scorer, further={"click": other}
    )
    loaded = Bundle.load(written.folder)
    assert loaded.further.keys() == {"click"}
    assert loaded.further["click"].first_stage is loaded.scorer.first_stage
    period = toy_period(seed=4)
    np.testing.assert_array_equal(
        loaded.further["click"].relevance(period.block, scorer.ranker.encode_items(period.items)),
        other.relevance(period.block, scorer.ranker.encode_items(period.items)),
    )
    assert Bundle.load(_written(_folder(tmp_path / "alone"), scorer)).further == {}


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_changed_missing_and_foreign_files_are_named(scorer: Scorer, tmp_path: Path) -> None:
    folder = _written(tmp_path, scorer)
    (folder / "encoder" / "weights").write_bytes(b"124")
    (folder / "calibrator.json").unlink()
    (folder / "more").write_text("x")
    with pytest.raises(ValueError, match=r"calibrator\.json, encoder/weights, more is not what was registered"):
        Bundle.load(folder)


def test_a_folder_that_is_not_a_bundle(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not a bundle"):
        Bundle.load(tmp_path)


def test_a_bundle_of_another_format_is_refused(scorer: Scorer, tmp_path: Path) -> None:
    path = _written(tmp_path, scorer) / "bundle.json"
    path.write_text(path.read_text().replace(f'"format": {FORMAT}', '"format": 1'))
    with pytest.raises(ValueError, match=r"format 1, this version reads format 3\. Train a new"):
        Bundle.load(path.parent)


def test_reasons_name_the_strongest_positive_terms(scorer: Scorer) -> None:
    period = toy_period(seed=4)
    items = scorer.ranker.encode_items(period.items)
    reasons = scorer.reasons(period.block, items)
    assert reasons.shape == (48, 10, 3)
    terms = scorer.ranker.inputs.terms
    best = np.argmax(np.where(period.block.listed, period.block.channel_scores[..., 0], -9), axis=1)
    # als alone makes the first stage, so what has the most of it has it as its first reason.
    assert terms[reasons[5, best[5], 0]] == "als"
    assert (reasons[1, 7:] == -1).all()  # no candidate, no reason
