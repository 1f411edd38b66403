"""Everything that the first stage needs of one date: the catalogue on the executors, shoppers as a frame of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy import sparse

from features.collaborative.als import als_blocks, als_factors, event_ratings, purchase_ratings
from features.collaborative.purchases import (
    decayed_by_store_and_item,
    numbered_shoppers,
    promoted_share_by_store_and_item,
    responses_before,
    sales_by_item,
    shopper_arrays,
)
from features.contract import EVENTS, PROMOTIONS, TEXT_EMBEDDINGS, USER_EMBEDDINGS
from features.contract.segments import COLD
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from features.shopper_sample import shopper_sample
from jobs.config.configuration import Config
from jobs.encoder.embeddings import embeddings_by
from jobs.execution.night import Night
from jobs.retrieval.blocks import shoppers_of
from jobs.retrieval.item_sales import item_sales, relative_prices
from jobs.retrieval.links import with_links
from jobs.retrieval.signals import DateSignals, read_signals
from jobs.runtime.errors import LongtailError
from jobs.runtime.executor_files import ship_arrays
from model.retrieval.catalogue import Catalogue
from model.retrieval.channels import ITEM_SCORES, channels_of_all_items, popularity_half_lives
from model.retrieval.item_statistics import item_statistics
from model.retrieval.settings import ChannelSettings
from model.retrieval.shoppers import PURCHASE, Shoppers
from model.retrieval.taste import shopper_profiles

_STORE_HALF_LIFE_DAYS = 30.0


@dataclass(frozen=True)
class DateSide:
    """One date ready for blocks: `shopper_frame` has a row a shopper (see `shopper_arrays`, and `block` int)."""

    as_of: date
    shipped: str  # name of the catalogue's arrays on the executors
    item_ids: np.ndarray  # [n] str of the eligible items
    shopper_frame: DataFrame
    settings: ChannelSettings
    cached: tuple[DataFrame, ...]

    def release(self) -> None:
        """Frees the memory of the frames, once the date is scored."""
        for frame in self.cached:
            frame.unpersist()


def channel_settings(conf: Config) -> ChannelSettings:
    """The channels' parameters of a configuration."""
    channels = conf.channels
    return ChannelSettings(
        channels.history_items, channels.history_decay, channels.affinity_half_life_days, channels.neighbours
    )


def prepare_date(
    night: Night, as_of: date, encoder_version: str, wanted: tuple[str, ...], event_weights: Mapping[str, float]
) -> DateSide:
    """Reads what was known before `as_of`, fits ALS, learns the links of the `wanted` channels and ships the catalogue.

    event_weights: what an event of other types counts in ALS, as `FirstStage.event_weights`
    On the driver are the items, what stores sold and promoted of them, `channels.neighbour_sample` shoppers, and the
    sessions of `signals.visitor_sample` visitors where channels link these.
    Raises LongtailError when features or embeddings of the date are missing, no item is eligible, or there are too many
    items for one of the channels.
    """
    conf, tables, spark = night.conf, night.tables, night.spark
    items = _items(night, as_of)
    eligible = np.flatnonzero(items.is_eligible & items.segment.isin(list(conf.plan.segments))).astype(np.int32)
    if not len(eligible):
        raise LongtailError(
            f"No item is eligible on {as_of} in the segments {', '.join(conf.plan.segments)}.",
            "Check is_eligible and segment in item_features, or change plan.segments.",
        )
    _check_size(conf, len(eligible), wanted)
    text, text_row, hashes = _texts(night, items, encoder_version)
    item_rows = spark.createDataFrame(
        pd.DataFrame({"item_id": items.item_id, "item_row": np.arange(len(items), dtype=np.int32)})
    )
    promoted = promoted_share_by_store_and_item(
        tables.read(PROMOTIONS), item_rows, as_of, conf.channels.promotion_days
    ).toPandas()
    bought = responses_before(tables.read(EVENTS), item_rows, as_of, conf.relevance.target).persist()
    stores = _stores(bought, promoted)
    numbered = numbered_shoppers(tables.read_date(USER_FEATURES_TABLE, as_of)).persist()
    # Events of the target are among the responses already.
    weights = {
        name: weight
        for name, weight in event_weights.items()
        if name not in (PURCHASE, conf.relevance.target) and weight
    }
    signals = read_signals(night, as_of, item_rows, wanted, weights)
    channels = conf.channels
    sales = sales_by_item(bought, popularity_half_lives(channels.popularity_half_life_days)).toPandas()
    ratings, lines = _ratings(bought, numbered, signals, weights), int(sales.lines.sum())
    if signals is not None and weights:
        lines += signals.of_shoppers.where(F.col("signal").isin(*weights)).count()
    user_factors, item_factors = als_factors(
        ratings, blocks=als_blocks(lines), factors=channels.als_factors,
        iterations=channels.als_iterations, regularisation=channels.als_regularisation, alpha=channels.als_alpha,
        seed=conf.seed,
    )  # fmt: skip
    user_text = embeddings_by(tables.read_date(USER_EMBEDDINGS, as_of), encoder_version, f"shoppers on {as_of}")
    numbers = pd.DataFrame({"store_id": stores, "store_row": np.arange(len(stores))})
    store_rows = spark.createDataFrame(
        numbers, "store_id string, store_row long"
    )  # with types, since a shop may have no stores
    arrays = shopper_arrays(bought, numbered, store_rows, user_factors, user_text, conf.candidates.block_users)
    frame = _with_lists(arrays, signals).persist()
    chosen = shopper_sample(numbered.select("user_id"), channels.neighbour_sample)
    sample = shoppers_of(
        frame.select(*arrays.columns).join(F.broadcast(chosen), on="user_id", how="left_semi").toArrow()
    )
    catalogue = _catalogue(
        conf, items, eligible, text, text_row, stores, bought, sales, promoted, item_factors, sample, signals
    )
    sessions = None if signals is None else signals.sessions()
    queries = () if signals is None or signals.searches is None else signals.searches.queries
    catalogue = with_links(night, as_of, catalogue, sample, item_rows, hashes, wanted, sessions, queries)
    shipped = ship_arrays(spark, catalogue.to_arrays())
    return DateSide(
        as_of, shipped, catalogue.item_ids[eligible], frame, channel_settings(conf),
        (bought, numbered, frame, *(() if signals is None else (signals.events,))),
    )  # fmt: skip


def _ratings(
    bought: DataFrame, numbered: DataFrame, signals: DateSignals | None, weights: Mapping[str, float]
) -> DataFrame:
    """`als_factors`' input: of purchases alone, or of all events with a weight."""
    if signals is None or not weights:
        return purchase_ratings(
            bought.join(numbered, on="user_id", how="inner").groupBy("user_row", "item_row").count()
        )
    return event_ratings(signals.rated_lines(bought, numbered, weights), PURCHASE, weights)


def _with_lists(frame: DataFrame, signals: DateSignals | None) -> DataFrame:
    """The shoppers with the arrays of the signals that channels read."""
    lists = None if signals is None else signals.lists()
    if lists is None:
        return frame
    empty = {name: F.array().cast(kind) for name, kind in lists.dtypes if name != "user_id"}
    filled = {name: F.coalesce(name, nothing) for name, nothing in empty.items()}
    return frame.join(lists, on="user_id", how="left").withColumns(filled)


def _check_size(conf: Config, eligible: int, wanted: tuple[str, ...]) -> None:
    needing_all = channels_of_all_items(wanted)
    if needing_all and eligible > conf.candidates.items_at_once:
        raise LongtailError(
            f"The channels {', '.join(needing_all)} share scores between all {eligible} eligible items, but only "
            f"{conf.candidates.items_at_once} are scored at once.",
            "Remove these channels from sequences.channels, or raise candidates.items_at_once.",
        )


def _items(night: Night, as_of: date) -> pd.DataFrame:
    columns = ["item_id", "title", "product_type", "category", "brand", "provider_id", "price_mean_90d", "text_hash",
               "segment", "is_eligible"]  # fmt: skip
    features = night.tables.read_date(ITEM_FEATURES_TABLE, as_of)
    if night.conf.catalogue.categories_in_channels:
        is_given = F.trim("category") != ""
        features = features.withColumn(
            "category", F.when(is_given, F.col("category")).otherwise(F.col("category_predicted"))
        )
    frame = features.select(*columns).toPandas()
    return frame.sort_values("item_id", ignore_index=True)


def _texts(night: Night, items: pd.DataFrame, encoder_version: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct texts' embeddings [t, d] ordered by hash, the row of each item, and the hashes [t]."""
    hashes, row = np.unique(items.text_hash.to_numpy(dtype=str), return_inverse=True)
    stored = night.tables.read(TEXT_EMBEDDINGS).where(F.col("encoder_version") == encoder_version)
    table = stored.select("text_hash", "embedding").toArrow()
    place = pd.Index(table["text_hash"].to_pandas()).get_indexer(hashes)
    if (place < 0).any():
        raise LongtailError(
            f"{(place < 0).sum()} item texts have no embedding by the encoder {encoder_version}.",
            "Run jobs/embed.py first.",
        )
    flat = np.concatenate([chunk.flatten().to_numpy() for chunk in table["embedding"].chunks])
    return flat.reshape(len(table), -1)[place].astype(np.float32), row.astype(np.int32), hashes


def _stores(bought: DataFrame, promoted: pd.DataFrame) -> np.ndarray:
    of_purchases = bought.select("store_id").where("store_id IS NOT NULL").distinct().toPandas().store_id
    return np.unique(np.concatenate([of_purchases, promoted.store_id.unique()]).astype(str))


def _kinds(items: pd.DataFrame) -> dict[str, np.ndarray]:
    """The codes of `Catalogue.codes`; an item without one part of a combination has code 0."""

    def combined(*parts: str) -> np.ndarray:
        joined, complete = items[parts[0]], items[parts[0]] != ""
        for part in parts[1:]:
            joined, complete = joined + "\x00" + items[part], complete & (items[part] != "")
        return _codes(joined.where(complete, ""))

    return {
        "product_type": combined("product_type"),
        "category": combined("category"),
        "brand_type": combined("brand", "product_type"),
        "provider_type": combined("provider_id", "product_type"),
        "provider_category": combined("provider_id", "category"),
        "title": combined("title"),
    }


def _codes(values: pd.Series) -> np.ndarray:
    """1, 2, … for the sorted distinct values, 0 for the empty text."""
    known = np.unique(values[values != ""].to_numpy(dtype=str))
    return (pd.Index(known).get_indexer(pd.Index(values)) + 1).astype(np.int32)


def _catalogue(
    conf: Config, items: pd.DataFrame, eligible: np.ndarray, text: np.ndarray, text_row: np.ndarray, stores: np.ndarray,
    bought: DataFrame, sales: pd.DataFrame, promoted: pd.DataFrame, item_factors: DataFrame, sample: Shoppers,
    signals: DateSignals | None,
) -> Catalogue:  # fmt: skip
    m, n = len(items), len(eligible)
    column = np.full(m, -1, dtype=np.int64)
    column[eligible] = np.arange(n)
    codes = _kinds(items)
    product_type = codes["product_type"]
    half_lives = popularity_half_lives(conf.channels.popularity_half_life_days)
    by_store = decayed_by_store_and_item(bought, _STORE_HALF_LIFE_DAYS).toPandas()
    factors = item_factors.toPandas()
    als = np.zeros((m, conf.channels.als_factors), dtype=np.float32)
    als[factors.row] = np.stack(list(factors.factors))
    types = int(product_type.max(initial=0)) + 1
    seen = sparse.hstack([sample.bought(m), sample.counts(product_type[sample.item], types, None) > 0])
    shoppers = max(len(sample), 1)
    idf = np.log(shoppers / np.maximum(np.asarray(seen.sum(axis=0)).ravel(), 1.0)).astype(np.float32)
    promotions = _by_store(promoted, "share", stores, column, n, None)
    decayed = sample.counts(column[sample.item] + 1, n + 1, conf.channels.neighbour_half_life_days)[:, 1:]
    of_items = item_sales(sales, half_lives, product_type, eligible, promotions)
    statistics = item_statistics(ITEM_SCORES, of_items, eligible)
    if signals is not None:
        statistics |= signals.statistics(of_items, eligible)
    return Catalogue(
        item_ids=items.item_id.to_numpy(dtype=str),
        codes=codes,
        relative_price=relative_prices(items.price_mean_90d.to_numpy(), product_type),
        text_row=text_row,
        eligible=eligible,
        cold=(items.segment == COLD).to_numpy()[eligible],
        text=text,
        als=als[eligible],
        item_statistics=statistics,
        store_purchases=_by_store(by_store, "decayed", stores, column, n, np.log1p),
        store_promotions=promotions,
        neighbour_ids=sample.user_ids,
        neighbour_profiles=shopper_profiles(sample, product_type, idf),
        neighbour_purchases=decayed.tocsr().astype(np.float32),
        profile_idf=idf,
    )


def _by_store(
    frame: pd.DataFrame, value: str, stores: np.ndarray, column: np.ndarray, n: int, scale: np.ufunc | None
) -> sparse.csr_matrix:
    row, col = pd.Index(stores).get_indexer(pd.Index(frame.store_id)), column[frame.item_row]
    known = (col >= 0) & (row >= 0)
    data = frame[value].to_numpy(dtype=np.float32)[known]
    values = data if scale is None else scale(data)
    matrix = sparse.csr_matrix((values, (row[known], col[known])), shape=(len(stores), n), dtype=np.float32)
    matrix.sort_indices()
    return matrix
