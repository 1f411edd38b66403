"""Simplified Chinese.

长尾 tail · 冷启动 cold · 保底 floor · 上限 cap · 同类 this type · 类目 category · 厂商 maker · 收藏 favourite ·
加购 cart
"""

from __future__ import annotations

from model.phrases.table import Cause, Phrases, ResponseWords

_RESPONSES = {
    "purchase": ResponseWords(
        singular="购买", plural="购买", do="购买", done="购买",
        sold="售出", tried="尝试购买", try_it="购买", article="",
    ),
    "cart": ResponseWords(
        singular="加购", plural="加购", do="加购", done="加购",
        sold="被加购", tried="尝试加购", try_it="加购", article="",
    ),
    "click": ResponseWords(
        singular="点击", plural="点击", do="点击", done="点击",
        sold="被点击", tried="尝试点击", try_it="点击", article="",
    ),
    "view": ResponseWords(
        singular="浏览", plural="浏览", do="浏览", done="浏览",
        sold="被浏览", tried="尝试浏览", try_it="浏览", article="",
    ),
}  # fmt: skip

# Channels of the first stage learn from the responses that relevance is the chance of, so their phrases name these.
_TASTE = {
    "als": Cause("符合以往{plural}的偏好", "与平时偏好不同的选择"),
    "neighbours": Cause("相似用户经常{done}", "相似用户很少{done}"),
    "next_item": Cause("常在最近一次{singular}之后{done}", "很少在最近一次{singular}之后{done}"),
    "transitions": Cause("常在近期{plural}后不久{done}", "很少在近期{plural}后不久{done}"),
    "transitions_back": Cause("常在近期{plural}之前{done}", "很少在近期{plural}之前{done}"),
    "transitions_from_like_texts": Cause(
        "常在与近期{plural}类似的商品之后{done}", "很少在与近期{plural}类似的商品之后{done}"
    ),
    "transitions_to_like_texts": Cause(
        "类似近期{plural}后不久常{done}的商品", "不同于近期{plural}后不久常{done}的商品"
    ),
    "transitions_between_like_texts": Cause(
        "类似常跟在近期{plural}同类商品之后的商品", "不同于常跟在近期{plural}同类商品之后的商品"
    ),
    "item_knn": Cause("常与以往{plural}的商品一起{done}", "很少与以往{plural}的商品一起{done}"),
    "item_knn_decayed": Cause("常与近期{plural}的商品一起{done}", "很少与近期{plural}的商品一起{done}"),
    "item_knn_from_like_texts": Cause("常与类似近期{plural}的商品一起{done}", "很少与类似近期{plural}的商品一起{done}"),
    "item_knn_to_like_texts": Cause("类似常与近期{plural}一起{done}的商品", "不同于常与近期{plural}一起{done}的商品"),
    "item_knn_between_like_texts": Cause(
        "类似常与近期{plural}同类商品搭配的商品", "不同于常与近期{plural}同类商品搭配的商品"
    ),
    "ease": Cause("与以往{plural}的商品很搭配", "与以往{plural}不同的选择"),
    "ease_decayed": Cause("与近期{plural}的商品很搭配", "与近期{plural}不同的选择"),
}

_TEXT = {
    "text_history": Cause("与近期{plural}的商品相似", "与近期{plural}的商品不同"),
    "text_two_tower": Cause("契合最近的{plural}", "与最近的{plural}不同的选择"),
    "words": Cause("描述用词与近期{plural}的某件商品相同", "描述用词与近期{plural}的商品不同"),
    "words_newest": Cause("描述用词与最近{plural}的商品相同", "描述用词与最近{plural}的商品不同"),
    "words_mean": Cause("描述用词与以往{plural}的商品相同", "描述用词与以往{plural}的商品不同"),
    "characters": Cause("名称与近期{plural}的某件商品相近", "名称与近期{plural}的商品不同"),
    "characters_newest": Cause("名称与最近{plural}的商品相近", "名称与最近{plural}的商品不同"),
    "characters_mean": Cause("名称与以往{plural}的商品相近", "名称与以往{plural}的商品不同"),
    "pictures": Cause("外观与近期{plural}的某件商品相似", "外观与近期{plural}的商品不同"),
    "pictures_mean": Cause("外观与以往{plural}的商品相似", "外观与以往{plural}的商品不同"),
}

_TYPE_AND_CATEGORY = {
    "type_affinity": Cause("近期{act}过同类商品", "近期很少{act}同类商品"),
    "type_loyalty": Cause("经常{act}同类商品", "只是偶尔{act}同类商品"),
    "type_recency": Cause("不久前{act}过同类商品", "有一段时间没有{act}同类商品"),
    "type_variety": Cause("{tried}过许多同类商品", "{tried}过的同类商品不多"),
    "type_novelty": Cause("近期{tried}过新的同类商品", "近期没有{tried}新的同类商品"),
    "type_transitions": Cause("这类商品常在近期类型之后{done}", "这类商品很少在近期类型之后{done}"),
    "type_knn": Cause("这类商品常与以往{plural}一起{done}", "这类商品很少与以往{plural}一起{done}"),
    "title_loyalty": Cause("以前{act}过同名商品", "可以第一次尝试的商品"),
    "category_affinity": Cause("近期在该类目{done}过", "值得重新发现的类目"),
    "category_novelty": Cause("近期在该类目{tried}过新商品", "近期没有在该类目{tried}新商品"),
}

_BRAND_AND_MAKER = {
    "brand_type_affinity": Cause("近期{act}过该品牌的同类商品", "同类商品换个品牌"),
    "brand_transitions": Cause("该品牌常在近期品牌之后{done}", "该品牌很少在近期品牌之后{done}"),
    "brand_knn": Cause("该品牌常与以往{plural}一起{done}", "该品牌很少与以往{plural}一起{done}"),
    "provider_type_affinity": Cause("近期{act}过该厂商的同类商品", "同类商品换个厂商"),
    "provider_type_loyalty": Cause("以前{act}过该厂商的同类商品", "很少{act}该厂商的同类商品"),
    "provider_category_affinity": Cause("近期在该类目{done}过该厂商的商品", "该类目换个厂商"),
    "provider_category_loyalty": Cause("以前在该类目{done}过该厂商的商品", "在该类目很少{tried}该厂商的商品"),
}

_STORE_AND_PROMOTION = {
    "store_popularity": Cause("在常去的门店很受欢迎", "在常去的门店很少{done}"),
    "store_promotion": Cause("在常去的门店经常促销", "在常去的门店很少促销"),
    "promotion_reach": Cause("在许多门店促销", "没有多少促销也在销售"),
    "promotions_count_28d": Cause("本月经常促销", "本月几乎没有促销"),
    "days_since_last_promotion": Cause("有一段时间没有促销", "近期有过促销"),
    "discount_share_28d": Cause("本月有折扣", "本月按原价销售"),
    "discount_share_90d": Cause("经常打折", "很少打折"),
}

_BROWSING = {
    "viewed": Cause("近期浏览过", "尚未浏览过"),
    "carted": Cause("近期加入过购物车", "尚未加入购物车"),
    "wished": Cause("已收藏的商品", "尚未收藏"),
    "viewed_type_affinity": Cause("近期浏览过同类商品", "近期很少浏览同类商品"),
    "viewed_type_recency": Cause("不久前浏览过同类商品", "有一段时间没有浏览同类商品"),
    "viewed_brand_type_affinity": Cause("浏览过该品牌的同类商品", "同类商品中尚未浏览的品牌"),
    "carted_type_affinity": Cause("近期将同类商品加入过购物车", "近期很少将同类商品加入购物车"),
    "carted_brand_type_affinity": Cause("将该品牌的同类商品加入过购物车", "同类商品中尚未加购的品牌"),
    "wished_brand_type_affinity": Cause("同类商品中喜爱的品牌", "并非同类商品中喜爱的品牌"),
    "text_viewed": Cause("与近期浏览的商品相似", "与近期浏览的商品不同"),
    "pictures_viewed": Cause("外观与近期浏览的商品相似", "外观与近期浏览的商品不同"),
    "session_knn": Cause("常与近期浏览的商品一起浏览", "很少与近期浏览的商品一起浏览"),
    "session_knn_bought": Cause("常与近期{plural}的商品在同次访问中浏览", "很少与近期{plural}的商品在同次访问中浏览"),
    "searched": Cause("符合近期的搜索", "不在近期搜索之列"),
    "view_popularity": Cause("本周浏览的人很多", "本周浏览的人很少"),
    "viewers": Cause("许多访客浏览过", "目前浏览的访客不多"),
    "regretted_brand_type_affinity": Cause("曾退回该品牌的同类商品", "对该品牌的同类商品没有不满"),
    "regretted_provider_category_affinity": Cause("曾退回该厂商在该类目的商品", "对该厂商在该类目的商品没有不满"),
    "regret_rate": Cause("经常被退货或评分低", "很少被退货或评分低"),
    "pair_views_count_28d": Cause("本月多次浏览", "本月未浏览"),
    "days_since_pair_view": Cause("很久以前浏览过或从未浏览", "不久前浏览过"),
    "pair_clicks_count_28d": Cause("本月点击过", "本月未点击"),
    "pair_carts_count_28d": Cause("本月在购物车中", "本月不在购物车中"),
    "days_since_pair_cart": Cause("很久以前加购过或从未加购", "不久前加购过"),
    "pair_favourites_count_90d": Cause("本季收藏过", "本季未收藏"),
    "pair_unanswered_count_28d": Cause("多次展示过", "本月没有展示后未响应"),
    "pair_returns_count_90d": Cause("本季退过货", "本季未退过货"),
    "views_count_7d": Cause("本周浏览量高", "本周浏览量低"),
    "views_count_28d": Cause("本月浏览量高", "本月浏览量低"),
    "view_cart_share_28d": Cause("浏览后常加入购物车", "浏览后很少加入购物车"),
    "view_purchase_share_28d": Cause("浏览后常购买", "浏览后很少购买"),
    "exit_share_28d": Cause("常是访问的最后一页", "很少是访问的最后一页"),
    "clicks_count_28d": Cause("本月点击量高", "本月点击量低"),
    "carts_count_28d": Cause("本月加购量高", "本月加购量低"),
    "cart_purchase_share_28d": Cause("加购后常购买", "加购后常未购买"),
    "favourites_count_28d": Cause("本月收藏的人多", "本月收藏的人少"),
    "return_share_90d": Cause("退货率高", "退货率低"),
}

_PRICE = {
    "price_gap": Cause("价格不同于常买的同类商品", "价格与常买的同类商品相近"),
    "price_mean_90d": Cause("高价位商品", "低价位商品"),
    "price_ratio_90d": Cause("高于类目均价", "低于类目均价"),
    "price_percentile_90d": Cause("类目中价格最高之列", "类目中价格最低之列"),
}

_AGE = {
    # Low of an item that has never sold, too.
    "days_since_first_sale": Cause("本店长期{sold}", "本店新品"),
    "days_since_first_purchase": Cause("长久以来的选择", "用户新近发现的商品"),
    "days_since_listed": Cause("上架已久", "新近上架"),
    "segment=tail": Cause("小众好物", "不同于寻常小众好物"),
    "segment=cold": Cause("尚未被发现", "已被其他用户发现"),
}

_POPULARITY = {
    "popularity": Cause("当下热门", "当下知道的人不多"),
    "popularity_7d": Cause("本周热门", "本周知道的人不多"),
    "popularity_30d": Cause("本月热门", "本月知道的人不多"),
    "popularity_90d": Cause("本季热门", "本季知道的人不多的好物"),
    "purchases_count_7d": Cause("本周畅销", "本周销售较慢"),
    "purchases_count_28d": Cause("本月畅销", "本月销售较慢"),
    "purchases_count_90d": Cause("本季畅销", "本季销售较慢"),
    "purchases_count_365d": Cause("全年畅销", "过去一年很少售出"),
    "purchases_count_life": Cause("一直以来的畅销品", "至今只售出几次"),
    "purchases_trend_28d": Cause("销量好于上月", "销量稳定"),
    "spend_sum_28d": Cause("本月销售额高", "本月销售额低"),
    "demand_next_28d": Cause("预计会畅销", "预计销售较慢"),
    "buyers": Cause("许多用户{done}过", "目前{done}过的用户不多"),
    "buyers_count_28d": Cause("本月购买的人多", "本月购买的人少"),
    "buyers_count_90d": Cause("本季购买的人多", "本季购买的人少"),
    "new_buyers_count_28d": Cause("本月新买家多", "本月新买家少"),
    "repeat_rate": Cause("{try_it}过的用户会再次{done}", "很少重复{done}"),
    "repeat_share_90d": Cause("经常复购", "大多只买一次"),
    "days_since_last_sale": Cause("有一段时间没有{sold}", "近期有{sold}"),
    "days_since_last_purchase": Cause("有一段时间没有人购买", "近期有其他用户购买"),
    "weekend_share_90d": Cause("周末热销", "工作日热销"),
    "exposures_count_28d": Cause("本月经常展示", "本月很少展示"),
    "response_share_90d": Cause("展示后常购买", "展示后很少购买"),
    "share_of_type": Cause("同类中的热门商品", "并非同类中的热门商品"),
    "type_share_90d": Cause("同类中的畅销品", "并非同类中的畅销品"),
    "category_share_90d": Cause("类目中的热门商品", "并非类目中的热门商品"),
    "category_percentile_90d": Cause("类目中的畅销品", "并非类目中的畅销品"),
    "brand_share_90d": Cause("该品牌的热门商品", "并非该品牌的热门商品"),
    "provider_share_90d": Cause("该厂商的热门商品", "并非该厂商的热门商品"),
    "category_purchases_count_28d": Cause("来自热门类目", "来自小众类目"),
}

# What the network and the trees read in addition to the terms that reasons name.
_FURTHER = {
    "first_stage": Cause("各渠道综合匹配度高", "各渠道综合匹配度低"),
    "candidate_text": Cause("文本契合以往{plural}的商品", "文本与以往{plural}的商品不契合"),
    "shopper_features": Cause("契合该用户的购物方式", "与该用户的购物方式不契合"),
}

PHRASES = Phrases(
    responses=_RESPONSES,
    causes={
        **_TASTE, **_TEXT, **_TYPE_AND_CATEGORY, **_BRAND_AND_MAKER, **_STORE_AND_PROMOTION, **_BROWSING, **_PRICE,
        **_AGE, **_POPULARITY, **_FURTHER,
    },
    no_cause="综合相关",
    shared_list="许多用户感兴趣；非个性化列表",
    raised_by_group_floor="因 {group} 的保底而加权",
    raised_by_item_floor="因自身保底而加权",
    raised_as_new="因新品而加权",
    held_by_group_cap="受 {group} 的上限限制",
    held_by_item_cap="受自身上限限制",
    held_by_stock="受库存限制",
    swapped_in_for_group="为满足 {group} 的保底而加入",
    in_place_of="替换「{title}」",
    explored="随机抽取以收集反馈",
    pinned="由 {owner} 置顶",
    pinned_until="由 {owner} 置顶，截至 {day}",
    banned="由 {owner} 屏蔽",
    banned_until="由 {owner} 屏蔽，截至 {day}",
    separator="；",
)  # fmt: skip
