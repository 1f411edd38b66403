"""Finds items for what shoppers search for, and reports which queries the catalogue does not meet."""

from __future__ import annotations

import pandas as pd
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from features.contract import QUERY_ITEMS, QUERY_REPORT
from features.contract.query_report import FOUND, HEAD_ONLY, NOT_SOLD, NOTHING
from features.contract.table import Table
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.queries.answers import CHOSEN, graded_answers
from jobs.queries.asked import asked_queries, searches_of
from jobs.queries.items import query_vectors, searched_items
from jobs.queries.rows import answered
from jobs.queries.saved import save_order
from jobs.registry.active_models import serving_champion
from jobs.runtime.logs import event
from model.search.choice import choose_search
from model.search.index import SearchIndex
from model.search.search import Search, SearchSettings


def search_items(night: Night) -> None:
    """Finds items for what shoppers search for, and reports which queries the catalogue does not meet.

    Reads searches and events of search.days, identities, item_features and vectors of the night, and where no query is
    known the keywords; writes query_items and query_report. Items are ranked as shoppers chose among them where that
    beats the sum of words and vectors on held-out queries, else by the sum. A learnt order is saved in the folder
    `search` of the warehouse, for the search service. Does nothing where search.queries is 0.

    No row names a shopper, and each query was searched for by search.least_shoppers of them: so `forget` has nothing to
    erase here, and the next night no longer counts the searches that it erased.
    On the driver are texts and vectors of the eligible items, search.queries queries, and items shown for these.
    """
    conf = night.conf.search
    if not conf.is_on:
        night.record.status = "skipped"
        return
    searches = searches_of(night).persist()
    queries = asked_queries(night, searches)
    night.record.rows = {"queries": len(queries)}
    if queries.empty:
        event("no query was searched for often enough", step="search_items", as_of=night.as_of, days=conf.days)
        for table in (QUERY_ITEMS, QUERY_REPORT):
            _write(night, pd.DataFrame(columns=table.column_names), table)
        save_order(night.files, night.scratch, night.as_of, None, "")
        searches.unpersist()
        return
    champion = serving_champion(night)
    items, vectors = (
        searched_items(night, champion.encoder_version),
        query_vectors(night, champion, list(queries["query"])),
    )
    graded = graded_answers(night, searches, list(queries["query"]), vectors, items.item_ids)
    searches.unpersist()
    index = SearchIndex(items.texts, items.vectors)
    choice = choose_search(index, graded, SearchSettings(good=CHOSEN), conf.least_answered)
    ranked, report = answered(queries, vectors, items, choice.search, conf.items)
    _write(night, ranked, QUERY_ITEMS)
    _write(night, report, QUERY_REPORT)
    learnt = choice.search if isinstance(choice.search, Search) else None
    save_order(night.files, night.scratch, night.as_of, learnt, champion.encoder_version)
    night.record.rows |= {"items": len(ranked)}
    night.record.rows |= {
        name: int((report["finding"] == name).sum()) for name in (FOUND, HEAD_ONLY, NOT_SOLD, NOTHING)
    }
    night.record.decisions["order"] = choice.reason
    if choice.learnt is not None:
        night.record.decisions["ndcg"] = f"{choice.learnt:.4f}, by the sum {choice.summed:.4f}"


def _write(night: Night, rows: pd.DataFrame, table: Table) -> None:
    own = StructType([field for field in table.schema.fields if field.name != "as_of"])
    frame = night.spark.createDataFrame(rows[own.names], own)
    night.tables.replace_date(frame.select(F.lit(night.as_of).alias("as_of"), "*"), table, night.as_of)


if __name__ == "__main__":
    main_of(search_items)
