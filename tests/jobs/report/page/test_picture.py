"""The picture of the newest page."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from jobs.report.page import picture
from jobs.report.page.rendering import rendered
from jobs.runtime.errors import LongtailError
from jobs.runtime.storage import storage_of
from tests.jobs.report.browser import BROWSER
from tests.jobs.report.page.test_rendering import page


def test_the_newest_night_that_was_not_stopped(tmp_path: Path) -> None:
    reports, files = tmp_path / "reports", storage_of(str(tmp_path))
    reports.mkdir()
    with pytest.raises(LongtailError, match="no page of a night"):
        picture.newest_page(files)
    for name in ("2017-12-01.html", "2017-12-02.html", "2017-12-03-stopped.html"):
        (reports / name).touch()
    assert picture.newest_page(files) == "reports/2017-12-02.html"


def test_a_missing_browser_is_named_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "BROWSER", "no-such-browser")
    with pytest.raises(LongtailError, match=r"no-such-browser is missing. .*apt-get install chromium"):
        picture.take_picture(tmp_path / "page.html", tmp_path / "page.png")


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="there is no chromium (Debian: apt-get install chromium)")
def test_the_first_screen_is_a_png_of_laptop_width(tmp_path: Path) -> None:
    place, png = tmp_path / "page.html", tmp_path / "page.png"
    place.write_text(rendered(page()), encoding="utf-8")
    picture.take_picture(place, png)
    data = png.read_bytes()
    assert data.startswith(b"\x89PNG")
    assert struct.unpack(">II", data[16:24]) == (picture.WIDTH, picture.HEIGHT)


def test_the_picture_of_the_readme_is_small() -> None:
    assert picture.PICTURE.stat().st_size < 200_000
