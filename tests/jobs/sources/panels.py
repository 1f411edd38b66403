"""A panel of a few rows, in files like the package's."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

PRODUCTS = [
    # product_id, manufacturer_id, department, brand, product_category, product_type, package_size
    (1, 11, "GROCERY", "National", "FRZN ICE", "ICE - CRUSHED/CUBED", "22 LB"),
    (2, 12, "FUEL", "Private", "COUPON/MISC ITEMS", "GASOLINE-REG UNLEADED", None),
    (3, 13, "MISCELLANEOUS", "National", None, None, None),
    (4, 14, "GROCERY", "National", "SOFT DRINKS", "SFT DRNK 2 LITER BTL CARB INCL", "2  LTR"),
]
PROMOTIONS = [
    # product_id, store_id, display_location, mailer_location, week; week 45 is 2017-10-30 to 2017-11-05
    (1, 900, "9", "0", 45),
    (1, 900, "0", "A", 45),
    (1, 901, "9", "0", 45),
    (4, 900, "5", "H", 49),  # 2017-11-27
    (1, 900, "1", "0", 50),  # 2017-12-04: later than 2017-12-01
]
LINES = [
    # household_id, store_id, basket_id, product_id, quantity, sales_value, three discounts, time
    (100, 900, 1, 1, 2, 3.00, 0.5, 0.25, 0.0, "2017-10-31 10:00:00"),
    (100, 900, 1, 2, 12000, 30.0, 0.0, 0.0, 0.0, "2017-10-31 10:00:00"),
    (100, 900, 2, 1, 0, 0.0, 0.0, 0.0, 0.0, "2017-11-02 09:00:00"),
    (101, 901, 3, 3, 1, 1.00, 0.0, 0.0, 0.0, "2017-11-30 23:59:59"),
    (101, 901, 3, 77, 1, 1.00, 0.0, 0.0, 0.0, "2017-11-30 23:59:59"),  # in no product table
    (100, 900, 4, 1, 1, 1.00, 0.0, 0.0, 0.0, "2017-12-01 00:00:00"),  # later than 2017-12-01
]


def write_panel(
    folder: Path,
    lines: list[tuple] = LINES,  # type: ignore[type-arg]
    promotions: list[tuple] = PROMOTIONS,  # type: ignore[type-arg]
    without: str = "",
) -> Path:
    """Writes the four files that the mapping reads; `without` names a column to leave out."""
    folder.mkdir(parents=True, exist_ok=True)
    transactions = pd.DataFrame(
        lines,
        columns=[
            "household_id", "store_id", "basket_id", "product_id", "quantity", "sales_value", "retail_disc",
            "coupon_disc", "coupon_match_disc", "transaction_timestamp",
        ],
    )  # fmt: skip
    transactions["transaction_timestamp"] = pd.to_datetime(transactions["transaction_timestamp"])
    tables = {
        "transactions": transactions,
        "products": pd.DataFrame(
            PRODUCTS,
            columns=[
                "product_id", "manufacturer_id", "department", "brand", "product_category", "product_type",
                "package_size",
            ],
        ),
        "promotions": pd.DataFrame(
            promotions, columns=["product_id", "store_id", "display_location", "mailer_location", "week"]
        ),
        "demographics": pd.DataFrame(
            [(100, "65+", "35-49K", None, "Married", "2", "2 Adults No Kids", "0"), (102, *["x"] * 7)],
            columns=[
                "household_id", "age", "income", "home_ownership", "marital_status", "household_size",
                "household_comp", "kids_count",
            ],
        ),
    }  # fmt: skip
    for name, table in tables.items():
        table.drop(columns=[without], errors="ignore").to_parquet(
            folder / f"{name}.parquet", index=False, coerce_timestamps="us"
        )
    return folder
