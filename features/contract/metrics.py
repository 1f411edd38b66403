"""Figures of a night, and the names by which several packages know them.

A figure that one package writes and another reads has its name here, once; import it from here on both sides. A step
replaces the figures of its own prefix; figures without a prefix are those of monitor.
"""

from typing import Final

from pyspark.sql.types import DateType, DoubleType, LongType, MapType, StringType

from features.contract.table import Column, Table

METRICS = Table(
    name="metrics",
    meaning="Figures of a night.",
    columns=(
        Column("as_of", DateType(), "Night."),
        Column("name", StringType(), "Name of the figure."),
        Column("segment", StringType(), "Part of the store that the figure is about; all for the complete store."),
        Column("value", DoubleType(), "Value."),
        Column(
            "source_versions", MapType(StringType(), LongType()), "Versions of the tables that it was computed from."
        ),
    ),
    key=(
        "as_of",
        "name",
        "segment",
    ),
    partitioned_by=("as_of",),
)

ALL: Final = "all"  # segment of a figure of the complete store

# Prefixes: of the steps that write figures next to monitor.
FEATURE: Final = "feature_"  # by build_features; the segment is <table>.<feature>
DEMAND: Final = "demand_"  # by build_features; the segment is the model
DELIVERY: Final = "delivery_"  # by account_exposure; the segment is `all` or a position
DRIFT: Final = "drift_"  # by check_drift
SEASON: Final = "season_"  # by score
UPLIFT: Final = "uplift_"  # by train_uplift
PREFIXES: Final = (FEATURE, DEMAND, DELIVERY, DRIFT, SEASON, UPLIFT)

FEATURE_DEFAULT_SHARE: Final = f"{FEATURE}default_share"

# Planned exposure.
ITEMS_ELIGIBLE: Final = "items_eligible_count"
ITEMS_SHOWN: Final = "items_shown_count"
ITEMS_NOT_LIFTED: Final = "items_not_lifted_count"  # of a plan with plan.not_lifted
ENTRIES: Final = "entries_count"
LISTS: Final = "lists_count"
EXPOSURE_ALLOCATED: Final = "exposure_allocated_sum"
EXPOSURE_SHARE: Final = "exposure_share"
COVERAGE_SHARE: Final = "coverage_share"
NEVER_GIVEN: Final = "never_given_28d_count"
NIGHTS_PLANNED: Final = "nights_planned_28d_count"
NOVELTY_MEAN: Final = "novelty_mean"
RELEVANCE_MEAN: Final = "relevance_mean"
RESPONSES_EXPECTED: Final = "responses_expected_sum"
REVENUE_EXPECTED: Final = "revenue_expected_sum"
EXPOSURE_GINI: Final = "exposure_gini"
EXPOSURE_ENTROPY_SHARE: Final = "exposure_entropy_share"

# Providers.
PROVIDERS: Final = "providers_count"
PROVIDERS_SHOWN_SHARE: Final = "providers_shown_share"
PROVIDER_GINI: Final = "provider_gini"
PROVIDER_ENTROPY_SHARE: Final = "provider_entropy_share"
PROVIDER_DISPARITY: Final = "provider_disparity"

# Groups of shoppers by their attributes; segments are those of `segment_of` in features/health/shopper_groups.py.
GROUP_SHOPPERS: Final = "shopper_group_count"
GROUP_LISTED: Final = "shopper_group_listed_share"
GROUP_RELEVANCE: Final = "shopper_group_relevance_mean"
GROUP_TAIL: Final = "shopper_group_tail_share"
GROUP_BOOST: Final = "shopper_group_boost_mean"
GROUP_RESPONSES: Final = "shopper_group_responses_mean"
GROUP_MEASURES: Final = (GROUP_LISTED, GROUP_RELEVANCE, GROUP_TAIL, GROUP_BOOST, GROUP_RESPONSES)
MARGIN: Final = "_margin"  # after a measure: half the 95 % interval of its difference to all shoppers

# Purchases.
PURCHASES_SHARE_7D: Final = "purchases_7d_share"
PURCHASES_SHARE_28D: Final = "purchases_28d_share"

# Delivered exposure.
DELIVERED_SHARE: Final = "delivered_share"
DELIVERED_COVERAGE_SHARE: Final = "delivered_coverage_share"
DELIVERED_GINI: Final = "delivered_gini"
DELIVERED_ENTROPY_SHARE: Final = "delivered_entropy_share"
NEVER_LOGGED: Final = "never_logged_28d_count"

# Logged exposures.
LOG_COUNTED: Final = f"{DELIVERY}counted_count"
LOG_BOTS: Final = f"{DELIVERY}bot_count"
LOG_DUPLICATES: Final = f"{DELIVERY}duplicate_count"
LOG_WITHDRAWN: Final = f"{DELIVERY}withdrawn_count"
LOG_WITHOUT_PLAN: Final = f"{DELIVERY}without_plan_count"
LOG_WITHOUT_PROPENSITY: Final = f"{DELIVERY}without_propensity_count"
LOG_WITHOUT_REQUEST: Final = f"{DELIVERY}without_request_count"
LOG_LATE: Final = f"{DELIVERY}late_count"
LOG_NEWEST_AGE_DAYS: Final = f"{DELIVERY}newest_age_days"
POSITION_WEIGHT: Final = f"{DELIVERY}position_weight"  # as estimated from the log; the segment is the position
POSITION_WEIGHT_USED: Final = f"{DELIVERY}position_weight_used"
POSITION_WEIGHT_DEVIATION: Final = f"{DELIVERY}position_weight_deviation"  # relative standard deviation of the used one
POSITION_WEIGHT_CONFIGURED: Final = f"{DELIVERY}position_weight_configured"

# Level of tonight's chances against that of the periods that the calibrator was fitted on, as a logarithm.
SEASON_SHIFT: Final = f"{SEASON}shift"
SEASON_DEVIATION: Final = f"{SEASON}deviation"

# What was bought after drawn exposures.
UPLIFT_DRAWN: Final = f"{UPLIFT}drawn_count"
UPLIFT_BOUGHT: Final = f"{UPLIFT}bought_after_count"
UPLIFT_CAUSED: Final = f"{UPLIFT}caused_share"
UPLIFT_CAUSED_LOW: Final = f"{UPLIFT}caused_low_share"  # limits of the 95 % interval
UPLIFT_CAUSED_HIGH: Final = f"{UPLIFT}caused_high_share"

# Calibration of an earlier night.
CALIBRATION_PREDICTED: Final = "calibration_predicted_mean"
CALIBRATION_OBSERVED: Final = "calibration_observed_share"
CALIBRATION_PAIRS: Final = "calibration_pairs_count"
