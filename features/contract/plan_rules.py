"""Rules of the plan that were saved on the desk: every change of one is a row, and no row is ever changed."""

from pyspark.sql.types import BooleanType, DateType, LongType, StringType, TimestampType

from features.contract.table import Column, Invariant, Table

PLAN_RULES = Table(
    name="plan_rules",
    meaning="Changes of the plan's rules on the desk: who, when, what and why.",
    columns=(
        Column("version", LongType(), "Number of the change, from 1 without a gap."),
        Column("kind", StringType(), "Section of plan that the rule is in, such as floors."),
        Column("name", StringType(), "Name of the rule; of pins and bans the item."),
        Column("action", StringType(), "set, end, undo, approve or reject."),
        Column("content", StringType(), "JSON of the rule's keys, of set only.", nullable=True),
        Column("starts_on", DateType(), "First night that it is meant for; NULL for approve, reject and undo.", True),
        Column("ends_on", DateType(), "Last night that it is meant for; NULL for no end.", nullable=True),
        Column("owner", StringType(), "Who answers for the rule, as lists name it.", nullable=True),
        Column("of_version", LongType(), "Change that is undone, approved or rejected.", nullable=True),
        Column("needs_approval", BooleanType(), "Whether it holds only after another person has approved it."),
        Column("changed_by", StringType(), "User who made the change."),
        Column("changed_at", TimestampType(), "When."),
        Column("reason", StringType(), "Why, in words of the user.", nullable=True),
    ),
    key=("version",),
    invariants=(Invariant("version_below_one", "version >= 1"), Invariant("ends_before_start", "ends_on >= starts_on")),
)
