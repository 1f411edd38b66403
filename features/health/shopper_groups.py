"""Lists of shoppers by values of their attributes, in groups that are too large to identify a shopper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import nan, sqrt

from pyspark.sql import Column, DataFrame, Row, Window
from pyspark.sql import functions as F

from features.contract.metrics import ALL, GROUP_MEASURES, GROUP_SHOPPERS, MARGIN
from features.health.figures import Figure, finite

MOST = 12  # values of an attribute with a group of their own
_OTHERS = "others"
_NORMAL = 1.959963984540054  # 0.975 quantile


@dataclass(frozen=True)
class Moments:
    """Number, mean and variance (divided by the number) of a measure over some shoppers."""

    count: int
    mean: float
    variance: float


@dataclass(frozen=True)
class Group:
    """Shoppers with one value of an attribute, None for values of few shoppers together; moments by measure."""

    value: str | None
    shoppers: int
    moments: dict[str, Moments]


def segment_of(attribute: str, value: str | None) -> str:
    """The segment of a group in `metrics`. value: '' where shoppers have none, None for the values of few shoppers"""
    return f"{attribute} {_OTHERS}" if value is None else f"{attribute}={value}"


def shopper_figures(shoppers: DataFrame, attributes: Sequence[str], least: int) -> list[Figure]:
    """Number of shoppers and mean of each measure, of all shoppers and by value of each attribute, with MARGIN.

    Values of fewer than `least` shoppers are one group, and so are those beyond the MOST most frequent ones; if it has
    fewer than `least` itself, the smallest other group joins it. A measure that fewer than `least` shoppers have is
    left out. No figures where all shoppers are fewer than `least`.

    shoppers: attributes (map), GROUP_MEASURES (double, NULL for shoppers whom a measure does not describe)
    """
    rows = shoppers.select(F.explode(_pairs(attributes)).alias("of"), *GROUP_MEASURES).select("of.*", *GROUP_MEASURES)
    rows = rows.persist()
    frequent = [(row["attribute"], row["value"], True) for row in _frequent(rows, least)]
    is_kept = rows.sparkSession.createDataFrame(frequent, "attribute string, value string, is_kept boolean")
    named = rows.join(F.broadcast(is_kept), on=["attribute", "value"], how="left")
    sums = named.groupBy("attribute", F.when(F.col("is_kept"), F.col("value")).alias("value")).agg(
        F.count("*").alias("shoppers"), *(sum_ for name in GROUP_MEASURES for sum_ in _sums(name))
    )
    groups: dict[str, list[Group]] = {name: [] for name in attributes}
    for row in sums.collect():
        groups[row["attribute"]].append(_group(row))
    rows.unpersist()
    everyone = _together(groups[attributes[0]]) if attributes else None
    if everyone is None or everyone.shoppers < least:
        return []
    of_all = [
        (GROUP_SHOPPERS, ALL, float(everyone.shoppers)),
        *((name, ALL, everyone.moments[name].mean) for name in GROUP_MEASURES),
    ]
    return finite([*of_all, *(figure for name in attributes for figure in _figures(name, groups[name], least))])


def _pairs(attributes: Sequence[str]) -> Column:
    """array<struct<attribute, value>> of a shopper; the value is '' where there is none."""
    return F.array(
        *(
            F.struct(
                F.lit(name).alias("attribute"),
                F.coalesce(F.trim(F.col("attributes").getItem(name)), F.lit("")).alias("value"),
            )
            for name in attributes
        )
    )


def _frequent(rows: DataFrame, least: int) -> list[Row]:
    """The values that have a group of their own."""
    order = Window.partitionBy("attribute").orderBy(F.desc("count"), "value")
    counts = rows.groupBy("attribute", "value").count().where(F.col("count") >= least)
    return counts.withColumn("place", F.row_number().over(order)).where(F.col("place") <= MOST).collect()


def _sums(name: str) -> Sequence[Column]:
    return (
        F.count(name).alias(f"{name}_count"),
        F.avg(name).alias(f"{name}_mean"),
        F.var_pop(name).alias(f"{name}_variance"),
    )


def _group(row: Row) -> Group:
    moments = {
        name: Moments(row[f"{name}_count"], row[f"{name}_mean"] or 0.0, row[f"{name}_variance"] or 0.0)
        for name in GROUP_MEASURES
    }
    return Group(row["value"], row["shoppers"], moments)


def _figures(attribute: str, groups: list[Group], least: int) -> Iterable[Figure]:
    large = _large(groups, least)
    for group in large:
        segment = segment_of(attribute, group.value)
        yield GROUP_SHOPPERS, segment, float(group.shoppers)
        rest = _together([other for other in large if other is not group])
        for name in GROUP_MEASURES:
            moments = group.moments[name]
            if moments.count >= least:
                yield name, segment, moments.mean
                yield name + MARGIN, segment, nan if rest is None else _margin(moments, rest.moments[name])


def _large(groups: list[Group], least: int) -> list[Group]:
    """The groups after the smallest ones have joined that of the values of few shoppers, if it is too small."""
    others = [group for group in groups if group.value is None]
    own = sorted((group for group in groups if group.value is not None), key=lambda group: group.shoppers)
    while others and sum(group.shoppers for group in others) < least and own:
        others.append(own.pop(0))
    together = _together(others)
    return own if together is None else [*own, together]


def _together(groups: Sequence[Group]) -> Group | None:
    """All shoppers of some groups; None for no group."""
    if not groups:
        return None
    moments = {name: _pooled([group.moments[name] for group in groups]) for name in GROUP_MEASURES}
    return Group(None, sum(group.shoppers for group in groups), moments)


def _pooled(parts: Sequence[Moments]) -> Moments:
    count = sum(part.count for part in parts)
    if not count:
        return Moments(0, nan, nan)
    mean = sum(part.count * part.mean for part in parts) / count
    return Moments(count, mean, sum(part.count * (part.variance + (part.mean - mean) ** 2) for part in parts) / count)


def _margin(group: Moments, rest: Moments) -> float:
    """Half the 95 % interval of a group's mean less that of all shoppers, of whom it is a part; NaN without others.

    The difference is the share of the other shoppers times the group's mean less theirs, two independent means.
    """
    if group.count < 2 or rest.count < 2:
        return nan
    deviation = sqrt(group.variance / (group.count - 1) + rest.variance / (rest.count - 1))
    return _NORMAL * rest.count / (group.count + rest.count) * deviation
