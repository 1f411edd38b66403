"""Suggestions for an item that was listed recently: other wordings, and what its texts lack."""

from pyspark.sql.types import ArrayType, DateType, DoubleType, LongType, StringType, StructField, StructType

from features.contract.table import Column, Invariant, Table

# Delta has no constraint inside an array, so that these fields can be NULL; none is.
SHARE = StructType([StructField("name", StringType()), StructField("share", DoubleType())])
GROUP = StructType(
    [StructField("name", StringType()), StructField("shoppers", LongType()), StructField("chance", DoubleType())]
)
_DIFFERENCE = "The chance less that of the current wording, over the same shoppers"

LAUNCH_SUGGESTIONS = Table(
    name="launch_suggestions",
    meaning="Wordings of recently listed items with the response that the model predicts of each, for a person to "
    "choose; with what the item's texts lack, who would want it and what the plan gives it.",
    columns=(
        Column("as_of", DateType(), "Night."),
        Column("policy", StringType(), "Policy whose relevance and plan it is."),
        Column("item_id", StringType(), "Identifier of the product."),
        Column("wording", StringType(), "Name of the template; current: the wording that the item has."),
        Column("title", StringType(), "Title of the wording."),
        Column("description", StringType(), "Description of the wording; empty without one."),
        Column("chance", DoubleType(), "Mean chance of a response over the sampled shoppers.", nullable=True),
        Column("chance_low", DoubleType(), "Least value of its 95 % interval over shoppers.", nullable=True),
        Column("chance_high", DoubleType(), "Greatest value of it.", nullable=True),
        Column("difference", DoubleType(), f"{_DIFFERENCE}.", nullable=True),
        Column("difference_low", DoubleType(), "Least value of its 95 % interval over shoppers.", nullable=True),
        Column("difference_high", DoubleType(), "Greatest value of it.", nullable=True),
        Column("sampled_count", LongType(), "Shoppers over whom the chance is a mean, launch.shoppers at most."),
        Column("look_alikes", ArrayType(StringType(), False), "Similar items that sell well, the nearest text first."),
        Column("missing_attributes", ArrayType(SHARE, False), "Attributes that many look-alikes have: their share."),
        Column("missing_keywords", ArrayType(SHARE, False), "Keywords that many look-alikes have: their share."),
        Column("likely_queries", ArrayType(StringType(), False), "Searches that are nearest to the item's text."),
        Column("missing_searched", ArrayType(StringType(), False), "Words of them that look-alikes have."),
        Column("audience_count", LongType(), "Shoppers with consent who have it as a candidate."),
        Column("audience_responses", DoubleType(), "Responses expected of them: the sum of their chances."),
        Column("audience_groups", ArrayType(GROUP, False), "Groups of them: shoppers and mean chance, the best first."),
        Column("floor", DoubleType(), "Of item_exposure; NULL for an item that is not in the plan.", nullable=True),
        Column("cap", DoubleType(), "Of item_exposure.", nullable=True),
        Column("allocated", DoubleType(), "Exposures that the plan expects, of item_exposure.", nullable=True),
        Column("run_id", StringType(), "Run that wrote the row."),
    ),
    key=("as_of", "policy", "item_id", "wording"),
    partitioned_by=("as_of", "policy"),
    invariants=(
        Invariant("chance_out_of_range", "chance >= 0 AND chance <= 1"),
        Invariant("chance_not_in_its_interval", "chance_low <= chance_high"),
        Invariant("sampled_count_negative", "sampled_count >= 0"),
        Invariant("audience_count_negative", "audience_count >= 0"),
    ),
)
