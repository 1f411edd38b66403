"""A Chinese shop: every step of a night, and what people read of it in Chinese."""

from __future__ import annotations

import html
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import EVENTS, EXPOSURE_SCORES, ITEMS, REJECTED, RUNS
from features.contract.text_keywords import TEXT_KEYWORDS
from features.declarations import USER_FEATURES_TABLE
from jobs.config.alerts import Receiver
from jobs.config.configuration import Config
from jobs.execution.night import Night, Record
from jobs.report.night_alerts import night_alerts
from jobs.report.night_message import send_summary
from jobs.report.night_page import page_sections, reading_of
from jobs.report.summary import night_summary
from jobs.tables.warehouse import Warehouse
from tests.jobs.alerts.receiver import receiver
from tests.jobs.report.browser import BROWSER, look_at
from tests.pipeline.chinese_shop import BAD, GOOD, KINDS, write_shop
from tests.pipeline.chinese_shop import ITEMS as NUMBER
from tests.pipeline.csv_store import NIGHT, run_night

pytestmark = pytest.mark.slow
# Two words of Latin letters next to each other; names of tables, keys, steps and figures are single words.
_ENGLISH = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")


@pytest.fixture(scope="module")
def conf(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The configuration of a night that has run."""
    conf = write_shop(tmp_path_factory.mktemp("chinese-shop") / "shop")
    run_night(spark, conf, NIGHT, "chinese")
    return conf


def page_of(conf: Config) -> Path:
    return Path(conf.warehouse) / f"reports/{NIGHT}.html"


def read_by_people(page: str) -> list[str]:
    """The texts and labels of a page, without its style and the queries of its sources."""
    shown = re.sub(r"(?s)<style>.*?</style>|<code>.*?</code>", "", page)
    labels = re.findall(r'(?:title|aria-label|data-label)="([^"]*)"', shown)
    return [html.unescape(text) for text in [*re.split(r"<[^>]*>", shown), *labels] if text.strip()]


def test_every_step_reads_the_shop(spark: SparkSession, conf: Config) -> None:
    tables = Warehouse(spark, conf.warehouse)
    assert {
        row["step"]: row["status"] for row in tables.read(RUNS).where("status NOT IN ('done', 'skipped')").collect()
    } == {}
    assert tables.read_or_empty(REJECTED).isEmpty()
    prices = {row["item_id"]: row["price"] for row in tables.read(ITEMS).select("item_id", "price").collect()}
    assert prices == {f"N-{n:02}": Decimal(8 + 15 * n) for n in range(NUMBER)}
    reviews = tables.read(EVENTS).where("event_type = 'review'").select("text", "rating").distinct().collect()
    assert {row["text"] for row in reviews} == {*GOOD, *BAD}


def test_hours_are_those_of_shanghai(spark: SparkSession, conf: Config) -> None:
    shares = Warehouse(spark, conf.warehouse).read_date(USER_FEATURES_TABLE, NIGHT).select("evening_share_90d")
    assert shares.distinct().collect() == [(1.0,)]


def test_keywords_are_chinese_words(spark: SparkSession, conf: Config) -> None:
    words = Warehouse(spark, conf.warehouse).read(TEXT_KEYWORDS).select(F.explode("keywords").alias("word")).collect()
    assert [kind for kind in KINDS if not any(kind in row["word"] for row in words)] == []


def test_reasons_summary_and_alerts_are_chinese(spark: SparkSession, conf: Config) -> None:
    tables = Warehouse(spark, conf.warehouse)
    reasons = {row["reason"] for row in tables.read_date(EXPOSURE_SCORES, NIGHT).select("reason").collect()}
    assert [reason for reason in reasons if _ENGLISH.search(reason) or not re.search("[一-鿿]", reason)] == []
    summary = night_summary(spark, conf, NIGHT, {"ingest": 3.0})
    assert "长尾商品在 tail_shelf 获得的曝光" in summary
    assert [line for line in summary.splitlines() if _ENGLISH.search(line)] == []
    night = Night(conf, NIGHT, "read", spark, tables, Record())
    assert [alert.text for alert in night_alerts(reading_of(night)) if _ENGLISH.search(alert.text)] == []


def test_a_chat_gets_the_figures_of_the_page_in_chinese(
    spark: SparkSession, conf: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = Receiver(format="json", url_variable="CHAT_URL")
    alerts = conf.alerts.model_copy(update={"summary_to": {"chat": chat}})
    to_chat = conf.model_copy(update={"alerts": alerts})
    night = Night(to_chat, NIGHT, "read", spark, Warehouse(spark, conf.warehouse), Record())
    reading = reading_of(night)
    with receiver([200]) as (url, requests):
        monkeypatch.setenv("CHAT_URL", url)
        send_summary(night, reading, page_sections(reading))
    [(_, body)] = requests
    sent = json.loads(body)
    assert [line for line in sent["text"].splitlines() if _ENGLISH.search(line)] == []
    assert sent["tail"].startswith("长尾商品在 tail_shelf 获得的曝光\n长尾占计划曝光：")
    page = " ".join(" ".join(read_by_people(page_of(conf).read_text(encoding="utf-8"))).split())
    figures = [line.split("：", 1) for line in sent["changes"].splitlines() if "：" in line]
    assert len(figures) > 4
    assert [(label, value) for label, value in figures if label not in page or value not in page] == []


def test_the_page_has_no_english_sentence(conf: Config) -> None:
    page = page_of(conf).read_text(encoding="utf-8")
    assert '<html lang="zh">' in page
    assert "长尾商品日报" in page
    assert [text for text in read_by_people(page) if _ENGLISH.search(text)] == []


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium")
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_the_screen(conf: Config, tmp_path: Path, width: int) -> None:
    seen = look_at(page_of(conf), width, tmp_path)
    assert seen.content_width <= seen.frame_width
    assert seen.console == []
