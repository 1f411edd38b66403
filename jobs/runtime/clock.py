"""The only place that reads the clock."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The current time, UTC."""
    return datetime.now(UTC)


def seconds() -> float:
    """A monotonic clock in seconds, for durations."""
    return time.monotonic()
