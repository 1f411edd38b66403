"""Answers to questions: how the file is read, which answer fits, when the service abstains, what it names."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from jobs.runtime.errors import LongtailError
from jobs.search_service.answers import LiveAnswers, StoredAnswer, named_items, read_answers
from jobs.search_service.application import application
from jobs.search_service.live_index import LiveIndex
from jobs.search_service.loading import Loader
from jobs.search_service.night_index import NightIndex
from jobs.serving.client import PublishedNight
from tests.jobs.search_service.small_service import (
    NIGHT,
    Online,
    conf_in,
    eventually,
    without_models,
    write_items,
)

ANSWERS = [
    {"question": "How do I store a ladder?", "answer": "Lay the Extension Ladders 20 ft flat.", "item_id": "best"},
    {"question": "Which bulb fits the lamp?", "answer": "An E27 bulb.", "item_id": "lamp"},
    {"question": "Is the mug safe in a dishwasher?", "answer": "Yes.", "item_id": "unheard"},
    {"question": "Do you ship abroad?", "answer": "", "item_id": None},
]


@pytest.fixture(autouse=True)
def no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    without_models(monkeypatch)


def write_answers(path: Path, rows: list[dict[str, Any]]) -> str:
    if path.suffix == ".csv":
        pd.DataFrame(rows).to_csv(path, index=False)
    elif path.suffix == ".parquet":
        pd.DataFrame(rows).to_parquet(path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("answers")
    write_items(folder / "warehouse")
    write_answers(folder / "answers.jsonl", ANSWERS)
    return folder


@pytest.fixture
def night(folder: Path) -> NightIndex:
    return Loader(conf_in(folder)).load(PublishedNight(NIGHT, "run"))


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.PARQUET"])
def test_a_file_has_one_form_or_another(tmp_path: Path, name: str) -> None:
    rows = [*ANSWERS, {"question": "Code?", "answer": "007\nor 008", "item_id": "007"}]
    path = write_answers(tmp_path / name.lower(), rows)
    read = read_answers(path)
    assert [row.item_id for row in read] == ["best", "lamp", "unheard", "007"]
    assert read[-1] == StoredAnswer("Code?", "007\nor 008", "007")
    without_items = write_answers(tmp_path / f"b{Path(path).suffix}", [{"question": "q", "answer": "a"}])
    assert read_answers(without_items) == [StoredAnswer("q", "a", "")]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(LongtailError, match=r"answers\.txt is none of \.csv, \.jsonl, \.parquet"):
        read_answers(str(tmp_path / "answers.txt"))
    with pytest.raises(LongtailError, match="columns question and answer"):
        read_answers(write_answers(tmp_path / "a.csv", [{"question": "q"}]))
    with pytest.raises(LongtailError, match="FileNotFoundError"):
        read_answers(str(tmp_path / "none.jsonl"))


def test_an_answer_names_its_item_and_the_titles_in_its_text(night: NightIndex) -> None:
    def named(answer: str, item_id: str = "") -> list[str]:
        rows = named_items(StoredAnswer("q", answer, item_id), night)
        return [str(night.items.item_ids[row]) for row in rows]

    assert named("Take the step ladder, 6 feet, or a desk lamp.") == ["best", "lamp"]
    assert named("Take the desk lamp.", "lamp") == ["lamp"]
    assert named("A mug, a garden gnome or a lamp.", "gone") == []  # one word, and an item that is not eligible
    assert named("") == []


def test_the_file_is_read_again_when_it_or_the_encoder_changes(tmp_path: Path, night: NightIndex) -> None:
    path = Path(write_answers(tmp_path / "a.jsonl", ANSWERS[:1]))
    answers = LiveAnswers(str(path))
    answers.refresh(night)
    first = answers.current
    answers.refresh(night)
    assert answers.current is first
    write_answers(path, ANSWERS)
    answers.refresh(night)
    assert answers.current is not None
    assert len(answers.current.stored) == 3
    path.write_text("not json", encoding="utf-8")
    answers.refresh(night)
    assert answers.problem == "The file of answers cannot be read."
    assert len(answers.current.stored) == 3
    write_answers(path, ANSWERS[:2])
    os.utime(path, (1, 1))
    answers.refresh(night)
    assert (answers.problem, len(answers.current.stored)) == ("", 2)
    LiveAnswers(None).refresh(night)


def test_the_service_answers_or_abstains(folder: Path) -> None:
    settings = {"answers": str(folder / "answers.jsonl"), "answer_bar": 0.6, "refresh_seconds": 0.01}
    conf, online = conf_in(folder, search_service=settings), Online()
    app = application(conf, LiveIndex(online.published, Loader(conf).load), online)  # type: ignore[arg-type]
    with TestClient(app, base_url="http://localhost") as client:
        assert eventually(lambda: client.get("/health").json()["answers"] == 3)
        answer = client.get("/answer", params={"q": "how should I store my ladders"}).json()
        assert answer["answer"] == "Lay the Extension Ladders 20 ft flat."
        assert answer["question"] == "How do I store a ladder?"
        assert answer["score"] >= 0.6
        assert [item["item_id"] for item in answer["items"]] == ["best", "tall"]
        asked = {"q": "may I pay in instalments of gold doubloons"}
        nothing = client.get("/answer", params=asked).json()
        assert (nothing["answer"], nothing["question"], nothing["items"]) == (None, None, [])
        assert nothing["score"] < 0.6
        assert client.get("/answer", params={"q": "?"}).json()["score"] == 0.0
        assert 'longtail_search_empty_total{route="/answer"} 2.0' in client.get("/metrics").text
        assert client.get("/answer").status_code == 422


def test_without_a_file_there_are_no_answers(folder: Path) -> None:
    conf, online = conf_in(folder), Online()
    index = LiveIndex(online.published, Loader(conf).load)
    index.refresh()
    client = TestClient(application(conf, index, online), base_url="http://localhost")  # type: ignore[arg-type]
    answer = client.get("/answer?q=anything")
    assert (answer.status_code, answer.json()["problem"]) == (404, "No answers are configured.")
