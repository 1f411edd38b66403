"""Files as real exports write them: breaks within quotes, odd headers, two-byte texts, nanoseconds, cut files."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.config.inputs import FileInput
from jobs.runtime.errors import ConfigurationError, Refused
from jobs.runtime.session import spark_session
from jobs.sources.files.parts import list_parts
from jobs.sources.files.quotes import ends_within_quotes, require_closed_quotes
from jobs.sources.files.read_failures import named_read_failures
from jobs.sources.files.reading import read_parts


def read(spark: SparkSession, path: Path, kind: Any, mapped: tuple[str, ...] = (), **options: str) -> DataFrame:
    files = FileInput(path=str(path), format=kind, options=options)
    [rows] = read_parts(spark, files, list_parts(spark, "log", files), mapped)
    return rows


@pytest.mark.parametrize(
    ("line", "within"),
    [
        ('TP-1,"Tea Pot, 1.2 l","<ul>', True),
        ('Lid</ul>",29.00', False),  # the second half
        ('a,"b ""c"" d",e', False),
        ('a,"b ""c"" d', True),
        ('a,6" pipe,x', False),  # inches
        ('"', True),
        ('""', False),
        ("a,b", False),
        ('a,"', True),
    ],
)
def test_a_line_that_ends_within_quotes_is_recognised(line: str, within: bool) -> None:
    assert ends_within_quotes(line, ",", '"', '"') is within


def test_an_escaped_quote_ends_no_field() -> None:
    assert ends_within_quotes('a;"b \\" c', ";", '"', "\\")
    assert not ends_within_quotes('a;"b \\" c"', ";", '"', "\\")


def test_half_a_line_is_no_row(spark: SparkSession, tmp_path: Path) -> None:
    path = tmp_path / "products.csv"
    path.write_text('sku,name,body,price\nTP-1,Tea Pot,"<ul>\nPot,Lid,Strainer</ul>",29.00\nA,6" pipe,x,1\n')

    def check(**options: str) -> None:
        files = FileInput(path=str(path), format="csv", options=options)
        require_closed_quotes(spark, "products", files, list_parts(spark, "products", files))

    with pytest.raises(Refused, match=r"end within quotes \(1, the first in products.csv\).*multiLine"):
        check()
    with pytest.raises(Refused, match=r'{quote: ""} if quotes are part of its texts'):
        check(multiLine="false")
    with pytest.raises(Refused, match=r'or correct the line: .*, as in "6"" pipe"'):
        check()
    check(multiline="true")
    check(quote="")
    rows = read(spark, path, "csv", multiLine="true").collect()
    assert [(row["sku"], row["body"]) for row in rows] == [("TP-1", "<ul>\nPot,Lid,Strainer</ul>"), ("A", "x")]
    path.write_text('sku,name,body,price\nA,6" pipe,x,1\n')
    check()


def test_columns_without_a_name_or_with_the_same_one_do_no_harm(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(",order,Notes,notes,qty,\n0,1001,x,y,2,\n")
    [row] = read(spark, tmp_path / "a.csv", "csv").collect()
    assert (row["order"], row["qty"]) == ("1001", "2")
    (tmp_path / "a.json").write_text('{"order": "1001", "Channel": "a", "channel": "b", "x": {"Q": 1, "q": 2}}\n')
    [row] = read(spark, tmp_path / "a.json", "json", ("order", "channel")).collect()
    assert (row["order"], row["channel"]) == ("1001", "b")
    with pytest.raises(Refused, match=r"a.json have the columns Channel and channel, which differ in case only"):
        read(spark, tmp_path / "a.json", "json", ("Channel", "channel"))
    (tmp_path / "b.json").write_text('{"order": "1001", "qty": 1, "qty": 2}\n')
    with pytest.raises(Refused, match=r"b.json has the key .*qty.* twice"):
        read(spark, tmp_path / "b.json", "json")
    pd.DataFrame({"order": ["1001"], "Channel": ["a"], "channel": ["b"]}).to_parquet(tmp_path / "a.parquet")
    assert [row["order"] for row in read(spark, tmp_path / "a.parquet", "parquet", ("order",)).collect()] == ["1001"]
    with pytest.raises(Refused, match=r"a.parquet have the columns Channel and channel"):
        read(spark, tmp_path / "a.parquet", "parquet", ("channel",))


def test_texts_of_two_bytes_are_read_and_unknown_encodings_are_named(spark: SparkSession, tmp_path: Path) -> None:
    spark_session("test")  # with the settings of the jobs
    path = tmp_path / "orders.txt"
    path.write_bytes("order\tname\r\n1001\tWürze ਊ\r\n".encode("utf-16"))
    assert [tuple(row)[:2] for row in read(spark, path, "csv", sep="\t", encoding="UTF-16").collect()] == [
        ("1001", "Würze ਊ")
    ]
    for name in ("utf8x", "no name"):
        with pytest.raises(ConfigurationError, match=f"Java knows no encoding {name}"):
            read(spark, path, "csv", encoding=name)
    with pytest.raises(ConfigurationError, match="multiLine"):
        read(spark, path, "json", encoding="UTF-16")


@pytest.mark.parametrize(("zone", "kind"), [(None, "timestamp_ntz"), ("UTC", "timestamp")])
def test_times_in_nanoseconds_are_times(spark: SparkSession, tmp_path: Path, zone: str | None, kind: str) -> None:
    at = pd.Series(pd.to_datetime(["2024-03-05 08:30:00.123456789", "1969-12-31 23:59:59.999999999"]))
    frame = pd.DataFrame({"order": [1, 2], "at": at.dt.tz_localize(zone) if zone else at})
    frame.to_parquet(tmp_path / "a.parquet", index=False)
    rows = read(spark, tmp_path / "a.parquet", "parquet", ("at",))
    assert dict(rows.dtypes)["at"] == kind
    assert [str(row[0]) for row in rows.selectExpr("cast(at AS string)").collect()] == [
        "2024-03-05 08:30:00.123456", "1969-12-31 23:59:59.999999",
    ]  # fmt: skip


def test_columns_of_types_that_spark_does_not_read_do_no_harm(spark: SparkSession, tmp_path: Path) -> None:
    at = datetime(2024, 3, 5, 8, 30)
    table = pa.table(
        {
            "order": ["1001"],
            "clock": pa.array([at.time()], pa.time64("us")),
            "half": pa.array([np.float16(1.5)], pa.float16()),
            "lines": pa.array([[{"at": at}]], pa.list_(pa.struct([("at", pa.timestamp("ns"))]))),
            "nothing": pa.nulls(1),
            "large": pa.array([2**64 - 1], pa.uint64()),
            "kind": pa.array(["sale"]).dictionary_encode(),
            "at": pa.array([at], pa.timestamp("ns")),
        }
    )
    spark_session("test")  # with the settings of the jobs
    texts = ("clock", "at", "large")
    for columns in (table, table.drop_columns(["half", "lines", "at"]).append_column("at", table["order"])):
        pq.write_table(columns, tmp_path / "a.parquet", version="2.6")
        rows = read(spark, tmp_path / "a.parquet", "parquet", ("order", "kind", *texts))
        [row] = rows.selectExpr("`order`", "kind", *(f"cast({name} AS string) {name}" for name in texts)).collect()
        assert (row["order"], row["kind"], row["clock"]) == ("1001", "sale", "08:30:00")
        assert row["large"] == "18446744073709551615"
        assert row["at"] == ("2024-03-05 08:30:00" if columns is table else "1001")
    pq.write_table(table, tmp_path / "a.parquet", version="2.6")
    with pytest.raises(Refused, match=r"cannot read the column half of .*a.parquet: its type is optional"):
        read(spark, tmp_path / "a.parquet", "parquet", ("half",))


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_a_name_of_a_file_may_have_any_character(spark: SparkSession, tmp_path: Path, kind: str) -> None:
    names = ["a{1,2}", "b[3]", "c\\d", "e f+g%20", "h#i?*", "Größe"]
    for number, name in enumerate(names):
        path = tmp_path / f"{name}.{kind}"
        if kind == "parquet":
            pq.write_table(pa.table({"order": [str(number)]}), path)
        else:
            path.write_text(
                f"order,x\n{number},\n" if kind == "csv" else f'{{"order": "{number}"}}\n', encoding="utf-8"
            )
    rows = read(spark, tmp_path, kind).collect()
    assert sorted(row["order"] for row in rows) == [str(number) for number in range(len(names))]
    places = {part.place for part in list_parts(spark, "log", FileInput(path=str(tmp_path), format=kind))}  # type: ignore[arg-type]
    assert {row["source_part"] for row in rows} == places
    for number, name in enumerate(names):
        files = FileInput(path=str(tmp_path / f"{name}.{kind}"), format=kind, literal=True)  # type: ignore[arg-type]
        [one] = read_parts(spark, files, list_parts(spark, "log", files))
        assert [row["order"] for row in one.collect()] == [str(number)]
    (tmp_path / f"10:30.{kind}").write_text("")
    with pytest.raises(Refused, match="has a colon in its name"):
        read(spark, tmp_path, kind)


def test_a_file_that_cannot_be_read_is_named(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    (tmp_path / "empty.parquet").write_bytes(b"")
    packed = gzip.compress(b"".join(b"%d,%d\n" % (n, n * n) for n in range(100_000)))
    (tmp_path / "cut.csv.gz").write_bytes(packed[: len(packed) // 2])
    for name, kind in (("broken.parquet", "parquet"), ("empty.parquet", "parquet"), ("cut.csv.gz", "csv")):
        with pytest.raises(Refused, match=f"The file .*{name} cannot be read"), named_read_failures():
            read(spark, tmp_path / name, kind).count()


def test_a_file_without_a_line_has_no_rows_and_names_are_no_patterns(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "day"
    folder.mkdir()
    (folder / "empty.csv").write_text("")
    (folder / "a{1}[2].csv").write_text("order\n1001\n")
    (folder / "mark.csv").write_bytes(b"\xef\xbb\xbf")
    (folder / "blank.csv").write_text("\n\n")
    (folder / "empty.csv.gz").write_bytes(gzip.compress(b""))
    assert [row["order"] for row in read(spark, folder, "csv").collect()] == ["1001"]
    for text, options in (("", {}), ("\n", {}), ("[]", {"multiLine": "true"})):
        (tmp_path / "empty.json").write_text(text)
        files = FileInput(path=str(tmp_path / "empty.json"), format="json", options=options)
        assert read_parts(spark, files, list_parts(spark, "log", files)) == []
