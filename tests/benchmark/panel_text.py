"""Compares the text channels of the frozen and a fine-tuned encoder on the tail items that shoppers newly buy.

    make benchmark-text CONF=conf/local.yaml [AS_OF=2017-12-01] [ARGS="--set encoder.fine_tune.hard_negatives=1"]

Needs the tables of a night of the configuration (make nightly), and writes none. The encoder is fine-tuned as in the
night, on purchases before its cut. Each channel alone ranks the eligible items of plan.segments for the shoppers who
newly bought any of them in the 28 days before the night, the period of the night's gate.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
from pyspark.sql import functions as F
from scipy import sparse

from features.contract import EVENTS, ITEMS
from features.declarations import ITEM_FEATURES_TABLE
from features.texts import distinct_texts
from jobs.config.configuration import load_config
from jobs.embed import texts_of_shoppers
from jobs.encoder.pretrained import loaded_encoder
from jobs.encoder.training_data import tuning_data
from jobs.execution.command import add_as_of, parser
from jobs.execution.night import Night, Record
from jobs.fine_tune import two_tower_settings
from jobs.retrieval.date_side import channel_settings
from jobs.runtime.session import spark_session
from jobs.tables.warehouse import Warehouse
from jobs.train_first_stage import responded_pairs
from model.cores import available_cores
from model.periods import training_periods
from model.ranking_metrics import hit_at, ndcg_at, recall_at, top_hits
from model.retrieval.catalogue import KINDS, Catalogue
from model.retrieval.shoppers import Shoppers
from model.retrieval.texts import text_history, text_two_tower
from model.text.bars import Bar
from model.text.encoder import Encoder
from model.text.two_tower import fine_tune

USERS_AT_ONCE, LISTED, FIRST = 250, 100, 10


def main() -> None:
    """Prints the figures of each text channel by both encoders."""
    arguments = parser(__doc__)
    add_as_of(arguments)
    arguments.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change of the configuration"
    )
    args = arguments.parse_args()
    conf, spark = load_config(args.conf, args.set), spark_session("benchmark-text")
    night = Night(conf, args.as_of, "benchmark", spark, Warehouse(spark, conf.warehouse), Record())
    periods = training_periods(night.as_of, conf.relevance.horizon_days, conf.fusion.periods)
    frozen, data = loaded_encoder(night, periods.encoder_cut), tuning_data(night, periods)
    task = Task(night, periods.gate, periods.end(periods.gate))
    spark.stop()
    tuned = fine_tune(
        frozen, data.pairs, two_tower_settings(conf), held_out=data.held_out, negatives=data.negatives,
        threads=available_cores(), progress=Bar("fine-tuning", "step"),
    )  # fmt: skip
    held_out_loss = {step: round(loss, 3) for step, loss in tuned.held_out.items()}
    print(f"{len(task.shoppers)} shoppers, {int(task.targets.sum())} targets, {len(task.items)} items {args.set}")
    print(f"{len(tuned.losses)} steps, kept {tuned.best_step}, loss on the held-out days {held_out_loss}")
    print(f"{'recall@100 / ndcg@100 / hit@10':40s}{'all':24s}{'tail':24s}{'cold':24s}")
    for name, encoder in {"frozen": frozen, "fine-tuned": tuned.encoder}.items():
        for channel, cells in task.measured(encoder).items():
            print(f"{channel + ', ' + name:40s}" + "".join(f"{cell:24s}" for cell in cells), flush=True)


class Task:
    """New purchases of eligible items in [cut, end), with the shoppers and items as known at the cut."""

    def __init__(self, night: Night, cut: date, end: date) -> None:
        self.settings, self.batch_size = channel_settings(night.conf), night.conf.encoder.batch_size
        known = night.tables.read_date(ITEM_FEATURES_TABLE, cut)
        known = known.join(distinct_texts(night.tables.read(ITEMS)), on="text_hash", how="inner")
        items = (
            known.select("item_id", "text", "segment", "is_eligible")
            .toPandas()
            .sort_values("item_id", ignore_index=True)
        )
        self.texts = items.text.drop_duplicates().to_list()
        self.text_row = pd.Index(self.texts).get_indexer(items.text).astype(np.int32)
        is_ranked = (items.is_eligible & items.segment.isin(list(night.conf.plan.segments))).to_numpy()
        self.known, self.eligible = items.item_id.to_numpy(dtype=str), np.flatnonzero(is_ranked).astype(np.int32)
        self.items, self.segment = self.known[self.eligible], items.segment.to_numpy()[self.eligible]
        events = night.tables.read(EVENTS).where(
            (F.col("event_type") == "purchase") & (F.col("event_date") < F.lit(cut))
        )
        bought = events.select("user_id", "item_id", "event_time").toPandas()
        bought["item"] = pd.Index(self.known).get_indexer(bought.item_id)
        bought = bought[bought.item >= 0].sort_values(["user_id", "event_time", "item"], ascending=[True, False, True])
        user_texts = texts_of_shoppers(night, cut).toPandas().set_index("user_id").text
        responses = responded_pairs(night, cut, end).toPandas()
        responses["column"] = pd.Index(self.items).get_indexer(responses.item_id)
        responses = responses[(responses.column >= 0) & responses.user_id.isin(user_texts.index)]
        users = np.unique(responses.user_id)
        row = pd.Index(users).get_indexer(bought.user_id)
        bought, row = bought[row >= 0], row[row >= 0]
        start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(users)))]).astype(np.int64)
        no_vectors, item = np.zeros((len(users), 0), dtype=np.float32), bought["item"].to_numpy(dtype=np.int32)
        self.shoppers = Shoppers(
            users.astype(str), start, item, np.zeros(len(item), dtype=np.float32),
            np.full(len(item), -1, dtype=np.int32), no_vectors, no_vectors,
        )  # fmt: skip
        self.user_texts = user_texts.loc[users].to_list()
        bought_before = self.shoppers.bought(len(self.known)).toarray()[:, self.eligible] > 0
        targets = np.zeros_like(bought_before)
        targets[pd.Index(users).get_indexer(responses.user_id), responses.column] = True
        self.bought_before, self.targets = bought_before, targets & ~bought_before

    def measured(self, encoder: Encoder) -> dict[str, list[str]]:
        """Metrics of each text channel for all targets and for those of each segment, as text."""
        catalogue = self._catalogue(encoder.encode_items(self.texts, self.batch_size, progress=Bar("item texts")))
        vectors = encoder.encode_users(self.user_texts, self.batch_size, progress=Bar("shoppers"))
        people = replace(self.shoppers, text=vectors)
        cells = {}
        for name, channel in {"text_two_tower": text_two_tower, "text_history": text_history}.items():
            hits = {group: [] for group in ("all", "tail", "cold")}
            for start in range(0, len(people), USERS_AT_ONCE):
                rows = np.arange(start, min(start + USERS_AT_ONCE, len(people)))
                scores = channel(catalogue, people.take(rows), self.settings)
                score = scores.values[:, scores.column].copy()
                score[self.bought_before[rows]] = -np.inf
                for group, ranked in hits.items():
                    in_group = (self.segment == group) | (group == "all")
                    targets = self.targets[rows] & in_group
                    has_target = targets.any(axis=1)
                    if has_target.any():
                        ranked.append(
                            (
                                top_hits(np.where(in_group, score, -np.inf)[has_target], targets[has_target], LISTED),
                                targets[has_target].sum(axis=1),
                            )
                        )
            cells[name] = [_cell(ranked) for ranked in hits.values()]
        return cells

    def _catalogue(self, vectors: np.ndarray) -> Catalogue:
        m, n = len(self.known), len(self.items)
        no_stores = sparse.csr_matrix((0, n), dtype=np.float32)
        no_neighbours = sparse.csr_matrix((0, m + 1), dtype=np.float32)
        return Catalogue(
            item_ids=self.known, codes={kind: np.zeros(m, dtype=np.int32) for kind in KINDS},
            relative_price=np.zeros(m, dtype=np.float32), text_row=self.text_row, eligible=self.eligible,
            cold=self.segment == "cold", text=vectors, als=np.zeros((n, 0), dtype=np.float32),
            item_statistics={}, store_purchases=no_stores,
            store_promotions=no_stores, neighbour_ids=np.zeros(0, dtype=str), neighbour_profiles=no_neighbours,
            neighbour_purchases=no_stores, profile_idf=np.zeros(m + 1, dtype=np.float32),
        )  # fmt: skip


def _cell(ranked: list[tuple[np.ndarray, np.ndarray]]) -> str:
    """Means over shoppers; each segment is ranked alone."""
    if not ranked:
        return "-"
    hits, targets = (np.concatenate(part) for part in zip(*ranked, strict=True))
    means = recall_at(hits, targets).mean(), ndcg_at(hits, targets).mean(), hit_at(hits[:, :FIRST]).mean()
    return "{:.4f}/{:.4f}/{:.4f}".format(*means)


if __name__ == "__main__":
    main()
