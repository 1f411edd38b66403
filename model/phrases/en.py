"""English."""

from __future__ import annotations

from model.phrases.table import Cause, Phrases, ResponseWords

_RESPONSES = {
    "purchase": ResponseWords(
        singular="purchase", plural="purchases", do="buy", done="bought", sold="sold", tried="tried", try_it="try it",
    ),
    "cart": ResponseWords(
        singular="addition to the cart", plural="additions to the cart", do="put into the cart",
        done="put into the cart", sold="put into the cart", act="put", over=" into the cart", tried="put",
        try_it="put it into the cart", article="an",
    ),
    "click": ResponseWords(
        singular="click", plural="clicks", do="click", done="clicked", sold="clicked", tried="clicked",
        try_it="click it",
    ),
    "view": ResponseWords(
        singular="view", plural="views", do="view", done="viewed", sold="viewed", tried="viewed", try_it="view it",
    ),
}  # fmt: skip

# Channels of the first stage learn from the responses that relevance is the chance of, so their phrases name these.
_TASTE = {
    "als": Cause("Matches the taste of past {plural}", "A change from the usual taste"),
    "neighbours": Cause("Popular with similar shoppers", "Rarely {done} by similar shoppers"),
    "next_item": Cause(
        "Often {done} right after the latest {singular}", "Rarely {done} right after the latest {singular}"
    ),
    "transitions": Cause("Often {done} soon after recent {plural}", "Rarely {done} soon after recent {plural}"),
    "transitions_back": Cause("Often {done} just before recent {plural}", "Rarely {done} just before recent {plural}"),
    "transitions_from_like_texts": Cause(
        "Often {done} soon after products like recent {plural}",
        "Rarely {done} soon after products like recent {plural}",
    ),
    "transitions_to_like_texts": Cause(
        "Similar to what is often {done} soon after recent {plural}",
        "Unlike what is often {done} soon after recent {plural}",
    ),
    "transitions_between_like_texts": Cause(
        "Similar to what often follows products like recent {plural}",
        "Unlike what often follows products like recent {plural}",
    ),
    "item_knn": Cause("Often {done} with past {plural}", "Rarely {done} with past {plural}"),
    "item_knn_decayed": Cause("Often {done} with recent {plural}", "Rarely {done} with recent {plural}"),
    "item_knn_from_like_texts": Cause(
        "Often {done} with products like recent {plural}", "Rarely {done} with products like recent {plural}"
    ),
    "item_knn_to_like_texts": Cause(
        "Similar to what is often {done} with recent {plural}", "Unlike what is often {done} with recent {plural}"
    ),
    "item_knn_between_like_texts": Cause(
        "Similar to what often goes with products like recent {plural}",
        "Unlike what often goes with products like recent {plural}",
    ),
    "ease": Cause("Goes well with past {plural}", "A change from past {plural}"),
    "ease_decayed": Cause("Goes well with recent {plural}", "A change from recent {plural}"),
}

_TEXT = {
    "text_history": Cause("Similar to recent {plural}", "Different from recent {plural}"),
    "text_two_tower": Cause("Fits the latest {plural}", "A change from the latest {plural}"),
    "words": Cause("Described in the words of a recent {singular}", "Described unlike recent {plural}"),
    "words_newest": Cause("Described in the words of the latest {singular}", "Described unlike the latest {singular}"),
    "words_mean": Cause("Described in the words of past {plural}", "Described unlike past {plural}"),
    "characters": Cause("Named much like a recent {singular}", "Named unlike recent {plural}"),
    "characters_newest": Cause("Named much like the latest {singular}", "Named unlike the latest {singular}"),
    "characters_mean": Cause("Named much like past {plural}", "Named unlike past {plural}"),
    "pictures": Cause("Looks like a recent {singular}", "Looks unlike recent {plural}"),
    "pictures_mean": Cause("Looks like past {plural}", "Looks unlike past {plural}"),
}

_TYPE_AND_CATEGORY = {
    "type_affinity": Cause("{Act} this type{over} recently", "A type with few recent {plural}"),
    "type_loyalty": Cause("{Act} this type{over} again and again", "{Act} this type{over} only now and then"),
    "type_recency": Cause("{Act} this type{over} a short while ago", "Has not {act} this type{over} for a while"),
    "type_variety": Cause("{Tried} many products of this type{over}", "{Tried} few products of this type{over}"),
    "type_novelty": Cause(
        "Recently {tried} new products of this type{over}", "{Tried} nothing new of this type{over} recently"
    ),
    "type_transitions": Cause(
        "A type often {done} soon after recent ones", "A type rarely {done} soon after recent ones"
    ),
    "type_knn": Cause("A type often {done} with past {plural}", "A type rarely {done} with past {plural}"),
    "title_loyalty": Cause("{Act} a product of this name{over} before", "Something to try for the first time"),
    "category_affinity": Cause("{Done} from this category recently", "A category to rediscover"),
    "category_novelty": Cause(
        "Recently {tried} new products in this category{over}", "{Tried} nothing new in this category{over} recently"
    ),
}

_BRAND_AND_MAKER = {
    "brand_type_affinity": Cause("{Act} this type from this brand{over} recently", "A change of brand for this type"),
    "brand_transitions": Cause(
        "A brand often {done} soon after recent ones", "A brand rarely {done} soon after recent ones"
    ),
    "brand_knn": Cause("A brand often {done} with past {plural}", "A brand rarely {done} with past {plural}"),
    "provider_type_affinity": Cause(
        "{Act} this type from this maker{over} recently", "A change of maker for this type"
    ),
    "provider_type_loyalty": Cause(
        "{Act} this type from this maker{over} before", "Seldom {act} this type from this maker{over}"
    ),
    "provider_category_affinity": Cause(
        "{Done} from this maker in the category recently", "A change of maker in this category"
    ),
    "provider_category_loyalty": Cause(
        "{Done} from this maker in the category before", "A maker rarely {tried}{over} in this category"
    ),
}

_STORE_AND_PROMOTION = {
    "store_popularity": Cause("Popular in the usual stores", "Seldom {done} in the usual stores"),
    "store_promotion": Cause("Often promoted in the usual stores", "Seldom promoted in the usual stores"),
    "promotion_reach": Cause("Promoted in many stores", "Sells without much promotion"),
    "promotions_count_28d": Cause("Often promoted this month", "Hardly promoted this month"),
    "days_since_last_promotion": Cause("Not promoted for a while", "Promoted recently"),
    "discount_share_28d": Cause("Reduced this month", "Sold at full price this month"),
    "discount_share_90d": Cause("Often reduced", "Seldom reduced"),
}

_BROWSING = {
    "viewed": Cause("Viewed recently", "Not viewed yet"),
    "carted": Cause("Put into the cart recently", "Not put into the cart yet"),
    "wished": Cause("One of the favourites", "Not among the favourites yet"),
    "viewed_type_affinity": Cause("Viewed this type recently", "A type with few recent views"),
    "viewed_type_recency": Cause("Viewed this type a short while ago", "Has not viewed this type for a while"),
    "viewed_brand_type_affinity": Cause("Viewed this type from this brand", "A brand not viewed for this type"),
    "carted_type_affinity": Cause("Put this type into the cart recently", "A type with few recent carts"),
    "carted_brand_type_affinity": Cause(
        "Put this type from this brand into the cart", "A brand not put into the cart for this type"
    ),
    "wished_brand_type_affinity": Cause("Favours this brand for this type", "Not a favoured brand for this type"),
    "text_viewed": Cause("Similar to what was viewed recently", "Different from what was viewed recently"),
    "pictures_viewed": Cause("Looks like what was viewed recently", "Looks unlike what was viewed recently"),
    "session_knn": Cause("Often viewed with recent views", "Rarely viewed with recent views"),
    "session_knn_bought": Cause("Often viewed with recent {plural}", "Rarely viewed with recent {plural}"),
    "searched": Cause("Matches a recent search", "Not what was searched for"),
    "view_popularity": Cause("Viewed by many this week", "Viewed by few this week"),
    "viewers": Cause("Viewed by many visitors", "Viewed by few visitors so far"),
    "regretted_brand_type_affinity": Cause(
        "This type from this brand was returned before", "No regrets about this brand for this type"
    ),
    "regretted_provider_category_affinity": Cause(
        "Products of this maker in the category were returned before", "No regrets about this maker in the category"
    ),
    "regret_rate": Cause("Often returned or rated low", "Rarely returned or rated low"),
    "pair_views_count_28d": Cause("Viewed several times this month", "Not viewed this month"),
    "days_since_pair_view": Cause("Viewed a while ago, or never", "Viewed a short while ago"),
    "pair_clicks_count_28d": Cause("Clicked this month", "Not clicked this month"),
    "pair_carts_count_28d": Cause("In the cart this month", "Not in the cart this month"),
    "days_since_pair_cart": Cause("Put into the cart a while ago, or never", "Put into the cart a short while ago"),
    "pair_favourites_count_90d": Cause("Made a favourite this season", "Not made a favourite this season"),
    "pair_unanswered_count_28d": Cause("Shown again and again", "Not shown in vain this month"),
    "pair_returns_count_90d": Cause("Sent back this season", "Not sent back this season"),
    "views_count_7d": Cause("Often viewed this week", "Seldom viewed this week"),
    "views_count_28d": Cause("Often viewed this month", "Seldom viewed this month"),
    "view_cart_share_28d": Cause("Goes into the cart when viewed", "Seldom goes into the cart when viewed"),
    "view_purchase_share_28d": Cause("Often bought when viewed", "Seldom bought when viewed"),
    "exit_share_28d": Cause("Often the last page of a visit", "Seldom the last page of a visit"),
    "clicks_count_28d": Cause("Often clicked this month", "Seldom clicked this month"),
    "carts_count_28d": Cause("Often put into carts this month", "Seldom put into carts this month"),
    "cart_purchase_share_28d": Cause("Often bought from the cart", "Often left in the cart"),
    "favourites_count_28d": Cause("A favourite of many this month", "A favourite of few this month"),
    "return_share_90d": Cause("Often sent back", "Seldom sent back"),
}

_PRICE = {
    "price_gap": Cause("Not at the usual price for this type", "At the usual price for this type"),
    "price_mean_90d": Cause("A premium product", "A low-priced product"),
    "price_ratio_90d": Cause("Above the average price of its category", "Below the average price of its category"),
    "price_percentile_90d": Cause("Among the dearest of its category", "Among the cheapest of its category"),
}

_AGE = {
    # Low of an item that has never sold, too.
    "days_since_first_sale": Cause("{Sold} here for a long time", "New in the shop"),
    "days_since_first_purchase": Cause("A long-standing choice", "Newly discovered by shoppers"),
    "days_since_listed": Cause("Long in the range", "New in the range"),
    "segment=tail": Cause("Off the beaten track", "Not one of the usual finds"),
    "segment=cold": Cause("Not yet discovered", "Already discovered by others"),
}

_POPULARITY = {
    "popularity": Cause("Popular right now", "Known to few right now"),
    "popularity_7d": Cause("Popular this week", "Known to few this week"),
    "popularity_30d": Cause("Popular this month", "Known to few this month"),
    "popularity_90d": Cause("Popular this season", "A find of this season, still known to few"),
    "purchases_count_7d": Cause("Sells well this week", "Sells slowly this week"),
    "purchases_count_28d": Cause("Sells well this month", "Sells slowly this month"),
    "purchases_count_90d": Cause("Sells well this season", "Sells slowly this season"),
    "purchases_count_365d": Cause("Sells well all year", "Sold seldom in the past year"),
    "purchases_count_life": Cause("An all-time bestseller", "Sold only a few times so far"),
    "purchases_trend_28d": Cause("Sells better than last month", "Sells steadily"),
    "spend_sum_28d": Cause("High sales this month", "Low sales this month"),
    "demand_next_28d": Cause("Expected to sell well", "Expected to sell slowly"),
    "buyers": Cause("{Done} by many shoppers", "{Done} by few shoppers so far"),
    "buyers_count_28d": Cause("Bought by many this month", "Bought by few this month"),
    "buyers_count_90d": Cause("Bought by many this season", "Bought by few this season"),
    "new_buyers_count_28d": Cause("Discovered by many this month", "Discovered by few this month"),
    "repeat_rate": Cause("Those who {try_it} come back for it", "Rarely {done} twice"),
    "repeat_share_90d": Cause("Often bought again", "Mostly bought once"),
    "days_since_last_sale": Cause("Not {sold} for a while", "{Sold} recently"),
    "days_since_last_purchase": Cause("Not bought for a while", "Bought by others recently"),
    "weekend_share_90d": Cause("A weekend favourite", "A weekday favourite"),
    "exposures_count_28d": Cause("Often shown this month", "Rarely shown this month"),
    "response_share_90d": Cause("Often bought when shown", "Seldom bought when shown"),
    "share_of_type": Cause("A favourite of its type", "Not among the favourites of its type"),
    "type_share_90d": Cause("A bestseller of its type", "Not among the bestsellers of its type"),
    "category_share_90d": Cause("A favourite of its category", "Not among the favourites of its category"),
    "category_percentile_90d": Cause("A bestseller of its category", "Not among the bestsellers of its category"),
    "brand_share_90d": Cause("A favourite of its brand", "Not among the favourites of its brand"),
    "provider_share_90d": Cause("A favourite of its maker", "Not among the favourites of its maker"),
    "category_purchases_count_28d": Cause("From a popular category", "From a small category"),
}

# What the network and the trees read in addition to the terms that reasons name.
_FURTHER = {
    "first_stage": Cause("A strong match by all channels together", "A weak match by all channels together"),
    "candidate_text": Cause("Its text suits past {plural}", "Its text does not suit past {plural}"),
    "shopper_features": Cause("Suits how this shopper shops", "Does not suit how this shopper shops"),
}

PHRASES = Phrases(
    responses=_RESPONSES,
    causes={
        **_TASTE, **_TEXT, **_TYPE_AND_CATEGORY, **_BRAND_AND_MAKER, **_STORE_AND_PROMOTION, **_BROWSING, **_PRICE,
        **_AGE, **_POPULARITY, **_FURTHER,
    },
    no_cause="Relevant overall",
    shared_list="Relevant to many shoppers; the list is not personal",
    raised_by_group_floor="boosted by the floor for {group}",
    raised_by_item_floor="boosted by its own floor",
    raised_as_new="boosted as a new item",
    held_by_group_cap="limited by the cap for {group}",
    held_by_item_cap="limited by its own cap",
    held_by_stock="limited by its stock",
    swapped_in_for_group="added to meet the floor for {group}",
    in_place_of="in place of {title}",
    explored="drawn at random to learn about it",
    pinned="pinned by {owner}",
    pinned_until="pinned by {owner} until {day}",
    banned="banned by {owner}",
    banned_until="banned by {owner} until {day}",
)  # fmt: skip
