"""Loads the index of a published night from the warehouse, without Spark."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from features.contract import ITEM_EXPOSURE, TEXT_EMBEDDINGS
from features.contract.segments import HEAD
from features.declarations import ITEM_FEATURES_TABLE
from jobs.config.configuration import Config
from jobs.desk.items import of_night
from jobs.desk.stored_tables import StoredTables
from jobs.encoder.embeddings import embedding_matrix
from jobs.queries.items import SearchedItems
from jobs.queries.saved import load_order, saved_order
from jobs.registry.models import Champion, ModelStore
from jobs.runtime.errors import ConfigurationError, LongtailError
from jobs.runtime.logs import warning
from jobs.runtime.storage import is_remote, storage_of
from jobs.search_service.night_index import NightIndex
from jobs.serving.client import PublishedNight
from model.search.index import SearchIndex
from model.search.search import Search, SearchSettings
from model.search.summed import SummedSearch
from model.text.encoder import Encoder

Encode = Callable[[list[str]], np.ndarray]

_BATCH = 32  # queries


class Loader:
    """Loads nights of a warehouse; the encoder stays in memory while its version does.

    Raises ConfigurationError if the warehouse is remote: the models in it are read through Hadoop.
    """

    def __init__(self, conf: Config) -> None:
        if is_remote(conf.warehouse):
            raise ConfigurationError(
                f"The search service reads its models from a local disk, and warehouse is {conf.warehouse}.",
                "Mount the warehouse, and name it as file:/path in the configuration of the service.",
            )
        self._conf, self._files = conf, storage_of(conf.warehouse)
        self._encoder: Encoder | None = None

    def load(self, published: PublishedNight) -> NightIndex:
        """The index of a night. Raises LongtailError when the night has no model, no eligible item or no vectors."""
        as_of = published.as_of
        champion = ModelStore(self._conf.mlflow, self._files, Path(tempfile.gettempdir())).champion(as_of)
        if champion is None:
            raise LongtailError(f"No champion was trained for {as_of} or before.", "Run jobs/nightly.py for the date.")
        encode = self._query_encoder(champion)
        tables = StoredTables(self._conf.warehouse)
        items = _searched_items(tables, published, champion.encoder_version)
        index = SearchIndex(items.texts, items.vectors)
        order = self._order(index, published, champion.encoder_version)
        boosts = _boosts(tables, self._conf.plan.policy, published, items.item_ids)
        return NightIndex(as_of, published.run_id, items, order, champion.encoder_version, encode, boosts)

    def _query_encoder(self, champion: Champion) -> Encode:
        if self._encoder is None or self._encoder.version != champion.encoder_version:
            try:
                self._encoder = Encoder.load(champion.encoder_folder, self._conf.encoder.device)
            except ValueError as error:
                raise LongtailError(f"The encoder {champion.encoder_version} cannot be used.", str(error)) from error
        encoder = self._encoder
        return lambda texts: encoder.encode_queries(texts, _BATCH, threads=1)

    def _order(self, index: SearchIndex, published: PublishedNight, encoder_version: str) -> Search | SummedSearch:
        """What the night's step chose: the learnt order, or the sum where it saved none or did not run."""
        try:
            saved = saved_order(self._files, published.as_of)
            if saved is not None and saved.encoder_version == encoder_version:
                return load_order(self._files, saved, index)
            if saved is not None:
                warning("the learnt order reads another encoder", encoder=encoder_version, of=saved.encoder_version)
        except ValueError as error:
            warning("the learnt order cannot be read", problem=str(error))
        return SummedSearch(index, SearchSettings.most)


def _searched_items(tables: StoredTables, published: PublishedNight, encoder_version: str) -> SearchedItems:
    """As `jobs.queries.items.searched_items`."""
    eligible = of_night(published.as_of) & pc.field("is_eligible")
    rows = tables.read(ITEM_FEATURES_TABLE, ("item_id", "text_hash", "title", "brand", "segment"), eligible)
    of_version = pc.field("encoder_version") == encoder_version
    stored = tables.read(TEXT_EMBEDDINGS, ("text_hash", "embedding"), of_version)
    place = pc.index_in(rows["text_hash"], value_set=stored["text_hash"])
    rows = rows.append_column("place", place).filter(pc.is_valid(place)).sort_by("item_id")
    if not len(rows):
        raise LongtailError(
            f"No eligible item of {published.as_of} has a vector by {encoder_version}.",
            "Run jobs/nightly.py for the date.",
        )
    rows = rows.append_column("is_tail", pc.fill_null(pc.not_equal(rows["segment"], HEAD), False))
    vectors = embedding_matrix(stored["embedding"])
    return SearchedItems.of(rows, vectors[rows["place"].to_numpy()])


def _boosts(tables: StoredTables, policy: str, published: PublishedNight, item_ids: np.ndarray) -> np.ndarray:
    rows = tables.read(ITEM_EXPOSURE, ("item_id", "boost"), of_night(published.as_of, policy))
    by_item = dict(zip(rows["item_id"].to_pylist(), rows["boost"].to_pylist(), strict=True))
    return np.array([by_item.get(item, 0.0) for item in item_ids.tolist()])
