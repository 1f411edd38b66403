"""Steps on a cluster that loses an executor: python -m tests.jobs.lost_executor FOLDER.

Prints for each step how many rows of an undisturbed run are the same in the disturbed one, and of how many.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame

from jobs.build_candidates import candidates_of
from jobs.config.configuration import load_config
from jobs.encoder.vectors import send_encoder, with_vectors
from jobs.execution.night import Night, Record
from jobs.relevance.item_side import ItemSide
from jobs.retrieval.date_side import DateSide, channel_settings
from jobs.runtime.executor_files import ship_arrays
from jobs.score import scored_candidates
from jobs.tables.warehouse import Warehouse
from model.retrieval.first_stage import FirstStage
from tests.benchmark.synthetic_store import factors_alone
from tests.model.fusion.toy import toy_period, toy_scorer
from tests.model.text.tiny import opened, write_tiny_bert
from tests.spark_session import ROOT, local_session

NIGHT, SHOPPERS, BLOCK, ITEMS, WIDTH, TEXTS = date(2017, 12, 1), 64, 8, 300, 4, 60


def main(folder: Path) -> None:
    with local_session(folder, master="local-cluster[2,1,1024]", **{"executorEnv.PYTHONPATH": str(ROOT)}) as spark:
        overrides = [f"warehouse={folder}/warehouse", "candidates.per_user=10", "relevance.batch_users=8",
                     "encoder.device=cpu", "encoder.batch_size=2"]  # fmt: skip
        conf = load_config(ROOT / "conf/local.yaml", overrides)
        night = Night(conf, NIGHT, "run", spark, Warehouse(spark, conf.warehouse), Record())
        for name, frame in {
            "candidates": candidates(night),
            "embed": embedded(night, folder),
            "score": scored(night),
        }.items():
            undisturbed = sorted(frame.collect(), key=repr)
            disturbed = sorted(frame.mapInArrow(killing(folder / name), frame.schema).collect(), key=repr)
            assert (folder / name).exists()
            same = sum(a == b for a, b in zip(undisturbed, disturbed, strict=True))
            print(f"{name}: {same} of {len(undisturbed)}", flush=True)


def candidates(night: Night) -> DataFrame:
    """Ten candidates of each of 64 shoppers, in eight blocks."""
    generator = np.random.default_rng(1)
    catalogue = factors_alone(generator.normal(size=(ITEMS, WIDTH)).astype(np.float32))
    shipped = ship_arrays(night.spark, catalogue.to_arrays())
    shoppers: list[tuple[Any, ...]] = [
        (f"u{n:02}", n // BLOCK, [], [], [], [float(x) for x in generator.normal(size=WIDTH)], None)
        for n in range(SHOPPERS)
    ]
    frame = night.spark.createDataFrame(
        shoppers, "user_id string, block int, items array<int>, days array<float>, stores array<int>, "
        "factors array<float>, text array<float>",
    )  # fmt: skip
    zero = np.zeros(1)
    first_stage = FirstStage("toy", ("als",), zero, np.ones(1), zero, np.array([1.0, 0.0, 0.0]), bias=0.0)
    side = DateSide(NIGHT, shipped, catalogue.item_ids, frame.repartition(4, "block"), channel_settings(night.conf), ())
    return candidates_of(night, side, first_stage)


def embedded(night: Night, folder: Path) -> DataFrame:
    """The vectors of 60 texts, in eight blocks."""
    (folder / "bert").mkdir()
    encoder = opened(str(write_tiny_bert(folder / "bert")))
    encoder.save(folder / "encoder")
    texts = night.spark.createDataFrame(
        [(f"red wine {n} 纯牛奶"[: 6 + n % 9] + str(n),) for n in range(TEXTS)], "text string"
    )
    return with_vectors(night, send_encoder(night, encoder.version, folder / "encoder"), texts, TEXTS, "items")


def scored(night: Night) -> DataFrame:
    """The relevance of the candidates of 48 toy shoppers, in six blocks."""
    period, scorer = toy_period(), toy_scorer()
    block, inputs = period.block, scorer.ranker.inputs
    item_ids = np.array([f"i{n:02}" for n in range(len(period.items.text_row))])
    nothing = np.full(len(item_ids), "")
    pairs = [
        (f"u{user:02}", str(item_ids[item]), rank, float(block.first_stage_score[user, rank]),
         [float(score) for score in block.channel_scores[user, rank]])
        for user in range(len(block)) for rank, item in enumerate(block.candidates[user]) if item >= 0
    ]  # fmt: skip
    people = [
        (f"u{user:02}", [str(item_ids[item]) for item in block.history[user] if item >= 0],
         ["purchase"] * int((block.history[user] >= 0).sum()),
         [float(days) for days, item in zip(block.days_ago[user], block.history[user], strict=True) if item >= 0],
         *(float(abs(value)) for value in block.user_features[user]))
        for user in range(len(block))
    ]  # fmt: skip
    features = ", ".join(f"{name} double" for name in inputs.user_features)
    spark = night.spark
    return scored_candidates(
        night, scorer, ItemSide(item_ids, nothing, nothing, period.items),
        spark.createDataFrame(
            pairs, "user_id string, item_id string, rank int, first_stage_score double, channel_scores array<float>"
        ),
        spark.createDataFrame(
            people,
            f"user_id string, item_ids array<string>, event_types array<string>, days_ago array<double>, {features}",
        ),
    )  # fmt: skip


def killing(marker: Path) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Passes batches on; the first task that does so kills its executor after its first batch."""
    place = str(marker)

    def through(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield batch
            try:
                os.close(os.open(place, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                continue
            os.kill(_parent(os.getppid()), signal.SIGKILL)  # worker <- daemon <- executor

    return through


def _parent(process: int) -> int:
    # The name in the second field may hold anything, so count from its closing bracket.
    return int(Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
