"""Writes order_lines.csv into this folder: the order lines of an imaginary gift shop, as a shop system exports them.

Run `python tests/gift_shop/generate.py`; the same file comes out each time. Shoppers like some motifs and kinds of
gifts more than others, a few products sell most, new ones keep coming, and the export has what such exports have:
guests without a number, postage as a product, refunds as rows of their own, and some rows that are wrong.
"""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

PLACE = Path(__file__).with_name("order_lines.csv")
HEAD = (
    "OrderNo",
    "Line",
    "OrderedAt",
    "CustomerNo",
    "ProductCode",
    "ProductName",
    "Kind",
    "Quantity",
    "UnitPrice",
    "Shop",
)
FIRST, DAYS = datetime(2023, 11, 1), 425
SHOPPERS, PRODUCTS, ORDERS = 320, 900, 4600
COLOURS = ("Blue", "Red", "Ivory", "Sage", "Copper", "Black", "Pink", "Golden", "Rustic")
MATERIALS = ("Ceramic", "Wooden", "Glass", "Felt", "Tin", "Linen", "Paper", "Wicker")
MOTIFS = ("Owl", "Star", "Robin", "Heart", "Fern", "Hare", "Lighthouse", "Moon", "Bee", "Toadstool", "Whale", "Poppy")
THINGS = ("Mug", "Candle Holder", "Doorstop", "Bunting", "Lunch Box", "Photo Frame", "Tea Towel", "Cake Stand",
          "Jewellery Box", "Doormat", "Notebook", "Hanging Decoration", "Jigsaw", "Cushion")  # fmt: skip


def order_lines(seed: int = 5) -> list[tuple[str, ...]]:
    """Rows in the order of HEAD, by time."""
    random = np.random.default_rng(seed)
    combinations = random.choice(len(COLOURS) * len(MATERIALS) * len(MOTIFS) * len(THINGS), PRODUCTS, replace=False)
    colour, material, motif, thing = np.unravel_index(
        combinations, (len(COLOURS), len(MATERIALS), len(MOTIFS), len(THINGS))
    )
    names = [
        f"{COLOURS[c]} {MATERIALS[m]} {MOTIFS[o]} {THINGS[t]}"
        for c, m, o, t in zip(colour, material, motif, thing, strict=True)
    ]
    price = np.round(random.lognormal(2.0, 0.6, PRODUCTS), 2)
    popularity = 1.0 / (1.0 + random.permutation(PRODUCTS)) ** 0.7
    listed = np.where(random.random(PRODUCTS) < 0.7, 0, random.integers(0, DAYS, PRODUCTS))
    likes_motif = random.gamma(0.25, 1.0, (SHOPPERS, len(MOTIFS))) + 0.02
    likes_thing = random.gamma(0.4, 1.0, (SHOPPERS, len(THINGS))) + 0.02
    activity = random.gamma(0.8, 1.0, SHOPPERS) + 0.05
    rows: list[tuple[str, ...]] = []
    sold: list[tuple[str, ...]] = []
    for number, day in enumerate(np.sort(random.integers(0, DAYS, ORDERS))):
        moment = FIRST + timedelta(days=int(day), minutes=int(random.integers(8 * 60, 21 * 60)))
        at = moment.strftime("%d/%m/%Y %H:%M")
        order, shop = f"SO{100000 + number}", ("Web", "Harbour Street")[int(random.random() < 0.3)]
        shopper = int(random.choice(SHOPPERS, p=activity / activity.sum()))
        customer = "" if random.random() < 0.05 else f"C{1000 + shopper}"
        wish = popularity * (listed <= day) * likes_motif[shopper, motif] * likes_thing[shopper, thing]
        size = min(1 + int(random.poisson(2.6)), int((wish > 0).sum()))
        for line, product in enumerate(random.choice(PRODUCTS, size, replace=False, p=wish / wish.sum()), start=1):
            row = (order, str(line), at, customer, f"GS-{product:04d}", names[product], "Sale",
                   str(1 + int(random.poisson(0.5))), f"{price[product]:.2f}", shop)  # fmt: skip
            rows.append(row)
            if customer:
                sold.append(row)
        if random.random() < 0.25:
            rows.append((order, str(size + 1), at, customer, "POST", "Postage", "Sale", "1", "3.95", shop))
        if sold and random.random() < 0.04:
            back = sold[int(random.integers(max(0, len(sold) - 300), len(sold)))]
            rows.append((f"RF{100000 + number}", "1", at, *back[3:6], "Refund", back[7], back[8], back[9]))
    return _with_mistakes(rows)


def _with_mistakes(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """One row in some hundreds wrong in a way that shop systems manage."""
    wrong = {3: "31/02/2024 10:00", 7: "-2", 8: "n/a", 4: "", 5: "Caf\ufffd Mug"}
    places = list(wrong)
    with_mistakes = list(rows)
    for count, place in enumerate(range(211, len(rows), 517)):
        field = places[count % len(places)]
        row = list(with_mistakes[place])
        row[2 if field == 3 else field] = wrong[field]
        with_mistakes[place] = tuple(row)
    with_mistakes.insert(1000, with_mistakes[999])  # a line exported twice
    return with_mistakes


def main() -> None:
    """Writes the file."""
    with PLACE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEAD)
        writer.writerows(order_lines())


if __name__ == "__main__":
    main()
