"""The features as data: computation, Delta schema, Feast fields and documentation come from these declarations."""

from features.declarations.feature import Feature
from features.declarations.items import ITEM_FEATURES, ITEM_FEATURES_TABLE
from features.declarations.users import USER_FEATURES, USER_FEATURES_TABLE

__all__ = ["ITEM_FEATURES", "ITEM_FEATURES_TABLE", "USER_FEATURES", "USER_FEATURES_TABLE", "Feature"]
