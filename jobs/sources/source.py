"""What a source gives."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from pyspark.sql import DataFrame

from jobs.sources.files.parts import Part


class Source(Protocol):
    """The store's tables as the contract's columns; an optional column that the store does not have may be absent.

    Rows come unchecked: rows without a time and rows of later than `before` are handed over, and the ingest accounts
    for them. A boolean column `filtered` marks rows that the mapping leaves out on purpose; what else may travel beside
    the columns is said by `with_contract_columns`.

    A source that is `whole` gives every night all items as versions, all users, and all events and promotions from
    `since` on. Any other gives what its new and changed `parts` hold: observations of items and users, and events and
    promotions of any time.
    """

    @property
    def whole(self) -> bool: ...

    @property
    def parts(self) -> tuple[Part, ...]: ...

    @property
    def unseen_days(self) -> int | None: ...

    def items(self, before: date) -> DataFrame:
        """Versions of the items (valid_from, valid_to) as far as events before `before` tell; or observations."""

    def catalogue(self) -> DataFrame | None:
        """item_id of all items that are offered now; None where what is delivered does not tell what is not."""

    def users(self, before: date) -> DataFrame:
        """The shoppers; or observations of them."""

    def events(self, since: date | None, before: date) -> DataFrame:
        """Events from `since` on; from the first one when it is None. Or those of the parts."""

    def promotions(self, since: date | None, before: date) -> DataFrame:
        """Promotions that begin on `since` or later; from the first one when it is None. Or those of the parts."""

    def replaced(self) -> dict[str, date | None]:
        """Parts whose events and promotions in the tables go, or are replaced: those from a day on, or all of them."""

    def types(self) -> dict[str, str]:
        """Spark's type of each column that is read, by `<table>.<column>`, where files carry types."""

    def absent(self) -> frozenset[str]:
        """Columns of the contract that the store does not have, as `<table>.<column>`; a whole table by its name."""
