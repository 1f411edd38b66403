"""Secrets stay out of every text that a person or a log gets, and nothing else is hidden."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.registry.retries import RegistryUnansweredError
from jobs.runtime import redaction
from jobs.runtime.console import Console
from jobs.runtime.errors import LongtailError
from jobs.runtime.logs import event, log_of_run, logger, warning
from jobs.runtime.redaction import hide, hide_secrets_of, redacted, redacted_configuration


@pytest.fixture(autouse=True)
def hidden_values(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Values that a test hides are hidden in it alone."""
    monkeypatch.setattr(redaction, "_hidden_values", set())
    return


JAAS = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="shop" password="hunter22";'


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://mlflow:hunter22@db:5432/mlflow",
        "postgresql+psycopg://mlflow:hunter22@db/mlflow?sslmode=require",
        "MLflow at https://u:hunter22@mlflow:5000 does not answer",
        "redis://:hunter22@redis:6379/0",
        "redis.example:6379,ssl=true,password=hunter22",
        "{'type': 'redis', 'connection_string': 'redis:6379,password=hunter22', 'skip_dedup': True}",
        "https://mlflow/api?token=hunter22&page=2",
        "abfss://box@account/?sig=hunter22",
        JAAS,
        json.dumps({"kafka.sasl.jaas.config": JAAS}),
        "{'kafka.ssl.keystore.password': 'hunter22'}",
        '{"fs.s3a.secret.key": "hunter22"}',
        "keystorePassword=hunter22",
        "fs.azure.account.key=hunter22",
        "password = hunter22",
        "kafka.ssl.key.password: hunter22",
        "jdbc:mysql://u:hunter22@db:3306/shop",
        "jdbc:postgresql://db/shop?user=u&password=hunter22&ssl=true",
        "jdbc:sqlserver://db;user=u;password={x;hunter22};encrypt=true",
        "jdbc:oracle:thin:scott/hunter22@//db:1521/shop",
        "https://hunter22@git/models",
        "Authorization: Bearer hunter22",
        "{'Authorization': 'Basic hunter22'}",
        'password="a\\"hunter22";',
        json.dumps({"options": 'password="a\\"hunter22";'}),
        'required password="hunter22',
    ],
)
def test_a_secret_is_hidden(text: str) -> None:
    shown = redacted(text)
    assert "hunter22" not in shown
    assert "***" in shown
    assert redacted(shown) == shown


def test_all_but_the_secret_stays() -> None:
    assert redacted("redis:6379,password=hunter22,ssl=true") == "redis:6379,password=***,ssl=true"
    assert redacted("postgresql://mlflow:hunter22@db/mlflow") == "postgresql://mlflow:***@db/mlflow"


@pytest.mark.parametrize(
    "text",
    [
        "s3a://bucket/longtail and abfss://box@account.dfs.core.windows.net/longtail",
        "step done run=r1 step=ingest as_of=2017-12-01 seconds=1.5",
        "2017-12-01T20:24:07Z info http://127.0.0.1:9000/a@b",
        "max_item_tokens=32 design=new signal=strong key=plan.floors",
        "set password=${KAFKA_PASSWORD} in options",
        "The webhook secret is not set.",
        "Set LONGTAIL_REDIS_URL to host:port[,password=...], or set online.store to sqlite.",
        '{"webhook_secret_variable": "LONGTAIL_ALERT_SECRET", "kafka.ssl.key.password": "${KEY_PASSWORD}"}',
        "https://mlflow.example:5000/#/models/longtail-ranker and mailto:a@b",
    ],
)
def test_an_ordinary_text_stays(text: str) -> None:
    assert redacted(text) == text


def test_a_value_of_the_environment_is_hidden_wherever_it_occurs() -> None:
    hide("T0/B0/hunter22-x")
    hide("shop")  # shorter than what may be hidden in other words
    assert redacted("URL can't contain '/services/T0/B0/hunter22-x' of the shopper") == (
        "URL can't contain '/services/***' of the shopper"
    )


def test_the_secrets_of_an_address_are_hidden_wherever_they_occur() -> None:
    hide_secrets_of("postgresql://storefront:hunter%2222@db/mlflow and redis:6379,password='correct horse',ssl=true")
    assert redacted('hunter%2222 hunter"22 correct horse') == "*** *** ***"
    assert redacted("the user storefront of redis:6379") == "the user storefront of redis:6379"


def test_options_of_the_configuration_are_hidden_by_their_names() -> None:
    conf = {
        "warehouse": "s3a://key:hunter22@bucket/w",
        "stream": {
            "options": {
                "kafka.bootstrap.servers": "broker:9092",
                "subscribe": "events",
                "kafka.sasl.jaas.config": JAAS,
                "kafka.ssl.keystore.key": "-----BEGIN hunter22",
                "kafka.ssl.keystore.location": "/etc/keystore.pem",
                "kafka.basic.auth.user.info": "u:hunter22",
                "kafka.ssl.truststore.password": "${TRUST_PASSWORD}",
            },
        },
        "source": {"files": {"inputs": {"a": {"path": "p", "options": {"sep": ";", "secret": "hunter22"}}}}},
        "mlflow": {"tracking_uri": "mysql://u:hunter22@db/m"},
        "position_weights": [1.0, 0.5],
        "merchandising": None,
    }
    shown = redacted_configuration(conf)
    assert "hunter22" not in json.dumps(shown)
    options = shown["stream"]["options"]
    assert (options["kafka.bootstrap.servers"], options["subscribe"]) == ("broker:9092", "events")
    assert options["kafka.ssl.keystore.location"] == "/etc/keystore.pem"
    assert options["kafka.ssl.truststore.password"] == "${TRUST_PASSWORD}"
    assert shown["source"]["files"]["inputs"]["a"] == {"path": "p", "options": {"sep": ";", "secret": "***"}}
    assert (shown["position_weights"], shown["merchandising"]) == ([1.0, 0.5], None)


def test_an_error_for_people_holds_no_secret() -> None:
    error = LongtailError("Asking https://u:hunter22@there failed.", "Correct password=hunter22.")
    assert (error.problem, error.remedy) == ("Asking https://u:***@there failed.", "Correct password=***")
    unanswered = RegistryUnansweredError("https://u:hunter22@there", OSError("https://u:hunter22@there: refused"))
    assert "hunter22" not in str(unanswered)
    assert "https://u:***@there does not answer" in unanswered.problem


def test_no_line_of_console_and_log_holds_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for form in ("short", "fields"):
        monkeypatch.setenv("LONGTAIL_LOG", form)
        with log_of_run(tmp_path / f"{form}.log"):
            event("asked", uri="https://u:hunter22@there")
            warning("password=hunter22", why="token=hunter22")
            try:
                raise ValueError("redis:6379,password=hunter22")
            except ValueError as error:
                logger.debug("failed", exc_info=error)
        text = (tmp_path / f"{form}.log").read_text(encoding="utf-8")
        assert "hunter22" not in text + capsys.readouterr().err
        assert "Traceback" in text


def test_the_console_redacts() -> None:
    stream = io.StringIO()
    Console(stream).emit(logging.makeLogRecord({"msg": "m", "short": "at https://u:hunter22@there", "levelno": 20}))
    assert stream.getvalue().endswith("at https://u:***@there\n")
