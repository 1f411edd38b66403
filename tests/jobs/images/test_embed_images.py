"""embed_images on a small catalogue: what a night adds, what a second one costs, what cannot be used."""

from __future__ import annotations

import json
import os
import uuid
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
import yaml
from pyspark.sql import SparkSession
from transformers import ViTConfig, ViTModel

from features.contract import IMAGE_EMBEDDINGS, ITEMS, RUNS, TEXT_EMBEDDINGS
from jobs.config.configuration import Config, load_config
from jobs.embed_images import embed_images
from jobs.execution.manifest import run_step
from jobs.execution.night import Night, Record
from jobs.images.vectors import image_model, image_vectors
from jobs.relevance.content_vectors import read_contents
from jobs.runtime.errors import ConfigurationError, LongtailError
from jobs.tables.warehouse import Warehouse
from model.fusion.ranker import RankerInputs
from tests.jobs.small_tables import filled
from tests.model.images.drawn import drawn, file_of
from tests.model.images.test_encoder import PREPARATION, TINY

FIRST, SECOND = date(2024, 3, 2), date(2024, 3, 3)
LISTED = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "vit"
    torch.manual_seed(5)
    ViTModel(ViTConfig(**TINY, image_size=32, patch_size=16)).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPARATION))
    return folder


def conf_in(folder: Path, model: Path, **images: Any) -> Config:
    path = folder / f"{len(list(folder.glob('*.yaml')))}.yaml"
    own = {"embed": True, "model": str(model), "folder": str(folder / "pictures"), "most_bytes": 20_000}
    keys = {
        "warehouse": str(folder / "warehouse"), "source": {"kind": "complete_journey"}, "images": own | images,
    }  # fmt: skip
    path.write_text(yaml.safe_dump(keys), encoding="utf-8")
    return load_config(path)


def write_items(spark: SparkSession, conf: Config, uris: dict[str, str | None], since: datetime = LISTED) -> None:
    rows = [
        {"item_id": item, "image_uri": uri, "valid_from": since, "listed_at": LISTED, "updated_at": since}
        for item, uri in uris.items()
    ]
    Warehouse(spark, conf.warehouse).replace(filled(spark, ITEMS, rows), ITEMS, where=None)


def run(spark: SparkSession, conf: Config, as_of: date) -> dict[str, int]:
    night, _ = run_step(embed_images, spark, conf, as_of, f"run-{uuid.uuid4().hex}")
    return night.record.rows


def stored(spark: SparkSession, conf: Config) -> pd.DataFrame:
    return Warehouse(spark, conf.warehouse).read(IMAGE_EMBEDDINGS).toPandas().set_index("item_id").sort_index()


def night_of(spark: SparkSession, conf: Config, as_of: date = FIRST) -> Night:
    return Night(conf, as_of, "run", spark, Warehouse(spark, conf.warehouse), Record())


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(3):
        (pictures / f"{number}.png").write_bytes(file_of(drawn(number)))
    return tmp_path


def test_switched_off_it_writes_nothing(spark: SparkSession, shop: Path, model: Path) -> None:
    conf = conf_in(shop, model, embed=False)
    night, _ = run_step(embed_images, spark, conf, FIRST, "run")
    assert not night.tables.exists(IMAGE_EMBEDDINGS)
    row = night.tables.read(RUNS).where("step = 'embed_images'").first()
    assert row is not None
    assert row.status == "skipped"
    assert image_model(night).dimension == 0


def test_pictures_of_two_sources_exclude_each_other(tmp_path: Path) -> None:
    path = tmp_path / "conf.yaml"
    source = {"kind": "complete_journey", "image_embedding_size": 3}
    path.write_text(yaml.safe_dump({"images": {"embed": True}, "source": source}))
    with pytest.raises(ConfigurationError, match=r"images\.embed and source\.image_embedding_size exclude each other"):
        load_config(path)


def test_a_second_night_computes_what_changed(spark: SparkSession, shop: Path, model: Path) -> None:
    conf = conf_in(shop, model)
    write_items(spark, conf, {"a": "0.png", "b": "1.png", "same": f"{shop}/pictures/1.png", "none": None, "blank": " "})
    with pytest.raises(LongtailError, match="Pictures have no vectors yet"):
        image_model(night_of(spark, conf))
    assert run(spark, conf, FIRST) == {"read": 2, "items_with_picture": 3, "usable": 3}
    first = stored(spark, conf)
    assert list(first.index) == ["a", "b", "same"]
    np.testing.assert_array_equal(first.embedding["b"], first.embedding["same"])
    np.testing.assert_allclose(np.linalg.norm(np.stack(first.embedding), axis=1), 1.0, rtol=1e-5)

    version = Warehouse(spark, conf.warehouse).version(IMAGE_EMBEDDINGS)
    assert run(spark, conf, SECOND) == {"read": 0, "items_with_picture": 3, "usable": 3}
    assert Warehouse(spark, conf.warehouse).version(IMAGE_EMBEDDINGS) == version

    (shop / "pictures" / "0.png").write_bytes(file_of(drawn(7, 50, 40)))
    os.utime(shop / "pictures" / "1.png", (2_000_000_000, 2_000_000_000))  # read, and found to be the same
    write_items(spark, conf, {"a": "0.png", "b": "1.png", "new": "2.png", "same": f"{shop}/pictures/1.png"})
    assert run(spark, conf, SECOND) == {"read": 3, "items_with_picture": 4, "usable": 4}
    second = stored(spark, conf)
    assert np.abs(np.stack([second.embedding["a"]]) - np.stack([first.embedding["a"]])).max() > 0.01
    np.testing.assert_array_equal(second.embedding["b"], first.embedding["b"])
    assert run(spark, conf, SECOND)["read"] == 0

    model_of_night = image_model(night_of(spark, conf))
    ids, vectors = image_vectors(night_of(spark, conf, SECOND), SECOND, model_of_night)
    assert ids.tolist() == ["a", "b", "new", "same"]
    np.testing.assert_array_equal(vectors[0], second.embedding["a"])
    check_contents(spark, night_of(spark, conf, SECOND), second)
    # Another dimension is another version, for which all pictures are computed.
    assert run(spark, conf_in(shop, model, dimension=4), SECOND)["read"] == 3
    both = Warehouse(spark, conf.warehouse).read(IMAGE_EMBEDDINGS)
    assert both.select("model_version").distinct().count() == 2


def check_contents(spark: SparkSession, night: Night, stored: pd.DataFrame) -> None:
    """What the fusion model reads: the text's vector, followed by that of the picture."""
    text = [{"text_hash": "h", "encoder_version": "e", "embedding": [0.0, 1.0]}]
    night.tables.replace(filled(spark, TEXT_EMBEDDINGS, text), TEXT_EMBEDDINGS, where=None)
    pictures = image_model(night)
    inputs = RankerInputs((), (), (), 1, pictures.dimension, image_version=pictures.version)
    hashes = pa.chunked_array([["h", "h", "h"]])
    vectors, row = read_contents(night, SECOND, "e", hashes, np.array(["a", "b", "none"]), inputs)
    expected = np.stack([stored.embedding["a"], stored.embedding["b"], np.zeros(pictures.dimension)])
    np.testing.assert_allclose(vectors[row], np.concatenate([[[0.0, 1.0]] * 3, expected], axis=1), atol=1e-6)


def test_what_cannot_be_used_is_counted_and_takes_no_vector_away(spark: SparkSession, shop: Path, model: Path) -> None:
    frames = [drawn(seed) for seed in range(3)]
    files = {
        "page.jpg": b"<!DOCTYPE html><title>404</title>", "page_again.jpg": b"<!DOCTYPE html><title>404</title>",
        "moving.gif": file_of(frames[0], "GIF", save_all=True, append_images=frames),
        "half.png": file_of(drawn(1))[:60], "empty.jpg": b"",
        "huge.bmp": file_of(drawn(1, 100, 100), "BMP"), "words.txt": b"no picture at all",
        "pixel.gif": file_of(drawn(1, 1, 1), "GIF"), "many.png": file_of(drawn(1, 90, 90)),
    }  # fmt: skip
    for name, content in files.items():
        (shop / "pictures" / name).write_bytes(content)
    (shop / "pictures" / "many.png").write_bytes(file_of(drawn(1, 20, 20).resize((150, 150))))
    conf = conf_in(shop, model, most_pixels=10_000)
    uris = {name: name for name in files}
    further = {
        "gone": "gone.jpg",
        "web": "https://shop.example/a.jpg",
        "far": "nosuchscheme://h/a.jpg",
        "good": "0.png",
    }
    write_items(spark, conf, uris | further)
    reasons = {
        "page.jpg": "web_page", "page_again.jpg": "web_page", "half.png": "broken", "moving.gif": "animated",
        "empty.jpg": "file_missing", "huge.bmp": "too_large", "words.txt": "format_unreadable",
        "pixel.gif": "too_small", "many.png": "too_many_pixels",
        "gone": "file_missing", "web": "web_address", "far": "file_missing",
    }  # fmt: skip
    rows = run(spark, conf, FIRST)
    outcomes = stored(spark, conf)
    assert outcomes.mask_reason.dropna().to_dict() == reasons
    assert outcomes.embedding.notna().sum() == 1
    assert rows.pop("read") == 8
    counts = pd.Series(reasons).value_counts().to_dict()
    assert rows == {"items_with_picture": 13, "usable": 1, **counts}
    # What may become readable is tried again: here with other bounds.
    later = run(spark, conf_in(shop, model, most_pixels=10**6, most_bytes=10**6), SECOND)
    assert (later["read"], later["usable"]) == (2, 3)

    (shop / "pictures" / "0.png").write_bytes(b"<html>down for maintenance</html>")
    (shop / "pictures" / "huge.bmp").unlink()
    vector = stored(spark, conf).embedding["good"]
    assert run(spark, conf_in(shop, model, most_pixels=10**6, most_bytes=10**6), SECOND)["usable"] == 3
    np.testing.assert_array_equal(stored(spark, conf).embedding["good"], vector)


def test_a_stopped_run_goes_on_after_its_last_commit(
    spark: SparkSession, shop: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.embed_images.FILES_A_COMMIT", 2)
    conf = conf_in(shop, model)
    write_items(spark, conf, {name: f"{name}.png" for name in "012"})
    with monkeypatch.context() as patched:
        calls = iter([None])
        patched.setattr("jobs.embed_images.advance", lambda *_: next(calls))
        with pytest.raises(StopIteration):
            run(spark, conf, FIRST)
    assert run(spark, conf, FIRST) == {"read": 0, "items_with_picture": 3, "usable": 3}


def test_a_model_that_cannot_be_had_is_named(spark: SparkSession, shop: Path) -> None:
    conf = conf_in(shop, Path("/no/such/model"))
    with pytest.raises(LongtailError, match=r"Set images\.model"):
        run(spark, conf, FIRST)
