"""The change of a category's prices that its elasticity suggests."""

from pyspark.sql.types import DateType, DoubleType, LongType, StringType

from features.contract.table import Column, Invariant, Table

VERDICTS = ("raise", "lower", "keep", "cannot_tell")

PRICE_SUGGESTIONS = Table(
    name="price_suggestions",
    meaning="The change of a category's prices that its elasticity suggests, with its evidence; never applied.",
    columns=(
        Column("as_of", DateType(), "Night."),
        Column("category", StringType(), "Path of the category."),
        Column("verdict", StringType(), ", ".join(VERDICTS) + "."),
        Column(
            "why_not",
            StringType(),
            "Why there is no estimate: few_items (or few weeks, or one item decides), prices_hardly_moved (apart "
            "from season and promotions), no_estimate; empty otherwise.",
        ),
        Column("elasticity", DoubleType(), "Percent by which the units of an item change if its price rises by 1 % and "
               "others stay: the median after pooling over categories.", nullable=True),
        Column("elasticity_low", DoubleType(), "Lower end of its 90 % interval.", nullable=True),
        Column("elasticity_high", DoubleType(), "Upper end of its 90 % interval.", nullable=True),
        Column("own_elasticity", DoubleType(), "The estimate of the category alone.", nullable=True),
        Column("own_error", DoubleType(), "Its standard error, clustered by item.", nullable=True),
        Column(
            "promotion_factor",
            DoubleType(),
            "Factor of sales by promotion at all stores at an equal price; NULL if nothing was promoted.",
            nullable=True,
        ),
        Column("items_count", LongType(), "Items compared: at most suggestions.price_items of those sold most."),
        Column("item_weeks_count", LongType(), "Weeks of these items with a known price."),
        Column("moved_items_count", LongType(), "Items compared whose price moved by 3 % or more."),
        Column(
            "price_spread",
            DoubleType(),
            "Standard deviation of log(price) that items, weeks and promotions do not explain.",
        ),
        Column("objective", StringType(), "What is increased: margin where it is known for most sales, else revenue."),
        Column("change", DoubleType(), "Relative change of prices with the largest expected gain.", nullable=True),
        Column("change_low", DoubleType(), "The best change lies above it with 95 %.", nullable=True),
        Column("change_high", DoubleType(), "The best change lies below it with 95 %.", nullable=True),
        Column("tried_low", DoubleType(), "Smallest change considered: prices were tried so far below their median."),
        Column("tried_high", DoubleType(), "Largest change considered, likewise."),
        Column("weekly_amount", DoubleType(), "Objective a week over the last four weeks, of the items compared."),
        Column("weekly_gain", DoubleType(), "Expected gain of `change` a week.", nullable=True),
        Column("weekly_gain_low", DoubleType(), "Lower end of its 90 % interval.", nullable=True),
        Column("weekly_gain_high", DoubleType(), "Upper end of its 90 % interval.", nullable=True),
        Column("currency", StringType(), "Of the amounts."),
    ),
    key=("as_of", "category"),
    partitioned_by=("as_of",),
    invariants=(
        Invariant("verdict_unknown", f"verdict IN ({', '.join(map(repr, VERDICTS))})"),
        Invariant("why_not_missing", "(why_not <> '') = (verdict = 'cannot_tell')"),
        Invariant("elasticity_out_of_order", "elasticity_low <= elasticity AND elasticity <= elasticity_high"),
        Invariant("change_out_of_range", "tried_low <= change AND change <= tried_high"),
    ),
)  # fmt: skip
