"""Stores that a warehouse lies on: S3 by moto or SeaweedFS, HDFS; each started as a server of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3

from tests.cluster.processes import Process, answers, free_port, running
from tests.cluster.spark_cluster import SPARK_HOME

BUCKET = "longtail"
READER = {"AWS_ACCESS_KEY_ID": "reader", "AWS_SECRET_ACCESS_KEY": "reader-secret"}  # of SeaweedFS: reads and lists only
KEYS = {"AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": "tester-secret", "AWS_DEFAULT_REGION": "us-east-1"}
_MINICLUSTER = (
    ("org.apache.hadoop", "hadoop-client-minicluster", "3.5.0"),
    ("org.junit.jupiter", "junit-jupiter-api", "5.13.4"),
    ("org.junit.platform", "junit-platform-commons", "1.13.4"),
    ("org.opentest4j", "opentest4j", "1.3.0"),
)


@dataclass(frozen=True)
class Store:
    """A running store.

    uri: a folder in it, as Spark names it
    spark: settings that a session needs to reach it
    environment: variables that the driver and readers need to reach it
    endpoint: address of an S3 server, or of the name node for WebHDFS
    kind: which commented lines of conf/spark-cluster.conf a session needs
    """

    uri: str
    spark: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    endpoint: str | None = None
    kind: tuple[str, ...] = ()

    def exists(self, name: str) -> bool:
        """Whether a file of this name lies in it; asked without Spark."""
        if self.kind:
            listing = self.s3().list_objects_v2(Bucket=BUCKET, Prefix=name, MaxKeys=1)
            return bool(listing.get("KeyCount"))
        try:
            with urlopen(f"{self.endpoint}/webhdfs/v1/{BUCKET}/{name}?op=GETFILESTATUS", timeout=10):
                return True
        except HTTPError:
            return False

    def read(self, name: str) -> bytes:
        """The content of a file; read without Spark."""
        if self.kind:
            content: bytes = self.s3().get_object(Bucket=BUCKET, Key=name)["Body"].read()
            return content
        with urlopen(f"{self.endpoint}/webhdfs/v1/{BUCKET}/{name}?op=OPEN", timeout=10) as answer:
            return bytes(answer.read())

    def put(self, local: Path, name: str) -> str:
        """Copies a local file into it; returns its URI."""
        if self.kind:
            self.s3().upload_file(str(local), BUCKET, name)
        else:
            asked = Request(f"{self.endpoint}/webhdfs/v1/{BUCKET}/{name}?op=CREATE&noredirect=true", method="PUT")
            with urlopen(asked, timeout=10) as answer:
                place = json.load(answer)["Location"]
            with urlopen(Request(place, data=local.read_bytes(), method="PUT"), timeout=60):
                pass
        return f"{self.uri}/{name}"

    def s3(self):  # type: ignore[no-untyped-def]
        """A client of an S3 server."""
        return boto3.client("s3", endpoint_url=self.endpoint, aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
                            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1")  # fmt: skip


def _s3_store(endpoint: str) -> Store:
    spark = {"spark.hadoop.fs.s3a.endpoint": endpoint, "spark.hadoop.fs.s3a.endpoint.region": "us-east-1"}
    environment = {**KEYS, "AWS_ENDPOINT_URL": endpoint, "AWS_ENDPOINT_URL_S3": endpoint}
    store = Store(f"s3a://{BUCKET}", spark, environment, endpoint, ("s3", "s3-server"))
    store.s3().create_bucket(Bucket=BUCKET)
    return store


@contextmanager
def moto(folder: Path) -> Iterator[Store]:
    """An S3 server in memory."""
    port = free_port()
    server = Process(
        [Path(sys.executable).with_name("moto_server"), "-H", "127.0.0.1", "-p", port], folder / "moto.log"
    )
    with running(server):
        server.wait_until(answers(port), "moto")
        yield _s3_store(f"http://127.0.0.1:{port}")


@contextmanager
def seaweed(folder: Path) -> Iterator[Store]:
    """An S3 server that stores its objects in files."""
    data = folder / "seaweed"
    data.mkdir(parents=True)
    identities = [
        _identity(KEYS, "Admin", "Read", "Write", "List", "Tagging"),
        _identity(READER, "Read", "List"),
    ]
    settings = folder / "seaweed.json"
    settings.write_text(json.dumps({"identities": identities}), encoding="utf-8")
    ports = {name: free_port() for name in ("master", "volume", "filer", "s3")}
    # Each of these ports has a gRPC port too, which is the port + 10,000 unless it is named.
    options = [f"-{name}.port={port}" for name, port in ports.items()]
    options += [f"-{name}.port.grpc={free_port()}" for name in ports]
    command = [Path(sys.executable).with_name("weed"), "server", f"-dir={data}", "-ip=127.0.0.1", "-filer", "-s3"]
    command += ["-master.volumeSizeLimitMB=256", "-volume.max=40", f"-s3.config={settings}", *options]
    server = Process(command, folder / "seaweed.log")
    with running(server):
        server.wait_until(answers(ports["s3"]), "SeaweedFS")
        yield _s3_store(f"http://127.0.0.1:{ports['s3']}")


def _identity(keys: dict[str, str], *actions: str) -> dict[str, object]:
    name, secret = keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"]
    return {"name": name, "actions": actions, "credentials": [{"accessKey": name, "secretKey": secret}]}


@contextmanager
def hdfs(folder: Path) -> Iterator[Store]:
    """A name node and a data node in one JVM."""
    jars = [*_minicluster_jars(folder / "jars"), f"{SPARK_HOME}/jars/*"]
    port, http, details = free_port(), free_port(), folder / "details.json"
    command = ["java", "-Xmx512m", "-XX:+UseSerialGC", f"-Dtest.build.data={folder / 'data'}"]
    command += [f"-Dhadoop.log.dir={folder / 'logs'}", "-cp", ":".join(map(str, jars))]
    command += ["org.apache.hadoop.test.MiniDFSClusterManager", "-format", "-datanodes", "1", "-nnport", str(port)]
    command += ["-httpport", str(http), "-D", "dfs.replication=1", "-D", "dfs.permissions.enabled=false"]
    server = Process([*command, "-writeDetails", details], folder / "hdfs.log")
    with running(server):
        server.wait_until(lambda: details.exists() and details.stat().st_size > 0, "HDFS")
        yield Store(f"hdfs://127.0.0.1:{port}/{BUCKET}", endpoint=f"http://127.0.0.1:{http}")


def _minicluster_jars(folder: Path) -> list[Path]:
    """The JARs of Hadoop's minicluster, which Spark lacks, by Ivy, which Spark has; they stay in a cache of their own.

    In the cache of spark.jars.packages Ivy would warn in every session that it does not know where they came from.
    """
    cache = Path.home() / ".cache/longtail/minicluster"
    for organisation, module, version in _MINICLUSTER:
        command = ["java", "-cp", f"{SPARK_HOME}/jars/*", "org.apache.ivy.Main", "-cache", cache, "-confs", "default"]
        command += ["-dependency", organisation, module, version, "-notransitive", "-types", "jar"]
        command += ["-retrieve", f"{folder}/[artifact]-[revision].[ext]"]
        subprocess.run(list(map(str, command)), check=True, capture_output=True)
    return sorted(folder.glob("*.jar"))
