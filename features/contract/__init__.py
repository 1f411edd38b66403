"""The data contract: one file a table, inputs and outputs.

`item_features` and `user_features` are not here: their schema comes from `features.declarations`.
"""

from features.contract.audiences import AUDIENCES
from features.contract.candidates import CANDIDATES
from features.contract.catalogue_categories import CATALOGUE_CATEGORIES
from features.contract.catalogue_terms import CATALOGUE_TERMS
from features.contract.catalogue_values import CATALOGUE_VALUES
from features.contract.constraint_prices import CONSTRAINT_PRICES
from features.contract.daily_item import DAILY_ITEM
from features.contract.daily_pair import DAILY_PAIR
from features.contract.daily_user import DAILY_USER
from features.contract.daily_visitor import DAILY_VISITOR
from features.contract.demand_forecast import DEMAND_FORECAST
from features.contract.events import EVENTS
from features.contract.exploration_draws import EXPLORATION_DRAWS
from features.contract.exposure_account import EXPOSURE_ACCOUNT
from features.contract.exposure_corrections import EXPOSURE_CORRECTIONS
from features.contract.exposure_scores import EXPOSURE_SCORES
from features.contract.fallback_lists import FALLBACK_LISTS
from features.contract.identities import IDENTITIES
from features.contract.image_embeddings import IMAGE_EMBEDDINGS
from features.contract.item_exposure import ITEM_EXPOSURE
from features.contract.item_neighbours import ITEM_NEIGHBOURS
from features.contract.item_potential import ITEM_POTENTIAL
from features.contract.items import ITEMS
from features.contract.launch_suggestions import LAUNCH_SUGGESTIONS
from features.contract.metrics import METRICS
from features.contract.parked import PARKED
from features.contract.plan_rules import PLAN_RULES
from features.contract.price_suggestions import PRICE_SUGGESTIONS
from features.contract.promotions import PROMOTIONS
from features.contract.query_items import QUERY_ITEMS
from features.contract.query_report import QUERY_REPORT
from features.contract.rejected import REJECTED
from features.contract.relevance import RELEVANCE
from features.contract.review_sentiment import REVIEW_SENTIMENT
from features.contract.review_terms import REVIEW_TERMS
from features.contract.runs import RUNS
from features.contract.searches import SEARCHES
from features.contract.stock_suggestions import STOCK_SUGGESTIONS
from features.contract.text_attributes import TEXT_ATTRIBUTES
from features.contract.text_categories import TEXT_CATEGORIES
from features.contract.text_embeddings import TEXT_EMBEDDINGS
from features.contract.text_keywords import TEXT_KEYWORDS
from features.contract.text_variants import TEXT_VARIANTS
from features.contract.user_embeddings import USER_EMBEDDINGS
from features.contract.user_history import USER_HISTORY
from features.contract.users import USERS

__all__ = [
    "AUDIENCES",
    "CANDIDATES",
    "CATALOGUE_CATEGORIES",
    "CATALOGUE_TERMS",
    "CATALOGUE_VALUES",
    "CONSTRAINT_PRICES",
    "DAILY_ITEM",
    "DAILY_PAIR",
    "DAILY_USER",
    "DAILY_VISITOR",
    "DEMAND_FORECAST",
    "EVENTS",
    "EXPLORATION_DRAWS",
    "EXPOSURE_ACCOUNT",
    "EXPOSURE_CORRECTIONS",
    "EXPOSURE_SCORES",
    "FALLBACK_LISTS",
    "IDENTITIES",
    "IMAGE_EMBEDDINGS",
    "ITEMS",
    "ITEM_EXPOSURE",
    "ITEM_NEIGHBOURS",
    "ITEM_POTENTIAL",
    "LAUNCH_SUGGESTIONS",
    "METRICS",
    "PARKED",
    "PLAN_RULES",
    "PRICE_SUGGESTIONS",
    "PROMOTIONS",
    "QUERY_ITEMS",
    "QUERY_REPORT",
    "REJECTED",
    "RELEVANCE",
    "REVIEW_SENTIMENT",
    "REVIEW_TERMS",
    "RUNS",
    "SEARCHES",
    "STOCK_SUGGESTIONS",
    "TEXT_ATTRIBUTES",
    "TEXT_CATEGORIES",
    "TEXT_EMBEDDINGS",
    "TEXT_KEYWORDS",
    "TEXT_VARIANTS",
    "USERS",
    "USER_EMBEDDINGS",
    "USER_HISTORY",
]
