"""The index that serves now, replaced when another night is published."""

from __future__ import annotations

from collections.abc import Callable

from jobs.runtime import clock
from jobs.runtime.errors import LongtailError
from jobs.runtime.logs import warning
from jobs.search_service.night_index import NightIndex
from jobs.serving.client import PublishedNight, StorefrontUnavailable

_RETRY_SECONDS = 60.0  # after a night could not be loaded


class LiveIndex:
    """Loads the live night next to the one that serves: requests get the old index until the new one is complete.

    current: None until the first night is loaded
    problem: why a newer night does not serve, in a sentence; '' if the live night serves
    """

    def __init__(
        self, published: Callable[[], PublishedNight | None], load: Callable[[PublishedNight], NightIndex]
    ) -> None:
        """published: as `StorefrontClient.published`; load: raises any error for a night that cannot be loaded"""
        self._published, self._load = published, load
        self._failed: tuple[PublishedNight, float] | None = None
        self.current: NightIndex | None = None
        self.problem = "The index is being loaded."

    def refresh(self) -> None:
        """Loads the live night unless it serves already, or could not be loaded a minute ago."""
        try:
            night = self._published()
        except StorefrontUnavailable:
            return
        if night is None:
            self.problem = "No night is published yet."
            return
        if self.current is not None and (self.current.as_of, self.current.run_id) == (night.as_of, night.run_id):
            self.problem = ""
            return
        if self._failed is not None and self._failed[0] == night and clock.seconds() < self._failed[1]:
            return
        try:
            self.current, self.problem, self._failed = self._load(night), "", None
        except Exception as error:  # whatever it is, the old night has to serve on
            said = str(error) if isinstance(error, LongtailError) else type(error).__name__
            warning("night not loaded", as_of=night.as_of, problem=said)
            self.problem = f"The night of {night.as_of} could not be loaded."
            self._failed = (night, clock.seconds() + _RETRY_SECONDS)
