"""A registry restored from a back-up that is older than the online store."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from jobs.back_up import back_up
from jobs.config.configuration import Config
from jobs.online.colours import Colours
from jobs.online.registration import registered_colours
from jobs.online.store import open_store
from jobs.restore import restore
from jobs.roll_back import roll_back
from jobs.runtime.errors import LongtailError, Refused
from jobs.serving.client import StorefrontClient
from tests.jobs.online.frames import bring_frames_live, publish_frames
from tests.jobs.online.nights import config_in, reader_yaml


def colours_in(conf: Config) -> Colours:
    return registered_colours(open_store(conf))


def nights_held(conf: Config) -> dict[str, date]:
    return {colour: night.as_of for colour, night in colours_in(conf).held.items()}


def test_the_nights_of_a_restored_registry_are_in_doubt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    #             green   blue
    # backed up   1       2, live
    # then        3       4, live
    conf, copy = config_in(tmp_path), tmp_path / "copy"
    for night in (1, 2):
        publish_frames(conf, night)
    back_up(conf, "r", str(copy))
    for night in (3, 4):
        publish_frames(conf, night)
    reader_yaml(conf).unlink()
    capsys.readouterr()
    restore(conf, "r", str(copy))
    assert "may hold other nights than the restored registry names: run jobs/publish.py" in capsys.readouterr().out
    assert reader_yaml(conf).exists()

    restored = colours_in(conf)
    assert (restored.live, restored.in_doubt) == ("blue", True)
    assert nights_held(conf) == {"blue": date(2017, 12, 2)}
    # Readers may still hold the registry from before the restore.
    assert restored.flipped_at is not None
    assert restored.seconds_until_unread(restored.flipped_at, 1.0) == 2.0
    with pytest.raises(Refused, match="no other night to return to"):
        roll_back(conf, "r")

    bring_frames_live(conf, 5)
    # The restored registry's live night does not count as complete either: the next publish sends all values.
    assert nights_held(conf) == {"green": date(2017, 12, 5)}
    assert not colours_in(conf).in_doubt
    assert StorefrontClient(reader_yaml(conf), timeout_seconds=None).user_list("ann").as_of == date(2017, 12, 5)
    with pytest.raises(Refused, match="no other night to return to"):
        roll_back(conf, "r")


def test_a_damaged_registry_is_named_and_restored(tmp_path: Path) -> None:
    conf = config_in(tmp_path)
    publish_frames(conf, 1)
    back_up(conf, "r", str(tmp_path / "copy"))
    (Path(conf.warehouse) / "feast/registry.db").write_bytes(b"\xff cut")
    with pytest.raises(LongtailError, match=r"registry\.db is damaged\. Restore a back-up"):
        roll_back(conf, "r")
    restore(conf, "r", str(tmp_path / "copy"))
    assert nights_held(conf) == {"green": date(2017, 12, 1)}
