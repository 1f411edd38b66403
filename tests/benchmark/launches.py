"""Measures how well a night orders the panel's new items by their early sales, against the mean of their category.

    make benchmark-launches CONF=conf/local.yaml [AS_OF=2017-12-01] [ARGS="--days 28"]

Needs a night of the configuration on the panel (make nightly). New items are those of the segments of plan.segments
that may be shown and were listed in the last launch.days before the cut, the night's date. The predicted order is by
the responses expected of all shoppers, the sum of the night's relevance, which is 0 for an item that is no candidate of
any. The observed one is by the households that bought the item at or after the cut, within `--days`. Both are divided
by their mean over all items of the category that the night may show. Nothing from the cut on enters the prediction.

Next to it stands the order by purchases of the last 28 days, divided likewise: what is known of an item without a
model.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pyspark.sql import functions as F
from scipy.stats import rankdata

from features.contract import RELEVANCE
from features.declarations import ITEM_FEATURES_TABLE
from jobs.config.configuration import load_config
from jobs.execution.command import add_as_of, parser
from jobs.runtime.session import spark_session
from jobs.sources.complete_journey.panel import Panel
from jobs.tables.warehouse import Warehouse

PREDICTED, BOUGHT, PAST = "expected", "buyers", "purchases"
RESAMPLES = 1_000


def against_category(items: pd.DataFrame, column: str) -> np.ndarray:
    """[n] a column divided by its mean over the items of the category; 0 where the mean is 0."""
    means = items.groupby("category")[column].transform("mean").to_numpy(dtype=np.float64)
    return np.divide(items[column].to_numpy(dtype=np.float64), means, out=np.zeros(len(items)), where=means > 0)


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's, equal values sharing their mean rank; NaN where all of one are equal."""
    ranks = rankdata(first), rankdata(second)
    if any(np.ptp(rank) == 0 for rank in ranks):
        return float("nan")
    return float(np.corrcoef(*ranks)[0, 1])


def figures(items: pd.DataFrame, seed: int = 0) -> dict[str, float]:
    """Rank correlations over the new items, each with its 95 % interval by the bootstrap over items.

    items: category, is_new, PREDICTED, BOUGHT and PAST of all items that the night may show
    """
    new = items["is_new"].to_numpy(dtype=bool)
    values = {column: against_category(items, column)[new] for column in (PREDICTED, BOUGHT, PAST)}
    candidate = items[PREDICTED].to_numpy()[new] > 0
    drawn = np.random.default_rng(seed).integers(new.sum(), size=(RESAMPLES, new.sum()))
    measured: dict[str, float] = {
        "new items": int(new.sum()), "candidates": int(candidate.sum()),
        "bought": int((values[BOUGHT] > 0).sum()),
    }  # fmt: skip
    for column in (PREDICTED, PAST):
        measured[column] = rank_correlation(values[column], values[BOUGHT])
        resampled = [rank_correlation(values[column][rows], values[BOUGHT][rows]) for rows in drawn]
        measured[f"{column} low"], measured[f"{column} high"] = np.nanquantile(resampled, (0.025, 0.975)).tolist()
        of_candidates = values[column][candidate], values[BOUGHT][candidate]
        measured[f"{column} of candidates"] = rank_correlation(*of_candidates)
    return measured


def main() -> None:
    """Prints the rank correlations of one night."""
    arguments = parser(__doc__)
    add_as_of(arguments)
    arguments.add_argument("--days", type=int, default=28, help="days after the night that count (default: 28)")
    args = arguments.parse_args()
    conf, spark = load_config(args.conf), spark_session("benchmark-launches")
    tables, cut = Warehouse(spark, conf.warehouse), F.lit(args.as_of).cast("timestamp")
    shown = tables.read_date(ITEM_FEATURES_TABLE, args.as_of).where(
        F.col("is_eligible") & F.col("segment").isin(list(conf.plan.segments))
    )
    is_new = (F.col("days_since_listed") <= conf.launch.days).alias("is_new")
    items = shown.select("item_id", "category", is_new, F.col("purchases_count_28d").alias(PAST)).toPandas()
    night = tables.read_date(RELEVANCE, args.as_of).where(F.col("policy") == conf.plan.scored_as)
    expected = night.groupBy("item_id").agg(F.sum("relevance").alias(PREDICTED)).toPandas()
    lines = (
        Panel(spark)
        .transactions()
        .where((F.col("transaction_timestamp") >= cut) & (F.col("transaction_timestamp") < F.date_add(cut, args.days)))
    )
    by_item = lines.groupBy(F.col("product_id").cast("string").alias("item_id"))
    bought = by_item.agg(F.countDistinct("household_id").alias(BOUGHT)).toPandas()
    spark.stop()
    items = items.merge(expected, on="item_id", how="left").merge(bought, on="item_id", how="left")
    for name, value in figures(items.fillna({PREDICTED: 0.0, BOUGHT: 0})).items():
        print(f"{name:26s}{value:,.3f}" if isinstance(value, float) else f"{name:26s}{value:,}")


if __name__ == "__main__":
    main()
