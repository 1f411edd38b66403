"""A draft on disk: complete or absent."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from jobs.registry.drafts import Draft, draft_folder, read_draft, write_draft
from jobs.runtime.errors import LongtailError

NIGHT, OLDER = date(2017, 12, 1), date(2017, 11, 3)
CUTS = (date(2017, 8, 11), date(2017, 11, 3))


def encoder_into(folder: Path) -> tuple[str, date]:
    folder.mkdir()
    (folder / "weights").write_text("w")
    return "bert-2017-11-03-0a1b2c3d", OLDER


def opened(place: Path) -> Draft:
    return write_draft(place, NIGHT, encoder_into, horizon_days=28, cuts=CUTS, conf_hash="c0ffee")


def test_what_was_written_is_read(tmp_path: Path) -> None:
    draft = opened(tmp_path)
    assert draft.folder == draft_folder(tmp_path, NIGHT) == tmp_path / "drafts/2017-12-01"
    assert read_draft(tmp_path, NIGHT) == draft
    assert (draft.encoder_version, draft.encoder_as_of) == ("bert-2017-11-03-0a1b2c3d", OLDER)
    assert (draft.horizon_days, draft.cuts, draft.conf_hash) == (28, CUTS, "c0ffee")
    assert (draft.encoder_folder / "weights").read_text() == "w"
    assert draft.first_stage_folder == draft.folder / "first_stage"
    assert json.loads((draft.folder / "draft.json").read_text())["cuts"] == ["2017-08-11", "2017-11-03"]


def test_no_draft_of_another_date(tmp_path: Path) -> None:
    opened(tmp_path)
    assert read_draft(tmp_path, OLDER) is None


def test_a_new_draft_replaces_the_old_one_with_all_its_parts(tmp_path: Path) -> None:
    opened(tmp_path).first_stage_folder.mkdir()
    assert not opened(tmp_path).first_stage_folder.exists()


def test_a_run_that_dies_leaves_no_draft(tmp_path: Path) -> None:
    opened(tmp_path)

    def dies(folder: Path) -> tuple[str, date]:
        encoder_into(folder)
        raise ValueError("the loss is nan")

    with pytest.raises(ValueError, match="nan"):
        write_draft(tmp_path, NIGHT, dies, horizon_days=28, cuts=CUTS, conf_hash="c0ffee")
    assert read_draft(tmp_path, NIGHT) is None


@pytest.mark.parametrize("content", ["{", "{}", "[]", '{"encoder_version": 1}'])
def test_a_description_that_cannot_be_read_is_an_error(tmp_path: Path, content: str) -> None:
    draft = opened(tmp_path)
    (draft.folder / "draft.json").write_text(content)
    with pytest.raises(LongtailError, match="does not describe a draft") as caught:
        read_draft(tmp_path, NIGHT)
    assert "run jobs/fine_tune.py for 2017-12-01 again" in caught.value.remedy
