"""Addresses of pictures and the files behind them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.images.files import NO_FILE, NO_FOLDER, WEB_ADDRESS, located, read_files, topmost, with_files


def test_only_the_topmost_folders_are_listed() -> None:
    folders = ["file:/a/b", "file:/a/b/c", "file:/a/b-c", "file:/a/bc/d", "s3a://x/y", "s3a://x/y/z", "file:/a/b"]
    assert topmost(folders) == ["file:/a/b", "file:/a/b-c", "file:/a/bc/d", "s3a://x/y"]


def test_addresses_of_all_forms_find_their_file_or_have_a_reason(spark: SparkSession, tmp_path: Path) -> None:
    for name in ("a.jpg", "deep/b c.png", "deep/[1]{2}*.png", "deep/more/d.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    expected = {
        f"{tmp_path}/a.jpg": "a.jpg",
        f" file://{tmp_path}//a.jpg ": "a.jpg",
        f"file:{tmp_path}/deep/b c.png": "deep/b c.png",
        f"{tmp_path}/deep/[1]{{2}}*.png": "deep/[1]{2}*.png",
        "deep/more/d.jpg": "deep/more/d.jpg",
        "deep/none.jpg": NO_FILE,
        "nowhere/none.jpg": NO_FILE,
        f"{tmp_path}/deep": NO_FILE,  # a folder
        f"{tmp_path}/": NO_FILE,
        "/": NO_FILE,
        "nosuchscheme://host/a.jpg": NO_FILE,
        "https://shop.example/a.jpg": WEB_ADDRESS,
        "HTTP://shop.example/a.jpg": WEB_ADDRESS,
        "//cdn.example/a.jpg": WEB_ADDRESS,
        "data:image/png;base64,AAAA": WEB_ADDRESS,
    }
    pictures = spark.createDataFrame([(uri,) for uri in expected], "image_uri string")
    rows = with_files(spark, located(pictures, str(tmp_path))).collect()
    by_uri = {row.image_uri: row for row in rows}
    assert len(rows) == len(expected)
    for uri, outcome in expected.items():
        row = by_uri[uri]
        if outcome in (NO_FILE, WEB_ADDRESS):
            assert (row.mask_reason, row.length) == (outcome, None), uri
        else:
            assert (row.mask_reason, row.length) == (None, len(outcome)), uri
            assert row.path == f"file:{tmp_path}/{outcome}"
            assert row.modified_at is not None
    paths = sorted({row.path for row in rows if row.length})
    contents = {row.path: bytes(row.content) for row in read_files(spark, paths).collect()}
    assert contents == {path: path.removeprefix(f"file:{tmp_path}/").encode() for path in paths}


@pytest.mark.parametrize("uri", ["a.jpg", "shoes/a.jpg"])
def test_an_address_without_a_root_needs_the_folder(spark: SparkSession, uri: str) -> None:
    pictures = spark.createDataFrame([(uri,)], "image_uri string")
    row = with_files(spark, located(pictures, None)).first()
    assert row is not None
    assert row.mask_reason == NO_FOLDER
