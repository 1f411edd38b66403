"""What the section of the model says of the season."""

from __future__ import annotations

import pytest

from jobs.report.page.parts import Words
from jobs.report.sections.model import model
from tests.jobs.report.sections.test_sections import AS_OF, reading


def test_the_season_is_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.report.night_tables.Reading.newest_training", None)
    monkeypatch.setattr("jobs.report.night_tables.Reading.run_of", lambda *_: None)

    def words(*figures: tuple[str, float]) -> list[str]:
        section = model(reading([(AS_OF, name, "all", value) for name, value in figures]))
        return [sentence for block in section.blocks if isinstance(block, Words) for sentence in block.sentences]

    [season] = [s for s in words(("season_shift", 0.3), ("season_deviation", 0.1)) if s.startswith("The season")]
    assert "their odds are 1.35 times" in season
    assert "(1.11 to 1.64, 95 %)" in season
    assert not [s for s in words(("season_shift", 0.0), ("season_deviation", 0.0)) if s.startswith("The season")]


@pytest.mark.parametrize(
    ("gate", "sentence", "mark"),
    [
        (
            "passed",
            "A model was trained tonight; the gate: passed. Version 2 predicted every chance on this page.",
            "good",
        ),
        (
            "slope 2.03 (gate.max_calibration_slope_error)",
            "A model was trained tonight; the gate: slope 2.03 (gate.max_calibration_slope_error). Version 2 predicted "
            "every chance on this page.",
            "warn",
        ),
        ("", "No model was trained tonight. Version 2 predicted every chance on this page.", "warn"),
    ],
)
def test_a_refused_first_model_is_no_good_news(
    monkeypatch: pytest.MonkeyPatch, gate: str, sentence: str, mark: str
) -> None:
    monkeypatch.setattr("jobs.report.night_tables.Reading.newest_training", None)
    runs = {
        "train_relevance": {"status": "done", "decisions": {"gate": gate} if gate else {}},
        "score": {"model_version": "2", "decisions": {"limits": "The gate refused the first model."}},
    }
    monkeypatch.setattr("jobs.report.night_tables.Reading.run_of", lambda _, step: runs[step])
    [words, *_] = [block for block in model(reading([])).blocks if isinstance(block, Words)]
    assert (words.sentences, words.mark) == ((sentence, "The gate refused the first model."), mark)
