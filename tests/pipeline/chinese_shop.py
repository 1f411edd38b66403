"""A made-up Chinese shop: titles, categories and reviews in GB18030, times of Shanghai, full-width ids and prices."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from jobs.config.configuration import Config
from tests.model.text.tiny import write_tiny_bert
from tests.pipeline.csv_store import NIGHT, write_files

DAYS, SHOPPERS, ITEMS, LINES_A_DAY = 70, 60, 90, 40
UNSOLD = range(80, ITEMS)  # listed, and never sold
KINDS = ("茶杯", "台灯", "花瓶", "挂钟", "托盘")
COLOURS, MATERIALS = ("蓝色", "红色", "绿色", "米白"), ("陶瓷", "玻璃", "竹木")
BRANDS = ("青山", "云朵", "小城", "南风")
CATEGORIES = {"茶杯": "家居>餐具>茶杯", "台灯": "家居>灯具>台灯", "花瓶": "家居>摆件>花瓶", "挂钟": "家居>钟表>挂钟",
              "托盘": "家居>餐具>托盘"}  # fmt: skip
GOOD, BAD = (
    ("很好用，颜色漂亮，送货快。", "质量不错，下次还会买！"),
    ("收到就裂了，很失望。", "颜色和图片不一样，已退货。"),
)
EVENING = time(21)  # in Shanghai, which is in the afternoon of UTC


def full_width(text: str) -> str:
    """The text as full-width characters."""
    return text.translate({place: place + 0xFEE0 for place in range(0x21, 0x7F)})


def catalogue() -> pd.DataFrame:
    """sku, name, kind, price, listed, text, path and brand; every third id and every second price is full-width."""
    listed = NIGHT - timedelta(days=DAYS + 2)
    rows = []
    for n in range(ITEMS):
        kind, colour, material = KINDS[n % 5], COLOURS[n % 4], MATERIALS[n % 3]
        sku, price = f"N-{n:02}", f"{8 + 15 * n}.00"
        rows.append(
            (
                full_width(sku) if n % 3 == 0 else sku,
                f"{BRANDS[n % 4]} {colour}{material}{kind} {n}号",
                kind,
                f"￥{full_width(f'{float(price):,.2f}')}" if n % 2 == 0 else f"{price}元",
                listed,
                f"{material}材质的{colour}{kind}，适合家用与送礼。",
                CATEGORIES[kind],
                BRANDS[n % 4],
            )
        )
    return pd.DataFrame(rows, columns=["sku", "name", "kind", "price", "listed", "text", "path", "brand"])


def log() -> pd.DataFrame:
    """line, customer, sku, at, type, rating and review: purchases at nine in the evening, every tenth with a review."""
    random = np.random.default_rng(5)
    first = NIGHT - timedelta(days=DAYS)
    rows = []
    for line in range(DAYS * LINES_A_DAY):
        shopper = int(random.integers(SHOPPERS))
        kind = shopper % 5 if random.random() < 0.7 else int(random.integers(5))
        item = kind + 5 * min(int(random.exponential(4.0)), UNSOLD.start // 5 - 1)
        at = datetime.combine(first + timedelta(days=line // LINES_A_DAY), EVENING)
        of_line = (f"用户{shopper:02}", f"N-{item:02}", at)
        rows.append((line, *of_line, "购买", None, None))
        if line % 10 == 0:
            said, stars = (BAD, 1) if random.random() < 0.2 else (GOOD, 5)
            rows.append((f"r{line}", *of_line, "评价", stars, said[line // 10 % 2]))
    return pd.DataFrame(rows, columns=["line", "customer", "sku", "at", "type", "rating", "review"])


def write_shop(folder: Path) -> Config:
    """Writes the shop, an encoder that knows its characters, and the configuration of its night in Chinese."""
    products, events = catalogue(), log()
    texts = "".join([*products["name"], *products["text"], *products["path"], *GOOD, *BAD])
    encoder = folder / "encoder"
    encoder.mkdir(parents=True)
    write_tiny_bert(encoder, "".join(dict.fromkeys(character for character in texts if not character.isspace())))
    shanghai = {"column": "at", "zone": "Asia/Shanghai"}
    keys = {
        "source": {"currency": "CNY"}, "features": {"time_zone": "Asia/Shanghai"}, "report": {"language": "zh"},
        "encoder": {"model": str(encoder), "dtype": "float32", "fine_tune": {"steps": 3, "batch_size": 8}},
        "candidates": {"per_user": 40, "least_cold": 4}, "relevance": {"horizon_days": 14},
        "segments": {"window_days": 28, "head_share": 0.3}, "summary": {"shoppers": 2},
    }  # fmt: skip
    return write_files(
        folder, products, events,
        {
            "product_type": "kind", "category": "path", "brand": "brand", "description": "text",
            "updated_at": {"column": "listed", "zone": "Asia/Shanghai"},
        },
        {
            "event_type": {"column": "type", "values": {"购买": "purchase", "评价": "review"}}, "event_time": shanghai,
            "rating": "rating", "text": "review",
        },
        keys, encoding="gb18030",
    )  # fmt: skip
