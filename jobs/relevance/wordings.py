"""The chance of a response to other wordings of an item, by the model that scored the night."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.special import expit, logit

from features.collaborative.purchases import responses_before
from features.contract import EVENTS, USER_EMBEDDINGS
from jobs.encoder.embeddings import embeddings_by
from jobs.execution.night import Night
from jobs.registry.models import Champion
from jobs.relevance.blocks import block_of, read_candidates, read_shoppers
from jobs.relevance.item_side import ItemSide
from jobs.runtime.errors import LongtailError
from model.fusion.inputs import Block, Items
from model.fusion.ranker import EncodedItems
from model.retrieval.settings import ChannelSettings
from model.retrieval.texts import likeness_to_last
from model.scorer import Scorer

TEXT_HISTORY, TEXT_TWO_TOWER = "text_history", "text_two_tower"
LARGEST_ERROR = 1e-3  # of a channel's score, computed again for the current wording
_MOST_CERTAIN = 1e-9


@dataclass(frozen=True)
class Texts:
    """Texts of a night's items, without pictures. vectors: [t, d] unit vectors; row: [n] the text of each item"""

    vectors: np.ndarray
    row: np.ndarray


@dataclass(frozen=True)
class _Sample:
    """candidates, shoppers: rows of `read_candidates` and `read_shoppers`; by shopper the `chances` that score wrote
    [of pairs], rows of the texts last responded to, and the vector of the shopper's text."""

    candidates: pa.Table
    shoppers: pa.Table
    chances: Mapping[tuple[str, str], float]
    bought: Mapping[str, np.ndarray]
    vectors: Mapping[str, np.ndarray]


def texts_of(side: ItemSide, hashes: np.ndarray, image_size: int) -> Texts:
    """The texts of an item side. hashes: [n] text_hash of its items"""
    _, first, row = np.unique(hashes, return_index=True, return_inverse=True)
    vectors = side.items.text[side.items.text_row[first]]
    return Texts(vectors[:, : vectors.shape[1] - image_size], row)


def chances_of_wordings(
    night: Night, champion: Champion, scorer: Scorer, side: ItemSide, texts: Texts, pairs: DataFrame,
    wordings: Mapping[str, np.ndarray], settings: ChannelSettings,
) -> dict[str, np.ndarray]:  # fmt: skip
    """By item the chances [shoppers, 1 + wordings] of the pairs: those that `score` wrote, and of each wording.

    A wording changes the item's vector in the second stage, the likeness of its text to the shopper's and to the texts
    last bought, and by these the first stage's score. Other channels stay as they are, and so does the shopper's level.

    pairs: user_id, item_id, relevance of a sample, collected on the driver
    wordings: by item its vectors [w, d]; items without a pair are left out of what is returned
    Raises LongtailError when the tables no longer give the channels that `score` read.
    """
    sample = _read(night, champion, scorer, side, texts, pairs)
    places = {str(item): place for place, item in enumerate(side.item_ids)}
    items = with_wordings(side.items, {places[item]: vectors for item, vectors in wordings.items()})
    encoded, first = scorer.ranker.encode_items(items), len(side.item_ids)
    chances = {}
    for item, vectors in wordings.items():
        rows = sample.candidates.filter(pc.equal(sample.candidates["item_id"], item))
        if len(rows):
            current = texts.vectors[texts.row[places[item]]][None]
            chances[item] = _chances(
                item, rows, sample, scorer, side, encoded, range(first, first + len(vectors)),
                np.concatenate([current, vectors]), texts, settings,
            )  # fmt: skip
        first += len(vectors)
    return chances


def _chances(
    item: str, rows: pa.Table, sample: _Sample, scorer: Scorer, side: ItemSide, encoded: EncodedItems,
    added: Sequence[int], vectors: np.ndarray, texts: Texts, settings: ChannelSettings,
) -> np.ndarray:  # fmt: skip
    """[shoppers, 1 + wordings] of one item. added: rows of `encoded` with its wordings; vectors: [1 + wordings, d]"""
    inputs = scorer.ranker.inputs
    own = sample.shoppers.filter(pc.is_in(sample.shoppers["user_id"], rows["user_id"].combine_chunks()))
    user_ids, _, block = block_of(rows, own, pa.array(side.item_ids), inputs)
    users = user_ids.to_pylist()
    none = np.zeros(0, dtype=np.int64)
    scores = np.repeat(block.channel_scores, len(vectors), axis=1)  # [S, 1 + W, K]
    lists = [sample.bought.get(user, none) for user in users]
    shopper = np.stack([sample.vectors.get(user, np.zeros(vectors.shape[1], dtype=np.float32)) for user in users])
    computed = {
        TEXT_HISTORY: likeness_to_last(texts.vectors, lists, vectors, settings),
        TEXT_TWO_TOWER: shopper @ vectors.T,
    }
    for name, likeness in computed.items():
        if name in inputs.channels:
            place = inputs.channels.index(name)
            error = float(np.abs(likeness[:, 0] - block.channel_scores[:, 0, place]).max())
            if error > LARGEST_ERROR:
                raise LongtailError(
                    f"The channel {name} of product {item} differs by {error:.4f} from the one that score read: "
                    "another step has written a table of the night since.",
                    "Run jobs/build_candidates.py and jobs/score.py for the date again.",
                )
            scores[:, :, place] = likeness
    worded = _worded(block, scores, [int(block.candidates[0, 0]), *added], scorer)
    logits = scorer.ensemble.predict(worded, encoded).astype(np.float64)
    written = np.array([sample.chances[user, item] for user in users])
    odds = logit(np.clip(written, _MOST_CERTAIN, 1.0 - _MOST_CERTAIN))
    return expit(odds[:, None] + scorer.calibrator.slope * (logits - logits[:, :1]))


def _worded(block: Block, scores: np.ndarray, candidates: Sequence[int], scorer: Scorer) -> Block:
    """The block of one candidate with its wordings in place of it."""
    shape, first_stage = scores.shape[:2], scorer.first_stage
    parts = first_stage.parts(np.moveaxis(scores, 2, 0)).sum(axis=0)
    return replace(
        block,
        candidates=np.broadcast_to(np.array(candidates, dtype=np.int32), shape).copy(),
        channel_scores=scores,
        first_stage_score=(block.first_stage_score + parts - parts[:, :1]).astype(np.float32),
        pair_features=np.repeat(block.pair_features, shape[1], axis=1),
    )


def with_wordings(items: Items, wordings: Mapping[int, np.ndarray]) -> Items:
    """The items, and after them each wording as an item of its own with the features and the picture of its item."""
    texts, of = [items.text], list[int]()
    for place, vectors in wordings.items():
        picture = items.text[items.text_row[place]][vectors.shape[1] :]
        texts.append(np.concatenate([vectors, np.tile(picture, (len(vectors), 1))], axis=1).astype(np.float32))
        of += [place] * len(vectors)
    rows = len(items.text) + np.arange(len(of), dtype=np.int32)
    return Items(
        np.concatenate([items.features, items.features[of]]),
        np.concatenate(texts),
        np.concatenate([items.text_row, rows]).astype(np.int32),
    )


def _read(night: Night, champion: Champion, scorer: Scorer, side: ItemSide, texts: Texts, pairs: DataFrame) -> _Sample:
    tables, as_of = night.tables, night.as_of
    known = pairs.select("user_id", "item_id", "relevance").toPandas()
    chosen = F.broadcast(night.spark.createDataFrame(known, "user_id string, item_id string, relevance double"))
    users = F.broadcast(chosen.select("user_id").distinct())
    candidates = read_candidates(tables, as_of, champion.encoder_version, scorer.first_stage.version)
    candidates = candidates.join(chosen, on=["user_id", "item_id"], how="left_semi")
    shoppers = read_shoppers(tables, as_of, scorer.ranker.inputs).join(users, on="user_id", how="left_semi")
    numbered = pd.DataFrame({"item_id": side.item_ids, "item_row": np.arange(len(side.item_ids), dtype=np.int32)})
    item_rows = night.spark.createDataFrame(numbered, "item_id string, item_row int")
    # In the order of `shopper_arrays`.
    bought = (
        responses_before(tables.read(EVENTS), item_rows, as_of, night.conf.relevance.target)
        .join(users, on="user_id", how="left_semi")
        .groupBy("user_id")
        .agg(F.sort_array(F.collect_list(F.struct("days_ago", "item_row"))).alias("lines"))
        .select("user_id", "lines.item_row")
    ).toPandas()
    vectors = embeddings_by(
        tables.read_date(USER_EMBEDDINGS, as_of), champion.encoder_version, f"shoppers on {as_of}"
    ).join(users, on="user_id", how="left_semi")
    of_shoppers = vectors.select("user_id", "embedding").toPandas()
    chances = zip(zip(known["user_id"], known["item_id"], strict=True), known["relevance"], strict=True)
    return _Sample(
        candidates.toArrow(),
        shoppers.toArrow(),
        dict(chances),
        {user: texts.row[np.array(rows)] for user, rows in zip(bought["user_id"], bought["item_row"], strict=True)},
        {
            user: np.array(vector, dtype=np.float32)
            for user, vector in zip(of_shoppers["user_id"], of_shoppers["embedding"], strict=True)
        },
    )
