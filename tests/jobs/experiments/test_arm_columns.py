"""The arm of a shopper is the same in a frame and in an array."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import yaml
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.config.configuration import Config, load_config
from jobs.experiments.arms import arm_column, assigned, planned_arm_column, planned_in


def with_test(folder: Path) -> Config:
    """A configuration with a test of three arms."""
    arms = {name: {"share": share, "plan": {}} for name, share in (("usual", 0.5), ("bold", 0.3), ("shy", 0.2))}
    path = folder / "conf.yaml"
    test = {"name": "autumn", "starts_on": date(2017, 12, 1), "arms": arms}
    path.write_text(
        yaml.safe_dump(
            {"warehouse": str(folder / "warehouse"), "source": {"kind": "complete_journey"}, "experiment": test},
            sort_keys=False,
        )
    )
    return load_config(path)


def test_arms_of_a_frame_equal_those_of_an_array(spark: SparkSession, tmp_path: Path) -> None:
    conf = with_test(tmp_path)
    user_ids = [f"user {number}" for number in range(500)] + ["ünï", "用户"]
    consents = np.arange(len(user_ids)) % 5 > 0
    frame = spark.createDataFrame(
        list(zip(user_ids, consents.tolist(), strict=True)), "user_id string, consents boolean"
    )
    rows = frame.repartition(3).select(
        "user_id",
        arm_column(conf, F.col("user_id")).alias("arm"),
        planned_arm_column(conf, F.col("user_id"), F.col("consents")).alias("planned"),
    ).toPandas().set_index("user_id").loc[user_ids]  # fmt: skip
    assert rows["arm"].tolist() == assigned(conf, user_ids).tolist()
    assert set(rows["arm"]) == {"usual", "bold", "shy"}
    assert rows["planned"].tolist() == planned_in(conf, user_ids, consents).tolist()
