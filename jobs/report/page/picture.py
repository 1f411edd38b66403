"""Takes the picture of the newest night's page that the README shows: its first screen on a laptop, as a PNG."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from jobs.config.configuration import Config
from jobs.execution.command import parser, run_without_spark
from jobs.runtime.errors import LongtailError

BROWSER = "chromium"
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # no address outside the page is asked
)  # fmt: skip
WIDTH, HEIGHT = 1280, 740
PICTURE = Path(__file__).with_name("night.png")
_PAGES = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9].html"  # without those of stopped nights


def main() -> None:
    """Parses the command line and takes the picture."""
    arguments = parser(__doc__)
    arguments.add_argument("--out", type=Path, default=PICTURE, metavar="FILE", help="the PNG (default: %(default)s)")
    args = arguments.parse_args()

    def picture(conf: Config, run_id: str) -> None:
        take_picture(newest_page(Path(conf.warehouse)), args.out)
        print(args.out)

    run_without_spark(args.conf, "picture", picture, writes=False)


def newest_page(warehouse: Path) -> Path:
    """The page of the newest night. Raises LongtailError when there is none."""
    pages = sorted((warehouse / "reports").glob(_PAGES))
    if not pages:
        raise LongtailError(f"{warehouse / 'reports'} has no page of a night.", "Run make nightly first.")
    return pages[-1]


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
