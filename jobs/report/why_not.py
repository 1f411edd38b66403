"""Why an item was not shown to anyone, in words."""

from __future__ import annotations

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from features.contract import CANDIDATES, EXPOSURE_SCORES, ITEM_EXPOSURE, RELEVANCE
from jobs.execution.night import Night
from jobs.planning.columns import item_rows_of, named_columns
from jobs.planning.catalogue.eligibility import why_excluded
from jobs.planning.rules.item_value import item_value, value_columns
from jobs.planning.merchandising import merchandising_on
from model.exposure.reasons import NOT_PERSONAL


def why_not_planned(night: Night, item: str) -> str:
    """Why an item of item_features entered no plan."""
    plan = night.conf.plan
    rows = item_rows_of(night.tables, night.as_of, named_columns(plan)).where(F.col("item_id") == item).toPandas()
    [why] = why_excluded(plan, rows, merchandising_on(plan.merchandising, night.as_of))
    return why or "the plan was made with other settings, or before the item was known"


def why_not_shown(night: Night, item: str) -> str:
    """Why an item that entered the plan is in no list: never a candidate, below the bar, capped, or outdone."""
    plan = night.conf.plan
    policy = F.col("policy") == plan.policy
    scored = night.tables.read_date(RELEVANCE, night.as_of).where(F.col("policy") == plan.scored_as)
    own = scored.where(F.col("item_id") == item)
    best = own.agg(F.count("*").alias("pairs"), F.max("relevance").alias("best")).first()
    assert best is not None
    if not best.pairs:
        candidates = night.tables.read_date(CANDIDATES, night.as_of).where(F.col("item_id") == item)
        if candidates.isEmpty():
            return f"no shopper has it among the first {night.conf.candidates.per_user} candidates"
        return "its candidates were not scored"
    given = night.tables.read_date(ITEM_EXPOSURE, night.as_of).where(policy & (F.col("item_id") == item)).first()
    assert given is not None
    known = f"it is a candidate for {best.pairs} shoppers with a relevance of at most {best.best:.5f}"
    if best.best < plan.relevance_bar:
        return f"{known}, and the bar is {plan.relevance_bar:g}"
    if given.cap == 0:
        return f"{known}, but its cap is 0: nothing is left of its stock, or its share"
    lightest = min(plan.position_weights) / 30
    if given.cap < lightest:
        return f"{known}, but its cap of {given.cap:.4f} exposures is less than one place in any list"
    return f"{known}; {_outdone(night, own, given)}"


def _outdone(night: Night, own: DataFrame, given: Row) -> str:
    plan = night.conf.plan
    policy = F.col("policy") == plan.policy
    # The list of those who refuse personalisation is made by other scores.
    personal = (F.col("propensity") == 1.0) & (F.col("reason") != NOT_PERSONAL)
    planned = night.tables.read_date(EXPOSURE_SCORES, night.as_of).where(policy & personal)
    last = planned.groupBy("user_id").agg(F.min("score").alias("bar"), F.max_by("item_id", "rank").alias("rival"))
    items = item_rows_of(night.tables, night.as_of, value_columns(plan))
    [factor], [addend] = item_value(plan, items.where(F.col("item_id") == given.item_id).toPandas())
    score = F.col("relevance") * float(factor) + float(addend) + given.boost
    reached = own.join(last, on="user_id", how="inner").withColumn("gap", F.col("bar") - score)
    nearest = reached.orderBy("gap", "user_id").first()
    if nearest is None:
        return "none of them has a list of their own"
    if nearest.gap <= 0:
        return (
            "its score would do for a list, but there its product type is full, a cap of it or of its group is used "
            "up, or the shopper has seen it too often"
        )
    tax = f", of which {-given.boost:.5f} is the price of its caps" if given.boost < 0 else ""
    ends = f"the nearest list ends with {nearest.rival} at a score of {nearest.bar:.5f}"
    return f"{ends}, {nearest.gap:.5f} above its own{tax}"
