"""The outcome of each row of a source: exactly one."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from features.contract import EVENTS
from features.contract.table import Invariant, Table
from features.quality.contract_checks import violations
from features.visitors import actor

ACCEPTED, REJECTED, PARKED = "accepted", "rejected", "parked"
DUPLICATE, FILTERED, LATER = "duplicates", "filtered", "later"
OUTCOMES = (ACCEPTED, REJECTED, PARKED, DUPLICATE, FILTERED, LATER)
KEPT = (ACCEPTED, PARKED)
# Reasons of rejected rows, next to the violations of the contract: what is wrong, and how.
KEY_WITH_SEVERAL_CONTENTS = "key_with_several_contents"
RETURN_WITHOUT_PURCHASE = "return_without_purchase"
EVENT_OLDER_THAN_KNOWN = "event_older_than_known"
LINE_MALFORMED = "line_malformed"
HEADER_REPEATED, TOTAL_ROW = "header_repeated", "total_row"
# Rejected rows for which no delivery is at fault: every export begins after some purchase, and some files are joined.
HARMLESS = (RETURN_WITHOUT_PURCHASE, HEADER_REPEATED, TOTAL_ROW)
ITEM_UNKNOWN, USER_UNKNOWN = "item_unknown", "user_unknown"  # of parked rows
_FOR_TOO_LONG = "_for_too_long"  # follows the reason of a parked row
# JSON has milliseconds by default; rows are compared, and parked events read back, to the microsecond.
_JSON = {"timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"}


def with_outcome(
    frame: DataFrame, table: Table, time: str, before: date, further: tuple[Invariant, ...] = ()
) -> DataFrame:
    """Adds `outcome` and `reason` to rows with the table's columns and `filtered`.

    Left out by the mapping: filtered. Ingested from the same file by an earlier night: duplicates. Violating the
    contract, or one of the store's `further` rules: rejected, with the names of the violations. At or after `before` by
    the column `time`: later. Anything else: accepted.
    """
    names = violations(table, further)
    if "unreadable" in frame.columns:
        names = F.when(F.col("unreadable") != "", F.col("unreadable")).otherwise(names)
    reason = F.when(~F.col("filtered"), names).otherwise(F.lit(""))
    taken = F.col(time) < F.col("taken_until") if "taken_until" in frame.columns else F.lit(False)
    outcome = (
        F.when(F.col("filtered"), F.lit(FILTERED))
        .when(F.coalesce(taken, F.lit(False)), F.lit(DUPLICATE))
        .when(F.col("reason") != "", F.lit(REJECTED))
        .when(F.col(time) >= F.lit(before), F.lit(LATER))
        .otherwise(F.lit(ACCEPTED))
    )
    carried = ("left_out", "example", "raw", "source_part", "source_line", "parked_since", "waited")
    further_columns = [name for name in carried if name in frame.columns and name not in table.column_names]
    return frame.withColumn("reason", reason).select(
        *table.column_names, *further_columns, outcome.alias("outcome"), "reason"
    )


def park_unknown(judged: DataFrame, key: str, known: DataFrame, reason: str) -> DataFrame:
    """Accepted rows whose `key` has a value that is not in `known` (one column of that name, unique) become parked."""
    members = known.select(key, F.lit(True).alias("is_known"))
    unknown = (F.col("outcome") == ACCEPTED) & F.col(key).isNotNull() & F.col("is_known").isNull()
    columns = [column for column in judged.columns if column not in ("outcome", "reason")]
    return judged.join(members, on=key, how="left").select(
        *columns,
        F.when(unknown, F.lit(PARKED)).otherwise(F.col("outcome")).alias("outcome"),
        F.when(unknown, F.lit(reason)).otherwise(F.col("reason")).alias("reason"),
    )


def reject_long_parked(judged: DataFrame, since: date) -> DataFrame:
    """Rows that are parked since before `since` become rejected, with `_for_too_long` after their reason."""
    if "parked_since" not in judged.columns:
        return judged
    overdue = (F.col("outcome") == PARKED) & F.coalesce(F.col("parked_since") < F.lit(since), F.lit(False))
    return _changed(judged, overdue, REJECTED, F.concat("reason", F.lit(_FOR_TOO_LONG)))


def rejected_for_too_long() -> Column:
    """Whether a judged row is rejected because it was parked for too long."""
    return (F.col("outcome") == REJECTED) & F.col("reason").endswith(_FOR_TOO_LONG)


def reject_returns_without_purchase(judged: DataFrame, before: DataFrame) -> DataFrame:
    """Accepted returns of what the shopper or visitor had not bought by then become rejected.

    before: actor, item_id, first_purchase (the earliest time, of all who are the same person), one row a pair
    """
    joined = judged.withColumn("actor", actor()).join(before, on=["actor", "item_id"], how="left")
    bought = F.coalesce(F.col("first_purchase") <= F.col("event_time"), F.lit(False))
    without = (F.col("event_type") == "return") & (F.col("outcome") == ACCEPTED) & ~bought
    columns = judged.columns
    return _changed(joined, without, REJECTED, F.lit(RETURN_WITHOUT_PURCHASE)).select(*columns)


def judge_known(judged: DataFrame, known: DataFrame) -> DataFrame:
    """Rows of a known event become duplicates if equal to it, and rejected if recorded before it.

    known: event_id, known_at (ingested_at), known_content (`content_hash`), one row an event. A row that stays accepted
    under a known id is a correction.
    """
    columns = judged.columns
    # By the size of the files Spark would broadcast a month of events, which no driver holds.
    joined = judged.join(known.hint("merge"), on="event_id", how="left").withColumn("content", content_hash(EVENTS))
    is_known = F.col("outcome").isin(*KEPT) & F.col("known_content").isNotNull()
    equal = is_known & (F.col("known_content") == F.col("content"))
    older = is_known & ~equal & (F.col("ingested_at") < F.col("known_at"))
    rows = _changed(joined, equal, DUPLICATE, F.lit("known"))
    outdated = older & (F.col("outcome") != DUPLICATE)
    return _changed(rows, outdated, REJECTED, F.lit(EVENT_OLDER_THAN_KNOWN)).select(*columns)


def content_hash(table: Table) -> Column:
    """64-bit hash of all columns but the file that a row came from."""
    return F.xxhash64(*(name for name in table.column_names if name != "source_part"))


def _changed(rows: DataFrame, which: Column, outcome: str, reason: Column) -> DataFrame:
    columns = [name for name in rows.columns if name not in ("outcome", "reason")]
    return rows.select(
        *columns,
        F.when(which, F.lit(outcome)).otherwise(F.col("outcome")).alias("outcome"),
        F.when(which, reason).otherwise(F.col("reason")).alias("reason"),
    )


def judge_repeats(judged: DataFrame, table: Table, repeated: DataFrame) -> DataFrame:
    """Of the rows with one key the preferred one stays, see `_preference`, and the others become duplicates.

    Equal rows are one; if preferred rows differ, which of them is right is unknown, and all of the key are rejected.
    A row that an earlier night parked (`waited`) is treated as `judge_known` treats a known event: an equal row becomes
    a duplicate, one recorded before it is rejected, and any other corrects it, so that the parked one is the duplicate.

    repeated: key_hash, the hashes (`key_hash`) of the repeated keys; only rows with one of them are sorted
    """
    has_key = F.col("outcome").isin(*KEPT)
    hashed = judged.withColumn("key_hash", F.when(has_key, key_hash(table)))
    others = hashed.join(repeated, on="key_hash", how="left_anti").select(*judged.columns)
    content = F.to_json(F.struct(*(name for name in table.column_names if name != "source_part")), _JSON)
    whole = Window.partitionBy(*table.key).rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    order = ["content", *(["source_part"] if "source_part" in judged.columns else [])]
    in_order = Window.partitionBy(*table.key, "preferred").orderBy(*order)
    suspects = _compared_with_waiting(
        hashed.join(repeated, on="key_hash", how="left_semi").withColumn("content", content), whole
    ).withColumn("rival", ~(F.col("waits") | F.col("repeats") | F.col("older")))
    preference = _preference(judged)
    best = F.max(F.when(F.col("rival"), preference)).over(whole)
    suspects = suspects.withColumn("preferred", F.col("rival") & F.coalesce(preference == best, F.lit(True)))
    of_preferred = F.when(F.col("preferred"), F.col("content"))
    suspects = suspects.withColumn(
        "differ", F.min(of_preferred).over(whole) != F.max(of_preferred).over(whole)
    ).withColumn("place", F.row_number().over(in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)))
    conflict = F.col("rival") & F.col("differ")
    corrected = F.col("waits") & ~F.col("differ")  # NULL, so false, if no row of tonight is left to correct it
    superseded = F.col("rival") & (~F.col("preferred") | (F.col("place") > 1))
    again = F.col("repeats") | superseded | corrected
    outcome = (
        F.when(F.col("older") | conflict, F.lit(REJECTED)).when(again, F.lit(DUPLICATE)).otherwise(F.col("outcome"))
    )
    reason = (
        F.when(F.col("older"), F.lit(EVENT_OLDER_THAN_KNOWN))
        .when(conflict, F.lit(KEY_WITH_SEVERAL_CONTENTS))
        .otherwise(F.col("reason"))
    )
    columns = [name for name in judged.columns if name not in ("outcome", "reason")]
    return others.unionByName(suspects.select(*columns, outcome.alias("outcome"), reason.alias("reason")))


def _preference(judged: DataFrame) -> Column:
    """What the preferred row of a key has most of: no consent, the time of its record, its place in the files.

    So a correction supersedes what it corrects, a later line of one moment an earlier one, and no order of deliveries
    undoes a refusal.
    """
    known = {
        "consent_personalisation": ~F.col("consent_personalisation"),
        "ingested_at": F.col("ingested_at"),
        "source_line": F.struct("source_part", "source_line"),
    }
    return F.struct(F.lit(0), *(value for name, value in known.items() if name in judged.columns))


def _compared_with_waiting(suspects: DataFrame, same_key: WindowSpec) -> DataFrame:
    """Adds `waits` (parked by an earlier night); for the others with its key `repeats` (equal to it) and `older`."""
    if "waited" not in suspects.columns:
        return suspects.withColumns(dict.fromkeys(("waits", "repeats", "older"), F.lit(False)))
    waits = F.coalesce("waited", F.lit(False))
    content = F.max(F.when(waits, F.col("content"))).over(same_key)
    recorded = F.max(F.when(waits, F.col("ingested_at"))).over(same_key)
    repeats = F.coalesce(~waits & (F.col("content") == content), F.lit(False))
    older = F.coalesce(~waits & (F.col("content") != content) & (F.col("ingested_at") < recorded), F.lit(False))
    return suspects.withColumns({"waits": waits, "repeats": repeats, "older": older})


def refused_rows(judged: DataFrame, table: Table, outcome: str) -> DataFrame:
    """table, row_id, reason, payload, parked_since of the rows with this outcome, for `rejected` and `parked`.

    row_id is the key's values joined by '|', or the SHA-256 of the payload if one is missing; a repeated row_id gets
    #2, #3 and so on, by payload.
    """
    whole_key = F.concat_ws("|", *(F.col(name).cast("string") for name in table.key))
    has_key = F.lit(True)
    for name in table.key:
        has_key = has_key & F.col(name).isNotNull() & (F.trim(F.col(name).cast("string")) != "")
    same_id = Window.partitionBy("id").orderBy("payload").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    payload = F.to_json(F.struct(*table.column_names), _JSON)
    if "raw" in judged.columns:
        payload = F.coalesce("raw", payload)
    rows = (
        judged.where(F.col("outcome") == outcome)
        .withColumn("payload", payload)
        .withColumn("id", F.when(has_key, whole_key).otherwise(F.sha2("payload", 256)))
        .withColumn("place", F.row_number().over(same_id))
    )
    since = F.col("parked_since") if "parked_since" in judged.columns else F.lit(None).cast("date")
    return rows.select(
        F.lit(table.name).alias("table"),
        F.when(F.col("place") == 1, F.col("id")).otherwise(F.concat_ws("#", "id", "place")).alias("row_id"),
        "reason",
        "payload",
        since.alias("parked_since"),
    )


def key_hash(table: Table) -> Column:
    """64-bit hash of the key, to compare keys without carrying them; equal hashes do not prove equal keys."""
    return F.xxhash64(*table.key)
