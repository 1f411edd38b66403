"""A template for Airflow 3: the steps of a night, one task each, every night at 01:00 UTC.

Copy it into the folder of DAGs and set the names in capital letters. The workers need Spark and the Python of the
driver, and the variables of the driver (jobs/README.md, On a cluster), such as LONGTAIL_REDIS_URL and HADOOP_CONF_DIR.
With a warehouse on S3, as here, delete the mark of the lines #s3 in spark-cluster.conf.

`as_of` is the day on which the run starts, UTC: the night sees all events before it. Clearing a task runs the step
again for the same day, which gives the same tables. Days that were missed are not caught up, because a past night must
not be published over a newer one: `nightly.py --from --to` fills them.

Drivers run in client mode, because a cluster's own mode loses the exit code. Code 3 (a gate or a guard refused) and
code 2 (wrong configuration) fail at once, since the same input would be refused again; anything else, such as a lost
driver, is repeated after the lease of its lock has ended. Unlike nightly.py, a step that stops here writes no page of
the stopped night; Airflow's own alerts take its place.
"""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import DAG, BaseOperator, chain
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from airflow.timetables.trigger import CronTriggerTimetable

MASTER = "yarn"
FOLDER = "/opt/longtail"  # on each worker of Airflow: jobs/, spark-cluster.conf and the wheel
WHEEL = f"{FOLDER}/longtail-0.1.0-py3-none-any.whl"
CONF = "s3a://example-bucket/longtail/conf/cluster.yaml"
STEPS = (
    "ingest",
    "enrich_items",
    "embed_images",
    "read_reviews",
    "build_features",
    "register_features",
    "fine_tune",
    "embed",
    "train_first_stage",
    "build_candidates",
    "train_relevance",
    "train_uplift",
    "score",
    "search_items",
    "link_items",
    "account_exposure",
    "measure_potential",
    "suggest",
    "plan_exposure",
    "check_drift",
    "publish",
    "monitor",
)
WRONG_USAGE, REFUSED = 2, 3


class SparkStep(BaseOperator):
    """Runs one step by spark-submit and fails without a retry where a retry cannot help."""

    template_fields = ("command",)

    def __init__(self, *, step: str, **options: Any) -> None:
        super().__init__(task_id=step, **options)
        self.command = [
            "spark-submit", "--master", MASTER, "--deploy-mode", "client",
            "--properties-file", f"{FOLDER}/spark-cluster.conf", "--py-files", WHEEL,
            f"{FOLDER}/jobs/{step}.py", "--conf", CONF, "--as-of", "{{ ds }}",
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def execute(self, context: Any) -> None:
        self._process = subprocess.Popen(self.command)
        code = self._process.wait()
        if code in (WRONG_USAGE, REFUSED):
            raise AirflowFailException(f"{self.task_id} was refused with exit code {code}; its last line says why.")
        if code != 0:
            raise AirflowException(f"{self.task_id} failed with exit code {code}.")

    def on_kill(self) -> None:
        if self._process is not None:
            self._process.terminate()


with DAG(
    dag_id="longtail",
    description="A night of Longtail: from the store's events to the lists in the storefront",
    schedule=CronTriggerTimetable("0 1 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5), "execution_timeout": timedelta(hours=6)},
) as dag:
    chain(*(SparkStep(step=step) for step in STEPS))
