"""What a publish needs of an online store in addition to Feast's own reads and writes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from feast import FeatureStore, FeatureView
from feast.repo_config import RepoConfig

from jobs.online.view_form import ViewForm
from jobs.online.view_rows import ViewRows


@runtime_checkable
class NightStore(Protocol):
    """An online store that can replace a complete view."""

    def replace_rows(
        self,
        config: RepoConfig,
        view: FeatureView,
        form: ViewForm,
        rows: ViewRows,
        event_time: datetime,
        changed_only: bool,
    ) -> int:
        """Replaces all rows of the view by these, by tasks, and returns the number of values sent.

        changed_only: the view holds the complete rows of the last call, so that equal values need not be sent. After a
            call that was stopped, a call without it completes the view.
        """

    def values_held(
        self, config: RepoConfig, view: FeatureView, keys: Sequence[bytes], names: Sequence[str]
    ) -> dict[str, list[bytes | None]]:
        """By feature the serialised values of the entities, in the order of the keys; None where there is none."""

    def erase(self, config: RepoConfig, key: bytes) -> None:
        """Deletes one entity from all views of its kind, so that no value of it is left in the store."""

    def entities_held(self, config: RepoConfig, view: FeatureView) -> int:
        """Number of entities that have a row in the view."""


def night_store(store: FeatureStore) -> NightStore:
    """The online store behind Feast's store of a warehouse; the settings that open_store writes name one of ours."""
    online = store.provider.online_store
    assert isinstance(online, NightStore)
    return online
