"""What each item could bring if its best audience saw it, and what it got."""

from pyspark.sql.types import DateType, DoubleType, LongType, StringType

from features.contract.table import Column, Invariant, Table

ITEM_POTENTIAL = Table(
    name="item_potential",
    meaning="What each item could bring a day if its best audience saw it, and what it got.",
    columns=(
        Column("as_of", DateType(), "Night."),
        Column("policy", StringType(), "Policy whose relevance it is computed from."),
        Column("item_id", StringType(), "Identifier of the product."),
        Column(
            "audience_count",
            LongType(),
            "Shoppers with consent who have the item among their candidates, at or above plan.relevance_bar.",
        ),
        Column(
            "audience_visits",
            DoubleType(),
            "Visits expected a day of the best of them, potential.shoppers at most: those with the largest relevance "
            "times visits.",
        ),
        Column(
            "potential_responses",
            DoubleType(),
            "Responses expected of a day if the best of them saw the item on every visit: the sum of relevance times "
            "visits.",
        ),
        Column(
            "received_exposures",
            DoubleType(),
            "Exposures a day at the placement in the last account.nights nights: delivered, or planned where none were "
            "logged.",
        ),
        Column(
            "received_responses",
            DoubleType(),
            "Purchase lines a day attributed to these exposures; 0 where none were logged.",
        ),
        Column(
            "potential_gap",
            DoubleType(),
            "Part of potential_responses for which exposures are missing: potential_responses times "
            "(1 - received_exposures / audience_visits), at least 0.",
        ),
    ),
    key=("as_of", "policy", "item_id"),
    partitioned_by=("as_of", "policy"),
    invariants=(
        Invariant("audience_count_negative", "audience_count >= 0"),
        Invariant("audience_visits_negative", "audience_visits >= 0"),
        Invariant("potential_responses_negative", "potential_responses >= 0"),
        Invariant("received_exposures_negative", "received_exposures >= 0"),
        Invariant("received_responses_negative", "received_responses >= 0"),
        Invariant("potential_gap_out_of_range", "potential_gap >= 0 AND potential_gap <= potential_responses"),
    ),
)
