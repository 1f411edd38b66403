"""The templates in conf/ name what exists, run every step in order, and have the properties of spark-cluster.conf."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import tomllib
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from features.contract import EVENTS
from jobs.config.configuration import load_config
from jobs.nightly import STEPS
from tests.conf.properties import SIZES, cluster_properties
from tests.conftest import ROOT

CONF = ROOT / "conf"
NAMES = list(STEPS)
STEP_TEMPLATES = ("airflow_dag.py", "databricks.yml")
TEMPLATES = (*STEP_TEMPLATES, "kubernetes_spark_application.yaml", "emr_dataproc.sh")


def read(name: str) -> str:
    return (CONF / name).read_text(encoding="utf-8")


def spark_application() -> dict[str, Any]:
    return yaml.safe_load(read("kubernetes_spark_application.yaml"))["spec"]


def databricks_job() -> dict[str, Any]:
    return yaml.safe_load(read("databricks.yml"))["resources"]["jobs"]["longtail"]


def test_production_has_no_demo_data_and_nothing_on_a_local_disk() -> None:
    conf = load_config(CONF / "cluster.yaml")
    assert conf.source.kind == "files"
    assert conf.source.files is not None
    places = [conf.warehouse, *(files.path for files in conf.source.files.inputs.values())]
    assert all(place.startswith("s3a://") for place in places)
    assert (conf.online.store, conf.online.registry) == ("redis", "redis")
    assert conf.mlflow.tracking_uri == "https://mlflow.example:5000"


def test_production_may_map_the_list_of_every_logged_exposure(tmp_path: Path) -> None:
    text, uncommented = re.subn(r"^( +)# (list_\w+: \w+)", r"\1\2", read("cluster.yaml"), flags=re.MULTILINE)
    assert uncommented == 4
    (tmp_path / "conf.yaml").write_text(text, encoding="utf-8")
    files = load_config(tmp_path / "conf.yaml").source.files
    assert files is not None
    assert (
        {"list_as_of", "list_run_id", "list_rank", "list_order"}
        <= set(files.events[0].columns)
        <= set(EVENTS.column_names)
    )


def test_a_configuration_without_a_source_is_refused_and_the_demo_names_its_own() -> None:
    assert yaml.safe_load(read("base.yaml"))["source"]["kind"] is None
    assert yaml.safe_load(read("local.yaml"))["source"]["kind"] == "complete_journey"


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_names_the_wheel_of_this_version_and_a_configuration_that_exists(name: str) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    text = read(name)
    assert f"longtail-{version}-py3-none-any.whl" in text or "whl: ../dist/*.whl" in text
    assert "/conf/cluster.yaml" in text


def test_the_dag_has_the_steps_in_their_order() -> None:
    tree = ast.parse(read("airflow_dag.py"))
    [steps] = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "STEPS"
    ]
    assert list(steps) == NAMES


def test_the_bundle_runs_the_steps_one_after_the_other_for_one_date() -> None:
    tasks = databricks_job()["tasks"]
    assert [task["task_key"] for task in tasks] == NAMES
    before = [[link["task_key"] for link in task.get("depends_on", [])] for task in tasks]
    assert before == [[], *([name] for name in NAMES[:-1])]
    for task in tasks:
        assert (CONF / task["spark_python_task"]["python_file"]).resolve() == ROOT / f"jobs/{task['task_key']}.py"
        assert task["spark_python_task"]["parameters"][2:] == ["--as-of", "{{job.parameters.as_of}}"]


def test_the_bundle_keeps_the_properties_that_it_names() -> None:
    [cluster] = databricks_job()["job_clusters"]
    properties, every = cluster["new_cluster"]["spark_conf"], cluster_properties()
    assert {key: every.get(key) for key in properties} == properties
    needed = {"spark.sql.extensions", "spark.sql.catalog.spark_catalog", "spark.sql.session.timeZone"}
    assert needed <= set(properties)


def test_the_application_of_kubernetes_has_the_properties_for_s3() -> None:
    spec, every = spark_application(), cluster_properties("s3")
    properties = {key: value for key, value in spec["sparkConf"].items() if key != "spark.jars.ivy"}
    assert properties == {key: value for key, value in every.items() if key not in SIZES}
    assert spec["driver"]["memory"] == every["spark.driver.memory"]
    assert spec["driver"]["memoryOverhead"] == every["spark.driver.memoryOverhead"]
    assert spec["executor"]["memory"] == every["spark.executor.memory"]
    assert spec["executor"]["memoryOverhead"] == every["spark.executor.memoryOverhead"]
    assert spec["executor"]["cores"] == int(every["spark.executor.cores"])


def test_the_application_of_kubernetes_runs_a_complete_night() -> None:
    spec = spark_application()
    assert PurePosixPath(spec["mainApplicationFile"]).name == "nightly.py"
    assert spec["arguments"][2:] == ["--as-of", "${AS_OF}"]
    [wheel] = spec["deps"]["pyFiles"]
    # Spark would fetch them from S3 before it has the classes for it.
    assert PurePosixPath(wheel).parent == PurePosixPath(spec["mainApplicationFile"]).parent.parent
    assert wheel.startswith("local:///")
    assert spec["restartPolicy"]["onFailureRetryInterval"] > 160  # seconds for which a lost driver holds the lock
    address = load_config(CONF / "cluster.yaml").online.redis_url_variable
    assert address in {variable["name"] for variable in spec["driver"]["env"]}


def submitted(tmp_path: Path, place: str, command: str, script: Path = CONF / "emr_dataproc.sh") -> list[str]:
    """What the script hands to the cloud's own command, which is replaced by one that prints its arguments."""
    stub = tmp_path / command
    stub.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n", encoding="utf-8")
    stub.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "CLUSTER": "c"}
    done = subprocess.run(
        ["bash", script, place, "2026-12-01"], env=environment, capture_output=True, text=True, check=True
    )  # fmt: skip
    return done.stdout.splitlines()


def test_the_line_for_emr_has_the_properties_for_s3(tmp_path: Path) -> None:
    arguments = submitted(tmp_path, "emr", "aws")
    [step] = json.loads(arguments[arguments.index("--steps") + 1])
    arguments, job = step["Args"], step["Args"].index("s3://example-bucket/longtail/jobs/nightly.py")
    pairs = [value.split("=", 1) for option, value in pairwise(arguments[:job]) if option == "--conf"]
    assert dict(pairs) == cluster_properties("s3")
    assert arguments[job + 1 :] == [
        "--conf",
        "s3a://example-bucket/longtail/conf/cluster.yaml",
        "--as-of",
        "2026-12-01",
    ]


def test_the_line_for_dataproc_has_the_properties_and_those_of_an_archive(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    script = tmp_path / "conf/emr_dataproc.sh"
    script.write_text(read("emr_dataproc.sh"), encoding="utf-8")
    with_archive = read("spark-cluster.conf").replace("#archive ", "")
    (tmp_path / "conf/spark-cluster.conf").write_text(with_archive, encoding="utf-8")
    arguments = submitted(tmp_path, "dataproc", "gcloud", script)
    text = arguments[arguments.index("--properties") + 1]
    assert text.startswith("^|^")
    pairs = dict(part.split("=", 1) for part in text.removeprefix("^|^").split("|"))
    assert pairs == cluster_properties("archive")
    assert pairs["spark.archives"].endswith("#environment")
    assert arguments[-2:] == ["--as-of", "2026-12-01"]


def test_what_the_image_copies_is_in_the_project_and_where_kubernetes_looks_for_it() -> None:
    copies = re.findall(r"(?m)^COPY (?!--from)(\S+) (\S+)$", read("Dockerfile"))
    built = {name for name, _ in copies if name.startswith("dist/")}
    assert all((ROOT / name).exists() for name, _ in copies if name not in built)
    spec = spark_application()
    [wheel] = spec["deps"]["pyFiles"]
    [name] = built
    assert PurePosixPath(name).name == PurePosixPath(wheel).name
    places = dict(copies)
    assert wheel.startswith(f"local://{places[name]}")
    assert spec["mainApplicationFile"].startswith(f"local://{places['jobs']}/")
    assert "--require-hashes -r /opt/longtail/requirements-jobs.lock" in read("Dockerfile")


def test_another_place_is_refused() -> None:
    done = subprocess.run(["bash", CONF / "emr_dataproc.sh", "azure", "2026-12-01"], env=os.environ | {"CLUSTER": "c"},
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 2
    assert "neither emr nor dataproc" in done.stderr
