"""A draft on disk: complete or absent."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from jobs.registry import drafts
from jobs.registry.drafts import Draft, draft_name, keep_first_stage, read_draft, write_draft
from jobs.runtime.errors import LongtailError
from jobs.runtime.storage import Storage, storage_of

NIGHT, OLDER = date(2017, 12, 1), date(2017, 11, 3)
CUTS = (date(2017, 8, 11), date(2017, 11, 3))


def encoder_into(folder: Path) -> tuple[str, date]:
    folder.mkdir()
    (folder / "weights").write_text("w")
    return "bert-2017-11-03-0a1b2c3d", OLDER


def opened(place: Path) -> Draft:
    return write_draft(
        storage_of(str(place)), place, NIGHT, encoder_into,
        horizon_days=28, cuts=CUTS, conf_hash="c0ffee", limits=("60 days.",),
    )  # fmt: skip


def test_what_was_written_is_read(tmp_path: Path) -> None:
    draft = opened(tmp_path)
    assert draft.folder == tmp_path / draft_name(NIGHT) == tmp_path / "drafts/2017-12-01"
    assert read_draft(storage_of(str(tmp_path)), tmp_path, NIGHT) == draft
    assert (draft.encoder_version, draft.encoder_as_of) == ("bert-2017-11-03-0a1b2c3d", OLDER)
    assert (draft.horizon_days, draft.cuts, draft.conf_hash, draft.limits) == (28, CUTS, "c0ffee", ("60 days.",))
    assert (draft.encoder_folder / "weights").read_text() == "w"
    assert draft.first_stage_folder == draft.folder / "first_stage"
    assert json.loads((draft.folder / "draft.json").read_text())["cuts"] == ["2017-08-11", "2017-11-03"]


def test_no_draft_of_another_date(tmp_path: Path) -> None:
    opened(tmp_path)
    assert read_draft(storage_of(str(tmp_path)), tmp_path, OLDER) is None


def test_a_new_draft_replaces_the_old_one_with_all_its_parts(tmp_path: Path) -> None:
    opened(tmp_path).first_stage_folder.mkdir()
    assert not opened(tmp_path).first_stage_folder.exists()


def test_a_run_that_dies_leaves_no_draft(tmp_path: Path) -> None:
    opened(tmp_path)

    def dies(folder: Path) -> tuple[str, date]:
        encoder_into(folder)
        raise ValueError("the loss is nan")

    with pytest.raises(ValueError, match="nan"):
        write_draft(storage_of(str(tmp_path)), tmp_path, NIGHT, dies, horizon_days=28, cuts=CUTS, conf_hash="c0ffee")
    assert read_draft(storage_of(str(tmp_path)), tmp_path, NIGHT) is None


@pytest.mark.parametrize("content", ["{", "{}", "[]", '{"encoder_version": 1}'])
def test_a_description_that_cannot_be_read_is_an_error(tmp_path: Path, content: str) -> None:
    draft = opened(tmp_path)
    (draft.folder / "draft.json").write_text(content)
    with pytest.raises(LongtailError, match="does not describe a draft") as caught:
        read_draft(storage_of(str(tmp_path)), tmp_path, NIGHT)
    assert "run jobs/fine_tune.py for 2017-12-01 again" in caught.value.remedy


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storage:
    """A warehouse that drafts do not lie in, as one in an object store."""
    monkeypatch.setattr(drafts, "LocalStorage", type("NoStorage", (), {}))
    return storage_of(str(tmp_path / "warehouse"))


def write(files: Storage, scratch: Path) -> Draft:
    return write_draft(files, scratch, NIGHT, encoder_into, horizon_days=28, cuts=CUTS, conf_hash="c0ffee")


def test_a_new_driver_reads_a_remote_draft_with_its_first_stage(remote: Storage, tmp_path: Path) -> None:
    draft = write(remote, tmp_path / "first")
    assert draft.folder == tmp_path / "first/drafts/2017-12-01"
    copied = read_draft(remote, tmp_path / "second", NIGHT)
    assert copied is not None
    assert (copied.encoder_folder / "weights").read_text() == "w"
    assert not copied.first_stage_folder.exists()
    copied.first_stage_folder.mkdir()
    (copied.first_stage_folder / "first_stage.json").write_text("{}")
    keep_first_stage(remote, copied)
    later = read_draft(remote, tmp_path / "third", NIGHT)
    assert later is not None
    assert (later.first_stage_folder / "first_stage.json").read_text() == "{}"
    assert not (write(remote, tmp_path / "third").first_stage_folder).exists()
    assert not read_draft(remote, tmp_path / "fourth", NIGHT).first_stage_folder.exists()  # type: ignore[union-attr]


def test_a_remote_draft_is_copied_once_a_run_and_replaced_by_a_newer_one(remote: Storage, tmp_path: Path) -> None:
    write(remote, tmp_path / "first")
    copied = read_draft(remote, tmp_path / "second", NIGHT)
    assert copied is not None
    (copied.folder / "mark").touch()
    assert read_draft(remote, tmp_path / "second", NIGHT) == copied
    assert (copied.folder / "mark").exists()
    write_draft(remote, tmp_path / "first", NIGHT, encoder_into, horizon_days=28, cuts=CUTS, conf_hash="beef")
    newer = read_draft(remote, tmp_path / "second", NIGHT)
    assert newer is not None
    assert newer.conf_hash == "beef"
    assert not (copied.folder / "mark").exists()


def test_a_first_stage_that_was_uploaded_in_part_is_trained_again(remote: Storage, tmp_path: Path) -> None:
    write(remote, tmp_path / "first")
    remote.write("drafts/2017-12-01/first_stage/first_stage.json", "{}")
    copied = read_draft(remote, tmp_path / "second", NIGHT)
    assert copied is not None
    assert not copied.first_stage_folder.exists()
