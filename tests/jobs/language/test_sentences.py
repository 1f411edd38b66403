"""Every sentence has a translation with the same figures, and English is as the source has it."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from string import Formatter

import pytest

from features.contract.segments import SEGMENTS
from features.delivery import account
from jobs.language.sentences import dated, listed, paragraph, read_table, restated, say, speaking
from jobs.report.page.columns import left, right, width
from jobs.report.page.numbers import change, percent, seconds
from model.gate import HARMED, HELD, TOO_FEW, Comparison, judge
from model.phrases import ENGLISH, languages
from tests.conftest import ROOT
from tests.jobs.language.source_sentences import put_together, said, unsaid

OTHERS = [language for language in languages() if language != ENGLISH]
GAPS = (
    account.NOT_LOGGED, account.GONE, account.CUT, account.FEWER_VISITS, account.MORE_VISITS, account.LESS,
    account.MORE, account.UNPLANNED,
)  # fmt: skip
OF_PAGE = [*(ROOT / "jobs/report/sections").glob("*.py"), *(ROOT / "jobs/report").glob("night_*.py")]


def figures_of(sentence: str) -> set[str]:
    return {name.split(".")[0] for _, name, _, _ in Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_has_a_translation_and_every_translation_a_sentence(language: str) -> None:
    table = read_table(language)
    translated = {english for section in table.values() for english in section}
    assert {sentence: where for sentence, where in said().items() if sentence not in translated} == {}
    said_later = {english for name, section in table.items() if name != "stored" for english in section}
    assert said_later - set(said()) == set()
    assert [sentence for sentence in (*SEGMENTS, *GAPS, HARMED, HELD, TOO_FEW) if sentence not in translated] == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_figures_of_its_sentence_and_stands_once(language: str) -> None:
    table = read_table(language)
    for section in table.values():
        for english, translated in section.items():
            figures = {"day"} if english.startswith("%") else figures_of(english)
            assert figures_of(translated) == figures, english
            assert bool(translated.strip()) == bool(english.strip())
    counts = Counter(english for section in table.values() for english in section)
    assert [english for english, count in counts.items() if count > 1] == []


def test_no_sentence_is_put_together_before_it_is_said() -> None:
    assert put_together() == []


@pytest.mark.parametrize("path", OF_PAGE, ids=lambda path: path.stem)
def test_the_page_says_all_of_its_sentences(path: Path) -> None:
    assert unsaid(path) == []


def test_english_is_as_the_source_has_it() -> None:
    assert say("{number} %", number=3) == "3 %"
    assert say("a sentence without a translation") == "a sentence without a translation"
    assert paragraph("One.", "", "Two.") == "One. Two."
    assert listed(["a", "b"]) == "a, b"
    assert dated(date(2026, 11, 5), "%-d %B %Y") == "5 November 2026"
    assert restated("more visits than expected") == "more visits than expected"


def test_chinese_while_it_is_spoken() -> None:
    with speaking("zh"):
        assert percent(0.123) == "12.3%"
        assert seconds(125.0) == "2 分 5 秒"
        assert change(0.25, 0.2, "x", points=True).text == "+5.0 个百分点"
        assert paragraph("甲。", "", "乙。") == "甲。乙。"
        assert listed(["甲", "乙"]) == "甲、乙"
        assert dated(date(2026, 11, 5), "%-d %B %Y") == "2026年11月5日"
        assert say("no translation of this") == "no translation of this"
    assert percent(0.123) == "12.3 %"


def test_stored_sentences_are_recognised_by_their_templates() -> None:
    worse = Comparison(0.03, 0.05, bound=-0.1, p_harm=1e-6, shoppers=1000, discordant=1000)
    verdict = judge({"tail_recall": worse}, {"segment tail": worse}, 1.5, 0.2, 0.1)
    with speaking("zh"):
        assert restated(f"The gate refused the first model: {'; '.join(verdict.reasons)}.") == (
            "首个模型未通过准入评估：tail_recall 为 0.0300，对照模型为 0.0500，可能变差超过 10%（gate.margin）；"
            "长尾分层 为 0.0300，对照模型为 0.0500，变差超过 10%（gate.margin）；"
            "校准斜率 1.50 与 1 的差距超过 0.2（gate.max_calibration_slope_error）."
        )
        assert restated("version 12") == "版本 12"
        assert restated("segment tail") == "长尾分层"
        assert restated("the night of 2024-03-08 was already taken into account") == "2024-03-08 批次此前已计入"
        assert restated("A text of a store.") == "A text of a store."


@pytest.mark.parametrize(("text", "columns"), [("", 0), ("abc", 3), ("长尾", 4), ("（a）", 5)])
def test_a_chinese_character_takes_two_columns(text: str, columns: int) -> None:
    assert width(text) == columns
    assert left(text, 8) == text + " " * (8 - columns)
    assert right(text, 8) == " " * (8 - columns) + text
