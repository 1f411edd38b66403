"""Environment variables in the configuration: expanded where a value is used, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.config.configuration import Config, load_config
from jobs.config.inputs import FileInput
from jobs.runtime import redaction
from jobs.runtime.errors import ConfigurationError
from jobs.runtime.redaction import redacted

STREAM = """
source: {kind: complete_journey}
stream:
  format: kafka
  options:
    kafka.bootstrap.servers: ${BROKER}:9092
    subscribe: events
    kafka.sasl.jaas.config: 'PlainLoginModule required username="${KAFKA_USER}" password="${KAFKA_PASSWORD}";'
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_hidden_values", set())
    monkeypatch.setenv("BROKER", "broker-a")
    monkeypatch.setenv("KAFKA_USER", "storefront")
    monkeypatch.setenv("KAFKA_PASSWORD", "hunter2222")


def loaded(folder: Path, text: str) -> Config:
    (folder / "store.yaml").write_text(text, encoding="utf-8")
    return load_config(folder / "store.yaml")


def test_options_are_expanded_where_they_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf = loaded(tmp_path, STREAM)
    assert conf.stream.reader_options["kafka.bootstrap.servers"] == "broker-a:9092"
    assert 'password="hunter2222"' in conf.stream.reader_options["kafka.sasl.jaas.config"]
    assert "hunter2222" not in conf.model_dump_json()
    # A secret of an option is hidden wherever it occurs, users and values of other options are not.
    assert redacted("hunter2222 of storefront at broker-a") == "*** of storefront at broker-a"
    # A password that is changed changes no configuration, so that an open draft stays.
    before = conf.hash
    monkeypatch.setenv("KAFKA_PASSWORD", "another-password")
    assert loaded(tmp_path, STREAM).hash == before


def test_options_of_files_are_expanded() -> None:
    files = FileInput(path="p", format="csv", options={"sep": ";", "secret": "${KAFKA_PASSWORD}", "price": "$5 {a}"})
    assert files.reader_options == {"sep": ";", "secret": "hunter2222", "price": "$5 {a}"}
    assert redacted("hunter2222") == "***"


def test_a_secret_that_the_file_holds_is_hidden_once_it_is_used() -> None:
    key = "-----BEGIN PRIVATE KEY----- MIIE"
    files = FileInput(path="p", format="parquet", options={"fs.azure.account.key": key})
    assert files.reader_options == files.options
    assert redacted(f"cannot parse {key}") == "cannot parse ***"


@pytest.mark.parametrize(("value", "state"), [(None, "is not set"), ("", "is empty")])
def test_a_variable_without_a_value_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str | None, state: str
) -> None:
    monkeypatch.delenv("KAFKA_PASSWORD")
    if value is not None:
        monkeypatch.setenv("KAFKA_PASSWORD", value)
    conf = loaded(tmp_path, STREAM)  # a job that reads no stream does not need it
    key = "stream.options.kafka.sasl.jaas.config"
    with pytest.raises(ConfigurationError, match=f"{key} names the environment variable KAFKA_PASSWORD, which {state}"):
        _ = conf.stream.reader_options


def test_the_password_of_mlflows_database_stays_out_of_the_file(tmp_path: Path) -> None:
    uri = "postgresql://mlflow:${KAFKA_PASSWORD}@db/mlflow"
    conf = loaded(tmp_path, f"source: {{kind: complete_journey}}\nmlflow: {{tracking_uri: '{uri}'}}\n").mlflow
    assert conf.tracking_uri == uri
    assert conf.uri == "postgresql://mlflow:hunter2222@db/mlflow"
    assert redacted("hunter2222") == "***"


def test_an_address_of_a_server_with_a_password_is_refused_from_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW", "https://u:hunter2222@mlflow:5000")
    conf = loaded(tmp_path, "source: {kind: complete_journey}\nmlflow: {tracking_uri: '${MLFLOW}'}\n").mlflow
    with pytest.raises(ConfigurationError, match="MLFLOW_TRACKING_PASSWORD"):
        _ = conf.uri
