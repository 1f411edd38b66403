"""Outcomes of a running test: what the shoppers of each arm did each day and before, added up by arm and segment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract import EVENTS, EXPOSURE_SCORES, USERS
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from features.evaluation.outcomes import METRICS, daily_outcomes
from jobs.config.configuration import Config
from jobs.config.experiment import plans_of_arms
from jobs.delivery.live_periods import live_periods, shown_since
from jobs.experiments.arms import arm_column
from jobs.experiments.sufficient_statistics import ALL, Key, moments_by_arm
from jobs.runtime.errors import LongtailError
from jobs.tables.warehouse import Warehouse
from model.experiments.moments import Moments
from model.exposure.reasons import SHARED_LIST_REASONS

PRIMARY = "tail_purchases"
_FEW, _SOME, _MANY = "few purchases", "some purchases", "many purchases"


@dataclass(frozen=True)
class Outcomes:
    """Of all shoppers who were known and had given consent when the test began.

    They count whether or not they came since, and whether or not they keep their consent, as no arm may choose who
    counts. Counts of lists and exposures leave out shoppers who withdrew consent, as they have the control's list.

    moments: by metric, arm and segment; segments are of PRIMARY alone, by the state before the test: activity, and the
        configured attributes
    kinds: of segments, in the order of the report
    listed: by arm, shoppers with a list; seen: by arm assigned, shoppers with a logged exposure of the test's nights
    crossed: shoppers who were shown a list of another arm on the test's nights
    """

    shoppers: int
    moments: dict[Key, Moments]
    kinds: tuple[str, ...]
    listed: dict[str, int]
    seen: dict[str, int]
    crossed: int

    @property
    def shown(self) -> int:
        """Shoppers with a logged exposure."""
        return sum(self.seen.values())

    def of_arms(self, metric: str, control: str, arm: str) -> tuple[Moments, Moments] | None:
        """The moments of a metric in the two arms; None where an arm has no shopper."""
        first, second = self.moments.get((metric, control, *ALL)), self.moments.get((metric, arm, *ALL))
        return None if first is None or second is None else (first, second)

    def segments_of(self, control: str, arm: str) -> dict[tuple[str, str], tuple[Moments, Moments]]:
        """By kind and name of the segments with shoppers in both arms: the moments of PRIMARY in both, by name."""
        names = sorted({key[2:] for key in self.moments} - {ALL}, key=lambda name: (self.kinds.index(name[0]), name))
        pairs = {name: ((PRIMARY, control, *name), (PRIMARY, arm, *name)) for name in names}
        return {
            name: (self.moments[first], self.moments[second])
            for name, (first, second) in pairs.items()
            if first in self.moments and second in self.moments
        }

    def mean_before(self, metric: str) -> float:
        """The mean of a metric a shopper and day before the test, over all arms."""
        of_all = [moments for key, moments in self.moments.items() if (key[0], *key[2:]) == (PRIMARY, *ALL)]
        place = METRICS.index(metric)
        return sum(float(arm.shoppers * arm.before[place]) for arm in of_all) / self.shoppers


def read_outcomes(tables: Warehouse, conf: Config, first: date, until: date) -> Outcomes:
    """The outcomes from `first` to before `until`. Raises LongtailError when no shopper was known and had consent."""
    test = conf.experiment
    start = first - timedelta(days=test.before_days)
    known = _known(tables, conf, first).join(_purchases(tables, first, start, until), on="user_id", how="left")
    lines = F.aggregate(
        F.filter("outcomes", lambda day: day["day"] < test.before_days),
        F.lit(0.0),
        lambda lines, day: lines + day["tail_purchases"] + day["head_purchases"],
    )
    shoppers = known.withColumn("lines", F.coalesce(lines, F.lit(0.0))).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        bounds = shoppers.agg(F.count("*").alias("n"), F.percentile("lines", [1 / 3, 2 / 3]).alias("thirds")).head()
        assert bounds is not None
        if not bounds["n"]:
            raise LongtailError(
                f"No shopper signed up before {first} and consented to personalisation.",
                "Look at experiment.starts_on, and at signed_up_at and consent_personalisation in the table users.",
            )
        rows = shoppers.select(
            arm_column(conf, F.col("user_id")).alias("arm"),
            F.concat(F.array(_third(*bounds["thirds"])), "attributes").alias("segments"),
            "outcomes",
        )
        kinds = ("activity", *test.segment_attributes)
        moments = moments_by_arm(rows, kinds, test.before_days, (until - first).days, PRIMARY)
    finally:
        shoppers.unpersist()
    return Outcomes(bounds["n"], moments, kinds, *_shown(tables, conf, first, until))


def _known(tables: Warehouse, conf: Config, first: date) -> DataFrame:
    """user_id, and attributes: array<string>, those of the configuration in order."""
    opted_out = tables.read_date(USER_FEATURES_TABLE, first).where(~F.col("consent_personalisation")).select("user_id")
    attributes = [
        F.coalesce(F.col("attributes").getItem(name), F.lit("unknown")) for name in conf.experiment.segment_attributes
    ]
    return (
        tables.read(USERS)
        .where(F.col("signed_up_at") < F.lit(first).cast("timestamp"))
        .join(opted_out, on="user_id", how="left_anti")
        .select("user_id", F.array(*attributes).cast("array<string>").alias("attributes"))
    )


def _purchases(tables: Warehouse, first: date, start: date, until: date) -> DataFrame:
    """user_id and outcomes: array<struct<day, METRICS>> of the days with a purchase, day 0 being `start`."""
    purchases = tables.read(EVENTS).where(
        (F.col("event_type") == "purchase")
        & (F.col("event_date") >= F.lit(start))
        & (F.col("event_date") < F.lit(until))
    )
    segments = tables.read_date(ITEM_FEATURES_TABLE, first).select("item_id", "segment")
    day = F.date_diff("event_date", F.lit(start)).alias("day")
    return (
        daily_outcomes(purchases, segments)
        .groupBy("user_id")
        .agg(F.collect_list(F.struct(day, *METRICS)).alias("outcomes"))
    )


def _third(low: float, high: float) -> Column:
    """The name of the third of the shoppers by lines before the test."""
    lines = F.col("lines")
    return F.when(lines <= low, _FEW).when(lines <= high, _SOME).otherwise(_MANY)


def _shown(tables: Warehouse, conf: Config, first: date, until: date) -> tuple[dict[str, int], dict[str, int], int]:
    """Shoppers by arm with a list, and with a logged exposure; how many of these were shown another arm's list.

    Shoppers who had the shared list on any night are left out. On the first day the lists of the night before, which
    knew no arms, stay live until the publish: their exposures do not count.
    """
    arms = {plan.policy: arm for arm, plan in plans_of_arms(conf.plan, conf.experiment).items()}
    lists = tables.read(EXPOSURE_SCORES).where(
        (F.col("as_of") >= F.lit(first))
        & (F.col("as_of") < F.lit(until))
        & F.col("policy").isin(list(arms))
        & (F.col("placement") == conf.plan.placement)
    )
    opted_out = lists.where(F.col("reason").isin(*SHARED_LIST_REASONS)).select("user_id").distinct()
    personal = lists.join(opted_out, on="user_id", how="left_anti")
    counts = {row["policy"]: row["n"] for row in
              personal.groupBy("policy").agg(F.countDistinct("user_id").alias("n")).collect()}  # fmt: skip
    logged = tables.read(EVENTS).where(
        (F.col("event_type") == "exposure")
        & (F.col("event_date") >= F.lit(first))
        & (F.col("event_date") < F.lit(until))
        & (F.col("placement") == conf.plan.placement)
        & F.col("policy").isNotNull()
    )
    nights = [first + timedelta(days=day) for day in range((until - first).days)]
    logged = shown_since(logged, first, live_periods(tables, nights, (), conf.plan.policy, until))
    arm_of_policy = F.create_map(*(F.lit(word) for pair in arms.items() for word in pair))
    shown_in = F.collect_set(F.coalesce(arm_of_policy[F.col("policy")], F.lit(""))).alias("shown_in")
    shoppers = logged.join(opted_out, on="user_id", how="left_anti").groupBy("user_id").agg(shown_in)
    by_arm = (
        shoppers.withColumn("arm", arm_column(conf, F.col("user_id")))
        .groupBy("arm")
        .agg(
            F.count("*").alias("seen"),
            F.count_if(F.exists("shown_in", lambda arm: arm != F.col("arm"))).alias("crossed"),
        )
        .collect()
    )
    seen = {row["arm"]: row["seen"] for row in by_arm}
    listed = {arm: int(counts.get(policy, 0)) for policy, arm in arms.items()}
    return listed, {name: int(seen.get(name, 0)) for name in arms.values()}, sum(row["crossed"] for row in by_arm)
