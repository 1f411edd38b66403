"""Errors that a person can act on, with the exit code of the job."""

from jobs.runtime.redaction import redacted

DONE, FAILED, WRONG_USAGE, REFUSED = 0, 1, 2, 3
INTERRUPTED, TERMINATED = 130, 143  # by Ctrl-C and by SIGTERM, as shells report them


class LongtailError(Exception):
    """A failure with its remedy: one sentence says what is wrong, one says what to do.

    Both are redacted here, since console, log, page, alert and webhook show them.
    """

    exit_code = FAILED

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem, self.remedy = redacted(problem), redacted(remedy)
        super().__init__(f"{self.problem} {self.remedy}")


class ConfigurationError(LongtailError):
    """Wrong usage or configuration."""

    exit_code = WRONG_USAGE


class Refused(LongtailError):  # noqa: N818 - a refusal is an answer, not an error
    """A gate or a guard said no."""

    exit_code = REFUSED


def how_it_ended(error: BaseException) -> str:
    """The status of a run in `runs`: refused if a gate or a guard said no, otherwise failed."""
    return "refused" if isinstance(error, LongtailError) and error.exit_code == REFUSED else "failed"
