"""What a night on a cluster promises on each kind of store, as a class that a test file inherits for one kind.

A subclass has a fixture `store`, of scope class. Its tests run in their order: each continues with the warehouse that
the one before it left.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis as redis_client

from features.contract import EXPOSURE_SCORES
from tests.cluster.night import (
    AS_OF,
    LEASE_SECONDS,
    ClusterNight,
    error_of,
    lease_ends,
    step_started,
    succeeded,
    write_configuration,
)
from tests.cluster.object_stores import Store
from tests.cluster.services import mlflow_server
from tests.cluster.spark_cluster import Cluster
from tests.cluster.submission import Submission
from tests.cluster.table_digests import digests
from tests.jobs.online.redis_server import Server
from tests.pipeline.small_night import Store as LocalNight
from tests.pipeline.small_panel import write_small_panel

# In the order in which a night writes them: the first one that differs is nearest to the cause.
TABLES = (
    "events", "items", "users", "promotions", "rejected", "parked", "catalogue_terms", "text_keywords", "text_variants",
    "item_features", "user_features", "text_embeddings", "user_embeddings", "candidates", "relevance",
    "item_potential", "exposure_scores", "item_exposure", "constraint_prices", "exploration_draws",
)  # fmt: skip


def has_exposures(client: redis_client.Redis) -> bool:
    """Whether a publish has begun to write a night: more keys than the registry and its like."""
    return int(client.dbsize()) > 20


def _different(digests: dict[str, str], others: dict[str, str]) -> list[str]:
    """The columns whose digests differ."""
    return [name for name, digest in digests.items() if digest != others[name]]


class NightContract:
    """Kills, a second writer, a reader on another host, an erasure: the results are those of an undisturbed night."""

    registry: str | None = None  # online.registry

    @pytest.fixture(scope="class")
    @classmethod
    def submitted_wheel(cls, wheel: Path, store: Store) -> str:
        """What --py-files names."""
        return str(wheel)

    @pytest.fixture(scope="class")
    @classmethod
    def night(
        cls,
        cluster: Cluster,
        store: Store,
        submitted_wheel: str,
        online: Server,
        tmp_path_factory: pytest.TempPathFactory,
    ) -> Iterator[ClusterNight]:
        folder = tmp_path_factory.mktemp("night")
        environment = {"LONGTAIL_REDIS_URL": online.url, "LONGTAIL_LEASE_SECONDS": str(LEASE_SECONDS)}
        with mlflow_server(folder / "mlflow") as mlflow:
            panel = write_small_panel(folder / "panel")
            path = folder / "night.yaml"
            conf = write_configuration(path, f"{store.uri}/warehouse", panel, mlflow, cls.registry)
            yield ClusterNight(Submission(cluster, store, submitted_wheel, folder / "driver", environment), conf)

    def test_an_ingest_killed_after_its_first_commit_is_run_again(self, night: ClusterNight) -> None:
        killed = night.start("ingest", "--as-of", AS_OF, log="killed-ingest.log")
        first_commit = "warehouse/events/_delta_log/00000000000000000000.json"
        killed.wait_until(lambda: night.submission.store.exists(first_commit), "the first commit of ingest", 480)
        killed.kill()
        lease_ends()
        night.run("ingest", "--as-of", AS_OF, log="ingest.log")

    def test_the_night_survives_killed_executors_a_second_writer_and_a_killed_publish(
        self, night: ClusterNight, online: Server
    ) -> None:
        first, second = night.submission.cluster.workers
        process = night.start_night("--from-step", "enrich_items", log="night.log")
        process.wait_until(lambda: step_started(process, "score"), "score", 1200)
        first.kill_executor()
        refused = night.start("ingest", "--as-of", AS_OF, log="second-writer.log", master="local[1]")
        assert refused.wait(120) == 3, refused.output[-3000:]
        assert "nightly, run" in error_of(refused, "ingest")
        process.wait_until(lambda: step_started(process, "plan_exposure"), "plan_exposure", 480)
        second.kill_executor()
        client = online.client()
        process.wait_until(lambda: has_exposures(client), "publish", 480)
        process.kill()
        lease_ends()
        succeeded(night.start_night("--from-step", "publish", log="published-again.log"))

    def test_tables_are_those_of_one_machine(self, night: ClusterNight, small_night: LocalNight) -> None:
        versions = {table: str(version) for table, version in small_night.first_versions().items() if table in TABLES}
        on_one_machine = digests(small_night.spark, small_night.tables.folder, dict.fromkeys(TABLES, "") | versions)
        on_cluster = night.digests(TABLES, log="digests.log")
        different = {table: _different(on_cluster[table], on_one_machine[table]) for table in TABLES}
        assert {table: columns for table, columns in different.items() if columns} == {}

    def test_a_client_without_the_warehouse_reads_the_lists(
        self, night: ClusterNight, small_night: LocalNight, tmp_path: Path
    ) -> None:
        lists = small_night.tables.read_date(EXPOSURE_SCORES, AS_OF).orderBy("user_id", "rank").collect()
        users = sorted({row.user_id for row in lists})[:3]
        answer = night.read_as_a_storefront(tmp_path / "storefront", users)
        assert answer["as_of"] == str(AS_OF)
        assert all(answer["known"].values())
        assert answer["lists"] == {user: [row.item_id for row in lists if row.user_id == user] for user in users}

    def test_a_forgotten_shopper_stays_forgotten_under_a_new_driver(
        self, night: ClusterNight, small_night: LocalNight, tmp_path: Path
    ) -> None:
        user = min(row.user_id for row in small_night.tables.read_date(EXPOSURE_SCORES, AS_OF).collect())
        night.run("forget", "--user", user, log="forget.log")
        elsewhere = night.on_another_host(tmp_path / "driver")
        elsewhere.run("ingest", "--as-of", AS_OF + timedelta(days=1), log="next-ingest.log")
        assert elsewhere.rows_of(user, log="rows.log") == {"users": 0, "events": 0, "exposure_scores": 0}
        answer = elsewhere.read_as_a_storefront(tmp_path / "storefront", [user])
        assert answer["known"] == {user: False}
