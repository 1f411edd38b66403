"""Columns that several tables of daily partial sums have."""

from pyspark.sql.types import DoubleType, LongType

from features.contract.money import MONEY
from features.contract.table import Column

PURCHASES_COUNT = Column("purchases_count", LongType(), "Purchase lines.", event="purchase")
UNITS_SUM = Column("units_sum", LongType(), "Units bought.", event="purchase", of="quantity")
SPEND_SUM = Column("spend_sum", MONEY, "Amount paid.", event="purchase", of="price")
DISCOUNT_SUM = Column("discount_sum", MONEY, "Discount.", event="purchase", of="discount")
DISCOUNTED_COUNT = Column(
    "discounted_count", LongType(), "Purchase lines with a discount.", event="purchase", of="discount"
)
RETURNS_COUNT = Column("returns_count", LongType(), "Lines sent back.", event="return")
EXPOSURES_WEIGHT = Column(
    "exposures_weight", DoubleType(), "Exposures, by sample weight.", event="exposure", of="sample_weight"
)
RESPONSES_WEIGHT = Column(
    "responses_weight",
    DoubleType(),
    "Exposures with a purchase on the same day, by sample weight.",
    event="exposure",
    of="sample_weight",
)
CLICKS_WEIGHT = Column("clicks_weight", DoubleType(), "Clicks, by sample weight.", event="click", of="sample_weight")
VIEWS_WEIGHT = Column(
    "views_weight", DoubleType(), "Views of the product page, by sample weight.", event="view", of="sample_weight",
    default=0.0,
)  # fmt: skip
EXITS_WEIGHT = Column(
    "exits_weight", DoubleType(), "Views after which the visitor did nothing more in the session, by sample weight.",
    event="view", of="sample_weight", default=0.0,
)  # fmt: skip
FAVOURITES_WEIGHT = Column(
    "favourites_weight", DoubleType(), "Times put on a list of favourites, by sample weight.", event="favourite",
    of="sample_weight", default=0.0,
)  # fmt: skip
CARTS_WEIGHT = Column(
    "carts_weight", DoubleType(), "Additions to the cart, by sample weight.", event="cart", of="sample_weight"
)
