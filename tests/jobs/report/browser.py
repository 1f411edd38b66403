"""A page in the system's Chromium: its width, the messages of its console, a picture."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from jobs.report.page import picture

BROWSER = shutil.which(picture.BROWSER)

# The page lies in a frame of the given width, since a window has a least width; the frame measures it from outside.
_FRAME = """<!DOCTYPE html><body style="margin:0">
<iframe id="page" src="{address}" style="border:0;width:{width}px;height:{height}px"></iframe>
<pre id="widths"></pre>
<script>
document.getElementById("page").addEventListener("load", event => {{
  const root = event.target.contentDocument.documentElement;
  document.getElementById("widths").textContent = "scroll " + root.scrollWidth + " of " + root.clientWidth;
}});
</script>"""


@dataclass(frozen=True)
class Seen:
    """What the browser shows: widths in CSS pixels, messages of the console, a picture."""

    content_width: int
    frame_width: int
    console: list[str]
    picture: Path


def look_at(page: Path, width: int, folder: Path, *, dark: bool = False, height: int = 1200) -> Seen:
    """Opens a local page at a width. Raises CalledProcessError or AssertionError when the browser fails."""
    frame = folder / f"frame-{width}.html"
    frame.write_text(_FRAME.format(address=page.absolute().as_uri(), width=width, height=height), encoding="utf-8")
    image = folder / f"{page.stem}-{width}{'-dark' if dark else ''}.png"
    dump = _run(frame, width, height, folder, "--dump-dom", dark=dark)
    _run(frame, width, height, folder, f"--screenshot={image}", dark=dark)
    widths = re.search(r"scroll (\d+) of (\d+)", dump.stdout)
    assert widths, f"the page did not load: {dump.stdout[-500:]} {dump.stderr[-500:]}"
    console = [line for line in dump.stderr.splitlines() if "CONSOLE" in line]
    return Seen(int(widths[1]), int(widths[2]), console, image)


def _run(
    frame: Path, width: int, height: int, folder: Path, *what: str, dark: bool
) -> subprocess.CompletedProcess[str]:
    assert BROWSER is not None
    command = [
        BROWSER, *picture.OPTIONS, "--allow-file-access-from-files", "--enable-logging=stderr",
        "--virtual-time-budget=5000",
        f"--user-data-dir={folder / 'profile'}", f"--window-size={max(width, 500)},{height}",
        f"--blink-settings=preferredColorScheme={0 if dark else 1}", *what, frame.as_uri(),
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
