"""The interface of a source."""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol

from pyspark.sql import DataFrame

from features.contract.table import Table
from jobs.sources.files.parts import Part


class Source(Protocol):
    """The store's tables as the contract's columns; an optional column that the store does not have may be absent.

    Rows are not checked: rows without a time, or of `before` and later, are returned, and ingest accounts for them. A
    boolean column `filtered` marks rows that the mapping leaves out on purpose; see `with_contract_columns` for the
    other further columns.

    A source that is `whole` returns every night all items as versions, all users, and all events and promotions from
    `since` on. Any other returns the rows of its new and changed `parts`: observations of items and users, and events
    and promotions of any time.
    """

    @property
    def whole(self) -> bool: ...

    @property
    def parts(self) -> tuple[Part, ...]: ...

    @property
    def unseen_days(self) -> int | None: ...

    def items(self, before: date) -> DataFrame:
        """Versions of the items (valid_from, valid_to) that follow from events before `before`; or observations."""

    def catalogue(self) -> DataFrame | None:
        """item_id of all items that are offered now; None if the source does not deliver the complete catalogue."""

    def users(self, before: date) -> DataFrame:
        """The shoppers; or observations of them."""

    def events(self, since: date | None, before: date) -> DataFrame:
        """Events from `since` on, all for None; or those of the parts."""

    def promotions(self, since: date | None, before: date) -> DataFrame:
        """Promotions that begin on `since` or later, all for None; or those of the parts."""

    def identities(self) -> DataFrame | None:
        """Identified visitors, of any time; None if the source delivers none next to its events."""

    def searches(self) -> DataFrame | None:
        """Searches of the parts; None if the source delivers none next to its events."""

    def replaced(self, table: Table) -> dict[str, datetime | None]:
        """Parts whose rows of `table`, one of `jobs.sources.dated`, are deleted or replaced: from a time on, or all for
        None."""

    def rolled(self, table: Table) -> dict[str, datetime | None]:
        """Those of `replaced` whose older rows stay, because the changed part begins later than before."""

    def types(self) -> dict[str, str]:
        """Spark's type of each column that is read, by `<table>.<column>`, for files with types."""

    def absent(self) -> frozenset[str]:
        """Columns of the contract that the store does not have, as `<table>.<column>`; a missing table by its name."""
