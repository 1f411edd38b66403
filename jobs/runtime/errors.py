"""Errors that a person can act on, with the exit code of the job."""

DONE, FAILED, WRONG_USAGE, REFUSED = 0, 1, 2, 3
INTERRUPTED = 130  # by Ctrl-C, as shells report it


class LongtailError(Exception):
    """A failure with its remedy: one sentence says what is wrong, one says what to do."""

    exit_code = FAILED

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy


class ConfigurationError(LongtailError):
    """Wrong usage or configuration."""

    exit_code = WRONG_USAGE


class Refused(LongtailError):  # noqa: N818 - a refusal is an answer, not an error
    """A gate or a guard said no."""

    exit_code = REFUSED


def how_it_ended(error: BaseException) -> str:
    """The status of a run in `runs`: refused if a gate or a guard said no, otherwise failed."""
    return "refused" if isinstance(error, LongtailError) and error.exit_code == REFUSED else "failed"
