"""Pages in the system's Chromium: they fit a phone and a laptop, and the console stays silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.report.page.rendering import rendered
from tests.jobs.report.browser import BROWSER, look_at
from tests.jobs.report.page.test_rendering import page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="there is no chromium (Debian: apt-get install chromium)"),
]


@pytest.mark.parametrize("width", [390, 1280])
def test_a_page_of_every_block_fits(width: int, tmp_path: Path) -> None:
    place = tmp_path / "page.html"
    place.write_text(rendered(page()), encoding="utf-8")
    seen = look_at(place, width, tmp_path)
    assert seen.content_width <= seen.frame_width == width
    assert seen.console == []
    assert seen.picture.stat().st_size > 5000


def test_the_browser_reports_what_is_wrong_with_a_page(tmp_path: Path) -> None:
    place = tmp_path / "wrong.html"
    place.write_text("<div style='width:900px'>wide</div><script>console.error('broken')</script>", encoding="utf-8")
    seen = look_at(place, 390, tmp_path)
    assert seen.content_width > seen.frame_width
    assert any("broken" in line for line in seen.console)
