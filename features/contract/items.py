"""The catalogue with its history: one row per version of an item."""

from pyspark.sql.types import ArrayType, DoubleType, FloatType, LongType, MapType, StringType, TimestampType

from features.contract.money import LARGEST_PRICE, MONEY
from features.contract.table import Column, Invariant, Table, plausible_time, readable

ITEMS = Table(
    name="items",
    meaning="The catalogue with its history: one row per version of an item.",
    columns=(
        Column("item_id", StringType(), "Identifier of the product."),
        Column("valid_from", TimestampType(), "Time from which this version of the item is valid."),
        Column("valid_to", TimestampType(), "Time at which this version ends; NULL while it is valid.", nullable=True),
        Column("title", StringType(), "Name shown to shoppers."),
        Column("description", StringType(), "Longer text.", nullable=True),
        Column("category", StringType(), "Path of the category, levels separated by ' > '.", nullable=True),
        Column(
            "product_type",
            StringType(),
            "Finest kind of product; the variety of a list is counted by it.",
            nullable=True,
        ),
        Column("brand", StringType(), "Brand.", nullable=True),
        Column("provider_id", StringType(), "Manufacturer or marketplace seller.", nullable=True),
        Column("price", MONEY, "Price of one unit in the store's currency.", nullable=True),
        Column("margin", DoubleType(), "Share of the price that the store keeps.", nullable=True),
        Column("stock_quantity", LongType(), "Units in stock; NULL if the store does not track stock.", nullable=True),
        Column("image_embedding", ArrayType(FloatType()), "Embedding of the picture.", nullable=True),
        Column("image_uri", StringType(), "Address of the picture's file.", nullable=True),
        Column("attributes", MapType(StringType(), StringType()), "Further attributes as text."),
        Column("listed_at", TimestampType(), "Time from which the item can be bought."),
        Column("withdrawn_at", TimestampType(), "Time from which it cannot be bought.", nullable=True),
        Column("updated_at", TimestampType(), "Time of the last change in the source."),
    ),
    key=(
        "item_id",
        "valid_from",
    ),
    invariants=(
        Invariant("item_id_empty", "item_id <> ''"),
        Invariant("valid_to_not_after_valid_from", "valid_to > valid_from"),
        Invariant("price_negative", "price >= 0", "price"),
        # Goods on back order: known, and out of stock.
        Invariant("stock_quantity_negative", "stock_quantity >= 0", "stock_quantity", otherwise="0"),
        Invariant("withdrawn_at_not_after_listed_at", "withdrawn_at > listed_at"),
        *plausible_time("valid_from", "listed_at", "updated_at"),
        Invariant("price_absurd", f"price <= {LARGEST_PRICE}", "price"),
        Invariant("margin_absurd", "margin BETWEEN -100 AND 1", "margin"),
        Invariant(
            "image_embedding_not_finite",
            "NOT exists(image_embedding, x -> x IS NULL OR NOT abs(x) < 1e15)",
            "image_embedding",
        ),
        *readable("item_id", longest=256),
        *readable("title", "category", "product_type", "brand", "provider_id", longest=2000),
        *readable("description", longest=20000),
        *readable("image_uri", longest=2000),
    ),
)
