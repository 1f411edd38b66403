"""Measures how well a night's relevance ranks the tail items that households of the panel newly buy after the night.

    make benchmark-panel CONF=conf/local.yaml [AS_OF=2017-12-01] [ARGS="--days 31 --households held-out"]
    make benchmark-panel-months [MONTHS="2017-09-01 2017-10-01"]

Needs a night of the configuration on the panel (make nightly). Before the cut, the night's date, the head is the
smallest set of items, most lines first, ties by item_id, that holds 80 % of all lines; the tail is every other item.
Targets are the pairs of a household that bought before the cut and a tail item that it bought at or after the cut and
never before. Items of the head and those bought before are dropped from a household's candidates; the best 100 of the
rest are evaluated.

The second command trains and runs a night of its own at each date, in warehouse_panel/, and evaluates the 30 days after
it: constants of the design were compared on December 2017, not on these months. `--households held-out` evaluates the
fifth of the households that a hash of their id selects, `others` the rest: a comparison of constants that looks at
`others` alone leaves `held-out` untouched. Models are trained on the past of all households either way.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from pyspark.sql import functions as F

from features.contract import RELEVANCE
from jobs.config.configuration import load_config
from jobs.execution.command import add_as_of, parser
from jobs.runtime.session import spark_session
from jobs.sources.complete_journey.panel import Panel
from jobs.tables.warehouse import Warehouse
from model.ranking_metrics import hit_at, ndcg_at, recall_at

HEAD_SHARE, LISTED, FIRST = 0.8, 100, 10
HOUSEHOLD_PARTS = 5  # one of them is held out
PAIR = ["user_id", "item_id"]


@dataclass(frozen=True)
class Split:
    """Pairs bought before the cut (`known`), items of the `head`, and `targets`. A pair is user_id, item_id."""

    known: pd.DataFrame
    head: set[str]
    targets: pd.DataFrame

    @classmethod
    def of(cls, lines: pd.DataFrame, cut: str, days: int | None = None) -> Split:
        """Splits the lines (user_id, item_id, time) at an ISO date; targets are bought within `days`, if given."""
        if days is not None:
            lines = lines[lines.time < pd.Timestamp(cut) + pd.Timedelta(days=days)]
        early = lines.time < pd.Timestamp(cut)
        before = lines[early]
        counts = before.groupby("item_id").size().rename("lines").reset_index()
        counts = counts.sort_values(["lines", "item_id"], ascending=[False, True])
        held = counts.lines.cumsum() - counts.lines
        head = set(counts.item_id[held < HEAD_SHARE * counts.lines.sum()])
        known = before[PAIR].drop_duplicates()
        later = lines.loc[~early, PAIR].drop_duplicates()
        later = later[later.user_id.isin(set(known.user_id)) & ~later.item_id.isin(head)]
        return cls(known, head, without(later, known))


def held_out(user_ids: pd.Series) -> pd.Series:
    """Whether each household is in the fifth that is held out from comparisons of constants, by the hash of its id."""
    return user_ids.map(lambda user: zlib.crc32(f"held out {user}".encode()) % HOUSEHOLD_PARTS == 0).astype(bool)


def of_households(split: Split, which: str) -> Split:
    """The split with the targets of all households, of the held-out ones, or of the others."""
    if which == "all":
        return split
    inside = held_out(split.targets.user_id)
    return replace(split, targets=split.targets[inside if which == "held-out" else ~inside])


def without(pairs: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """The rows of `pairs` whose user_id and item_id are not in `others`."""
    return pairs[~pd.MultiIndex.from_frame(pairs[PAIR]).isin(pd.MultiIndex.from_frame(others[PAIR]))]


def figures(ranking: pd.DataFrame, split: Split) -> dict[str, float]:
    """Ranking metrics, means over the households with targets, and the standard error of the recall.

    ranking: user_id, item_id, score
    """
    targets = split.targets.groupby("user_id").size()
    allowed = ranking[ranking.user_id.isin(targets.index) & ~ranking.item_id.isin(split.head)]
    allowed = without(allowed, split.known).sort_values(["user_id", "score"], ascending=[True, False], kind="stable")
    rank = allowed.groupby("user_id").cumcount().to_numpy()
    top, rank = allowed[rank < LISTED], rank[rank < LISTED]
    hits = np.zeros((len(targets), LISTED), dtype=bool)
    is_target = pd.MultiIndex.from_frame(top[PAIR]).isin(pd.MultiIndex.from_frame(split.targets))
    hits[targets.index.get_indexer(top.user_id), rank] = is_target
    count = targets.to_numpy()
    recall = recall_at(hits, count)
    return {
        "households": len(targets),
        "targets": int(count.sum()),
        "recall@100": float(recall.mean()),
        "s.e.": float(recall.std(ddof=1) / np.sqrt(len(recall))),
        "ndcg@100": float(ndcg_at(hits, count).mean()),
        "hit@10": float(hit_at(hits[:, :FIRST]).mean()),
    }


def main() -> None:
    """Prints the metrics of one night."""
    arguments = parser(__doc__)
    add_as_of(arguments)
    arguments.add_argument("--days", type=int, help="days after the night that targets come from (default: all)")
    arguments.add_argument("--households", choices=("all", "held-out", "others"), default="all")
    args = arguments.parse_args()
    conf, spark = load_config(args.conf), spark_session("benchmark-panel")
    panel = Panel(spark)
    lines = panel.transactions().join(panel.products().select("product_id"), on="product_id", how="left_semi")
    rows = lines.select(
        F.col("household_id").cast("string").alias("user_id"),
        F.col("product_id").cast("string").alias("item_id"),
        F.col("transaction_timestamp").alias("time"),
    ).toPandas()
    night = Warehouse(spark, conf.warehouse).read_date(RELEVANCE, args.as_of)
    ranking = night.select(*PAIR, F.col("relevance").alias("score")).toPandas()
    spark.stop()
    split = of_households(Split.of(rows, args.as_of.isoformat(), args.days), args.households)
    for name, value in figures(ranking, split).items():
        print(f"{name:12s}{value:,.4f}" if isinstance(value, float) else f"{name:12s}{value:,}")


if __name__ == "__main__":
    main()
