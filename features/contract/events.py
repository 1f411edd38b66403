"""What happened: one row per event."""

from pyspark.sql.types import DateType, DoubleType, IntegerType, LongType, StringType, TimestampType

from features.contract.money import LARGEST_PRICE, MONEY
from features.contract.table import SHOPPER_OR_VISITOR, Column, Invariant, Table, plausible_time, readable

SESSION_ORDER = "session"  # of a list that was sorted by what the shopper just viewed
# A view is of a product's page, from anywhere; a click is on a place where the item was shown.
EVENT_TYPES = ("exposure", "view", "click", "favourite", "cart", "purchase", "return", "review", "search")

EVENTS = Table(
    name="events",
    meaning="What happened: one row per event.",
    columns=(
        Column("event_id", StringType(), "Identifier of the event."),
        Column("user_id", StringType(), "Identifier of the shopper; NULL while the visitor is unknown.", nullable=True),
        Column("item_id", StringType(), "Identifier of the product."),
        Column("event_type", StringType(), ", ".join(EVENT_TYPES) + "."),
        Column("event_time", TimestampType(), "Time of the event, UTC."),
        Column("event_date", DateType(), "Day of event_time, UTC; the partition."),
        Column("ingested_at", TimestampType(), "Time at which the source recorded the event."),
        Column("quantity", LongType(), "Units; a purchase line counts once, whatever its quantity."),
        Column("price", MONEY, "Amount paid for one purchase line, in the store's currency; 0 where nothing was paid."),
        Column("discount", MONEY, "Amount taken off the line.", nullable=True),
        Column("store_id", StringType(), "Store.", nullable=True),
        Column("basket_id", StringType(), "Basket or session.", nullable=True),
        Column("placement", StringType(), "Place on the page or in the shop where the item was shown.", nullable=True),
        Column("position", IntegerType(), "Position in the list, 1 is the first.", nullable=True),
        Column("request_id", StringType(), "Request that showed the list.", nullable=True),
        Column("propensity", DoubleType(), "Probability with which the item was shown there.", nullable=True),
        Column("sample_weight", DoubleType(), "Number of events that this row represents."),
        Column("query", StringType(), "Search text.", nullable=True),
        Column("rating", DoubleType(), "Rating of a review.", nullable=True),
        Column("text", StringType(), "Text of a review.", nullable=True),
        Column(
            "source_part",
            StringType(),
            "File of the source that the event came from, if the source has several.",
            nullable=True,
        ),
        Column("policy", StringType(), "Policy that made the list in which the item was shown.", nullable=True),
        Column("list_as_of", DateType(), "Night of the list in which the item was shown.", nullable=True),
        Column("list_run_id", StringType(), "Run that planned that list.", nullable=True),
        Column("list_rank", IntegerType(), "Rank of the item in that list as served, 1 is the first.", nullable=True),
        Column(
            "list_order",
            StringType(),
            "By what that list was sorted when it was shown: session, what the shopper just viewed; plan, or NULL.",
            nullable=True,
        ),
        Column("visitor_id", StringType(), "Identifier of the visitor: a browser, a device or a card.", nullable=True),
    ),
    key=("event_id",),
    invariants=(
        SHOPPER_OR_VISITOR,
        Invariant("event_type_unknown", f"event_type in ({', '.join(map(repr, EVENT_TYPES))})"),
        *plausible_time("event_time"),
        Invariant("event_time_after_ingested_at", "event_time <= ingested_at"),
        Invariant("quantity_negative", "quantity >= 0"),
        Invariant("quantity_absurd", "quantity <= 100000"),
        Invariant("price_negative", "price >= 0"),
        Invariant("price_absurd", f"price <= {LARGEST_PRICE}"),
        Invariant("propensity_out_of_range", "propensity > 0 AND propensity <= 1", "propensity"),
        Invariant("position_below_one", "position >= 1", "position"),
        Invariant("list_rank_below_one", "list_rank >= 1", "list_rank"),
        Invariant("list_order_unknown", f"list_order IN ('plan', '{SESSION_ORDER}')", "list_order"),
        Invariant("sample_weight_below_one", "sample_weight >= 1"),
        Invariant("sample_weight_not_finite", "sample_weight < 1e15"),
        Invariant("rating_not_finite", "abs(rating) < 1e15", "rating"),
        *readable("event_id", "user_id", "item_id", "visitor_id", longest=256),
        *readable("query", "text", longest=20000),
        Invariant("event_date_not_day_of_event_time", "event_date = to_date(event_time)"),
    ),
    skipped_by=("event_date",),
)
