"""Takes the picture of the newest night's page that the README shows: its first screen on a laptop, as a PNG."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from jobs.config.configuration import Config
from jobs.execution.command import parser, run_without_spark
from jobs.report.page_files import REPORTS
from jobs.runtime.errors import LongtailError
from jobs.runtime.storage import Storage, storage_of

BROWSER = "chromium"
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # no address outside the page is asked
)  # fmt: skip
WIDTH, HEIGHT = 1280, 740
PICTURE = Path(__file__).with_name("night.png")
_PAGES = r"\d{4}-\d{2}-\d{2}\.html"  # without those of stopped nights


def main() -> None:
    """Parses the command line and takes the picture."""
    arguments = parser(__doc__)
    arguments.add_argument("--out", type=Path, default=PICTURE, metavar="FILE", help="the PNG (default: %(default)s)")
    args = arguments.parse_args()

    def picture(conf: Config, run_id: str) -> None:
        files = storage_of(conf.warehouse)
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "page.html"
            files.download(newest_page(files), page)
            take_picture(page, args.out)
        print(args.out)

    run_without_spark(args.conf, "picture", picture, writes=False)


def newest_page(files: Storage) -> str:
    """The name of the newest night's page. Raises LongtailError when there is none."""
    pages = [name for name in files.names(REPORTS) if re.fullmatch(_PAGES, name)]
    if not pages:
        raise LongtailError(f"{files.shown(REPORTS)} has no page of a night.", "Run make nightly first.")
    return f"{REPORTS}/{pages[-1]}"


def take_picture(page: Path, picture: Path) -> None:
    """Writes the first screen of a local page, in light colours.

    Raises LongtailError when Chromium is missing or fails.
    """
    browser = shutil.which(BROWSER)
    if browser is None:
        raise LongtailError(f"The command {BROWSER} is missing.", "Install it (Debian: apt-get install chromium).")
    picture.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        command = [
            browser, *OPTIONS, f"--user-data-dir={profile}", f"--window-size={WIDTH},{HEIGHT}",
            "--blink-settings=preferredColorScheme=1", f"--screenshot={picture.absolute()}", page.absolute().as_uri(),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode or not picture.exists():
        raise LongtailError(
            f"{BROWSER} ended with exit code {done.returncode} and took no picture of {page}.",
            f"Its last line was: {(done.stderr.strip().splitlines() or ['nothing'])[-1]}",
        )


if __name__ == "__main__":
    main()
