"""What the causes of a relevance are called, when a term is high and when it is low."""

from __future__ import annotations

from model.fusion.causes import LOW

_AGES = ("days_since_first_sale", "days_since_first_purchase", "days_since_listed")
_LAST_SALES = ("days_since_last_sale", "days_since_last_purchase")
_PRICES = ("price_mean_90d", "price_ratio_90d", "price_percentile_90d")
_POPULARITY = ("popularity", "popularity_7d", "popularity_30d", "popularity_90d")
_BUYERS = ("buyers", "buyers_count_28d", "buyers_count_90d")
_SALES = (
    "purchases_count_7d", "purchases_count_28d", "purchases_count_90d", "purchases_count_365d", "purchases_count_life",
    "spend_sum_28d",
)  # fmt: skip

# Channels of the first stage and features, by the names that `top_reasons` uses.
PHRASES = {
    "als": "Fits the taste seen in all purchases",
    "neighbours": "Bought by shoppers with like baskets",
    "text_history": "Reads like products bought lately",
    "text_two_tower": "Text matches what the shopper lately looked for",
    "type_affinity": "Bought this type before",
    "type_loyalty": "Buys this type again and again",
    "type_recency": "Bought this type a short while ago",
    "type_variety": "Tries many products of this type",
    "type_novelty": "Lately tried new products of this type",
    "title_loyalty": "Bought the same kind and size before",
    "category_affinity": "Buys often in this category",
    "category_novelty": "Lately tried new products of this category",
    "brand_type_affinity": "Bought this brand in this type before",
    "provider_type_affinity": "Lately bought this type from this maker",
    "provider_type_loyalty": "Buys this type from this maker",
    "provider_category_affinity": "Lately bought from this maker in the category",
    "provider_category_loyalty": "Buys from this maker in the category",
    "price_gap": "At another price than the shopper pays for this type",
    **dict.fromkeys(_PRICES, "Of the better kind"),
    "store_popularity": "Sells well in the shopper's own stores",
    "store_promotion": "Promoted in the shopper's own stores",
    **dict.fromkeys(("promotion_reach", "promotions_count_28d"), "Promoted in many stores"),
    "days_since_last_promotion": "Not on promotion, and wanted all the same",
    **dict.fromkeys(("discount_share_28d", "discount_share_90d"), "Often on offer"),
    **dict.fromkeys(("share_of_type", "type_share_90d"), "A favourite of its type"),
    **dict.fromkeys(("category_share_90d", "category_percentile_90d"), "A favourite of its category"),
    "brand_share_90d": "A favourite of its brand",
    "provider_share_90d": "A favourite of its maker",
    "category_purchases_count_28d": "From a category that sells well",
    **dict.fromkeys(("repeat_rate", "repeat_share_90d"), "Those who try it buy it again"),
    "new_buyers_count_28d": "Tried by many shoppers of late",
    "purchases_trend_28d": "Sells more than a month ago",
    "demand_next_28d": "Expected to sell well",
    "weekend_share_90d": "Bought on the days when shoppers come",
    "response_share_90d": "Bought when it is shown",
    **dict.fromkeys(_POPULARITY, "Popular these days"),
    **dict.fromkeys(_BUYERS, "Bought by many"),
    **dict.fromkeys(_SALES, "Sells steadily"),
    **dict.fromkeys(_LAST_SALES, "Not sold for a while, and due again"),
    **dict.fromkeys(_AGES, "Long in the shop"),
    **dict.fromkeys(("segment=tail", "segment=cold"), "A rare find"),
    "exposures_count_28d": "Shown often of late",
    "next_item": "Often bought right after the last product",
    "transitions": "Often bought soon after products bought lately",
    "transitions_back": "Often bought around products bought lately",
    "transitions_from_like_texts": "Often bought soon after products like those bought lately",
    "transitions_to_like_texts": "Like what is often bought soon after products bought lately",
    "transitions_between_like_texts": "Like what is often bought soon after products like those bought lately",
    "item_knn": "Often bought with products of earlier baskets",
    "item_knn_decayed": "Often bought with products bought lately",
    "item_knn_from_like_texts": "Often bought with products like those bought lately",
    "item_knn_to_like_texts": "Like what is often bought with products bought lately",
    "item_knn_between_like_texts": "Like what is often bought with products like those bought lately",
    "ease": "Goes together with all that was bought",
    "ease_decayed": "Goes together with what was bought lately",
    "type_transitions": "This type is often bought soon after types bought lately",
    "type_knn": "This type is often bought with types bought before",
    "brand_transitions": "This brand is often bought soon after brands bought lately",
    "brand_knn": "This brand is often bought with brands bought before",
    "words": "Shares words with products bought lately",
    "words_newest": "Shares words with the last product bought",
    "words_mean": "Shares words with products bought before",
    "characters": "Has a name much like products bought lately",
    "characters_newest": "Has a name much like the last product bought",
    "characters_mean": "Has a name much like products bought before",
}

# The same terms where a low one speaks for the item.
LOW_PHRASES = {
    **dict.fromkeys(_AGES, "New in the shop"),
    **dict.fromkeys(_LAST_SALES, "Sold a short while ago"),
    "days_since_last_promotion": "Promoted of late",
    "price_gap": "At the price that the shopper pays for this type",
    **dict.fromkeys(_PRICES, "At a low price"),
    **dict.fromkeys((*_POPULARITY, *_BUYERS, *_SALES, "new_buyers_count_28d", "demand_next_28d"), "Few others know it"),
    **dict.fromkeys(("share_of_type", "type_share_90d"), "Beside the favourites of its type"),
    **dict.fromkeys(("category_share_90d", "category_percentile_90d"), "Beside the favourites of its category"),
    "brand_share_90d": "Beside the favourites of its brand",
    "provider_share_90d": "Beside the favourites of its maker",
    "category_purchases_count_28d": "From a small category",
    **dict.fromkeys(("repeat_rate", "repeat_share_90d"), "Bought for a change"),
    "purchases_trend_28d": "A steady seller, no fashion",
    **dict.fromkeys(("store_promotion", "promotion_reach", "promotions_count_28d"), "Sells without promotion"),
    **dict.fromkeys(("discount_share_28d", "discount_share_90d"), "Seldom on offer"),
    "exposures_count_28d": "Seldom shown",
    "response_share_90d": "Not tried out yet",
    "weekend_share_90d": "Bought on the days when shoppers come",
    **dict.fromkeys(("segment=tail", "segment=cold"), "Known by many"),
    "type_loyalty": "A type that the shopper buys now and then",
    "type_affinity": "A type not bought of late",
    "type_recency": "A type not bought for a while",
    "type_variety": "A type in which the shopper has tried little",
    "type_novelty": "A type in which the shopper has tried nothing new of late",
    "category_affinity": "A category not bought of late",
    "category_novelty": "A category in which the shopper has tried nothing new of late",
    "title_loyalty": "Another kind or size than bought before",
    "store_popularity": "Hard to find in the shopper's own stores",
}
NO_CAUSE = "Relevant on the whole"


def phrase_of(name: str | None) -> str:
    """The phrase of a term as `top_reasons` names it; an unknown one is told as it is: 'High price tier gap'."""
    if not name:
        return NO_CAUSE
    low, term = name.startswith(LOW), name.removeprefix(LOW)
    told = (LOW_PHRASES if low else PHRASES).get(term)
    return told or f"{'Low' if low else 'High'} {term.replace('_', ' ').strip()}"
