"""The features as data: computation, Delta schema, Feast fields and documentation come from these declarations."""

from features.declarations.feature import Feature
from features.declarations.items import ITEM_FEATURES, ITEM_FEATURES_TABLE
from features.declarations.pairs import PAIR_FEATURES
from features.declarations.users import USER_FEATURES, USER_FEATURES_TABLE

__all__ = ["ITEM_FEATURES", "ITEM_FEATURES_TABLE", "PAIR_FEATURES", "USER_FEATURES", "USER_FEATURES_TABLE", "Feature"]
