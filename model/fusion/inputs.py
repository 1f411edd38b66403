"""What the fusion model reads, as arrays: the item side of one date, and a block of shoppers with their candidates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

import numpy as np

from model.families import Family

PADDING = -1
LONGEST_DAYS = 400.0
_USERS_AT_ONCE = 64

# With the family of causes that each belongs to. `column=value` is 1 where the column holds the value; every other name
# is a numeric column as it is stored.
ITEM_FEATURE_FAMILIES: dict[str, Family] = {
    "days_since_listed": "age",
    "days_since_first_purchase": "age",
    "days_since_last_purchase": "popularity",
    "purchases_count_7d": "popularity",
    "purchases_count_28d": "popularity",
    "purchases_count_90d": "popularity",
    "purchases_count_365d": "popularity",
    "purchases_count_life": "popularity",
    "purchases_trend_28d": "popularity",
    "buyers_count_28d": "popularity",
    "buyers_count_90d": "popularity",
    "new_buyers_count_28d": "popularity",
    "repeat_share_90d": "popularity",
    "spend_sum_28d": "popularity",
    "weekend_share_90d": "popularity",
    "price_mean_90d": "price",
    "price_ratio_90d": "price",
    "price_percentile_90d": "price",
    "discount_share_28d": "promotion",
    "discount_share_90d": "promotion",
    "promotions_count_28d": "promotion",
    "days_since_last_promotion": "promotion",
    "exposures_count_28d": "popularity",
    "response_share_90d": "popularity",
    "category_percentile_90d": "popularity",
    "category_share_90d": "popularity",
    "type_share_90d": "popularity",
    "brand_share_90d": "popularity",
    "provider_share_90d": "popularity",
    "category_purchases_count_28d": "popularity",
    "demand_next_28d": "popularity",
    "segment=tail": "age",
    "segment=cold": "age",
}
ITEM_FEATURES = tuple(ITEM_FEATURE_FAMILIES)
USER_FEATURES = (
    "purchases_count_7d", "purchases_count_28d", "purchases_count_90d", "purchases_count_life", "baskets_count_28d",
    "baskets_count_life", "spend_sum_28d", "spend_sum_life", "items_count_28d", "items_count_life",
    "days_since_last_purchase", "days_since_first_purchase", "visit_days_28d", "visit_probability",
    "visit_gap_mean_life", "basket_spend_mean_90d", "basket_lines_mean_90d", "price_mean_90d",
    "price_percentile_mean_90d", "discount_share_90d", "discounted_share_90d", "tail_share_90d", "novelty_share_28d",
    "novelty_share_90d", "repeat_share_90d", "categories_count_90d", "types_count_90d", "brands_count_90d",
    "weekend_share_90d", "night_share_90d", "morning_share_90d", "afternoon_share_90d", "evening_share_90d",
    "stores_count_90d",
)  # fmt: skip
# Of history events; a model names in its inputs the further types that its store has.
EVENT_TYPES = ("purchase", "cart", "click", "exposure", "review", "return", "search")
ACTIVITY = "purchases_count_28d"


@dataclass(frozen=True)
class Items:
    """The item side of one date over n items.

    features: [n, Fi] by `feature_matrix`
    text: [t, d] unit vectors; where there are pictures, each followed by the picture's vector, 0 for an item without
    text_row: [n] the item's row of `text`, PADDING where the item has no embedding
    """

    features: np.ndarray
    text: np.ndarray
    text_row: np.ndarray


@dataclass(frozen=True)
class Block:
    """B shoppers with up to L history events, newest first, and up to C candidates; items are rows of `Items`.

    Rows are padded on the right with PADDING; other values at a padded place are not read.
    """

    history: np.ndarray  # [B, L] int32
    days_ago: np.ndarray  # [B, L] float32
    event_types: np.ndarray  # [B, L] int32 code of `event_codes`
    user_features: np.ndarray  # [B, Fu] float32 by `feature_matrix`
    candidates: np.ndarray  # [B, C] int32
    channel_scores: np.ndarray  # [B, C, K] float32 as the first stage reads them
    first_stage_score: np.ndarray  # [B, C] float32 log-odds
    pair_features: np.ndarray  # [B, C, Fp] float32 by `feature_matrix`

    def __len__(self) -> int:
        return len(self.candidates)

    @property
    def listed(self) -> np.ndarray:
        """[B, C] bool: where there is a candidate."""
        return self.candidates != PADDING

    def take(self, users: np.ndarray | slice) -> Block:
        """The shoppers at these positions."""
        return Block(*(getattr(self, field.name)[users] for field in fields(self)))


def batches(shoppers: int) -> Iterator[slice]:
    """Slices of a block, small enough that intermediate results fit the processor's cache."""
    for start in range(0, shoppers, _USERS_AT_ONCE):
        yield slice(start, min(start + _USERS_AT_ONCE, shoppers))


def columns_of(names: tuple[str, ...]) -> tuple[str, ...]:
    """The columns that features are computed from, each once."""
    return tuple(dict.fromkeys(name.partition("=")[0] for name in names))


def feature_matrix(names: tuple[str, ...], columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """[n, len(names)] float32: counts, sums, prices and days on a log(1 + x) scale, days first capped at LONGEST_DAYS.

    Raises ValueError naming the columns that are missing or hold a value that is not finite.
    """
    missing = [column for column in columns_of(names) if column not in columns]
    if missing:
        raise ValueError(
            f"The model reads the feature {', '.join(missing)}, which the tables do not have. Build the features with "
            "the version that trained the model, or train a new model."
        )
    length = len(next(iter(columns.values())))
    matrix = np.empty((length, len(names)), dtype=np.float32)
    for place, name in enumerate(names):
        column, equals, value = name.partition("=")
        values = columns[column]
        matrix[:, place] = values == value if equals else _scaled(name, np.asarray(values, dtype=np.float64))
    bad = [name for place, name in enumerate(names) if not np.isfinite(matrix[:, place]).all()]
    if bad:
        raise ValueError(f"The feature {', '.join(bad)} has values that are not finite. Build the features again.")
    return matrix


def event_codes(names: np.ndarray, event_types: tuple[str, ...] = EVENT_TYPES) -> np.ndarray:
    """int32 codes of event types: 1 + place in `event_types`, 0 for any other."""
    codes = np.zeros(len(names), dtype=np.int32)
    for place, name in enumerate(event_types):
        codes[names == name] = place + 1
    return codes


def _scaled(name: str, values: np.ndarray) -> np.ndarray:
    if name.startswith("days_since_"):
        return np.log1p(np.clip(values, 0.0, LONGEST_DAYS))
    if "_share_" in name or name.endswith("_probability"):
        return values
    return np.log1p(np.maximum(values, 0.0))
