"""Why an entry is in a list, in words."""

from __future__ import annotations

# What an item's age comes to: whether being new or being known speaks for it differs from model to model.
AGES = ("days_since_first_sale", "days_since_first_purchase", "days_since_listed")
NEW, ESTABLISHED = "new", "established"

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
    "price_gap": "At the price that the shopper pays for this type",
    **dict.fromkeys(("price_mean_90d", "price_ratio_90d", "price_percentile_90d"), "At a price that sells"),
    "store_popularity": "Sells well in the shopper's own stores",
    "store_promotion": "Promoted in the shopper's own stores",
    **dict.fromkeys(("promotion_reach", "promotions_count_28d"), "Promoted in many stores"),
    "days_since_last_promotion": "Promoted of late",
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
    **dict.fromkeys(("popularity", "popularity_7d", "popularity_30d", "popularity_90d"), "Popular these days"),
    **dict.fromkeys(("buyers", "buyers_count_28d", "buyers_count_90d"), "Bought by many"),
    **dict.fromkeys(
        (
            "purchases_count_7d",
            "purchases_count_28d",
            "purchases_count_90d",
            "purchases_count_365d",
            "purchases_count_life",
            "spend_sum_28d",
        ),
        "Sells steadily",
    ),
    **dict.fromkeys(("days_since_last_sale", "days_since_last_purchase"), "Sold a short while ago"),
    NEW: "New in the shop",
    ESTABLISHED: "Long in the shop",
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
NO_CAUSE = "Relevant on the whole"

RAISED_BY_ITEM_FLOOR = "lifted by its own floor"
HELD_BY_CAP = "held back by its cap"
HELD_BY_STOCK = "held back by what is in stock"
LAUNCHED = "lifted as a new item"
NOT_PERSONAL = "Relevant to many shoppers; the list is not personal"
EXPLORED = "drawn at random to learn about it"


def phrase_of(name: str | None) -> str:
    """The phrase of a channel or feature; an unknown name is told as it is: 'High price tier gap'."""
    if not name:
        return NO_CAUSE
    return PHRASES.get(name) or f"High {name.replace('_', ' ').strip()}"


def raised_by(group: str) -> str:
    """An item whose boost is paid for by the floor of a group."""
    return f"lifted by the floor for {group}"


def held_by(group: str) -> str:
    """An item that the cap of a group keeps from more."""
    return f"held back by the cap for {group}"


def in_place_of(title: str) -> str:
    """What the shopper would see there by relevance alone."""
    return f"in place of {title}"


def swapped_in_for(group: str) -> str:
    """An entry that is there because the floor of a group was still short."""
    return f"placed to meet the floor for {group}"


def reason_of(cause: str | None, *constraints: str) -> str:
    """'Bought this type before; lifted by the floor for new_items'; empty constraints are left out."""
    return "; ".join([phrase_of(cause), *(text for text in constraints if text)])
