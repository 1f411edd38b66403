"""What the section of the model says of the season."""

from __future__ import annotations

import pytest

from jobs.report.page.parts import Words
from jobs.report.sections.model import model
from tests.jobs.report.sections.test_sections import AS_OF, reading


def test_the_season_is_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.report.sections.model._newest_training", lambda _: None)
    monkeypatch.setattr("jobs.report.night_tables.Reading.run_of", lambda *_: None)

    def words(*figures: tuple[str, float]) -> list[str]:
        section = model(reading([(AS_OF, name, "all", value) for name, value in figures]))
        return [sentence for block in section.blocks if isinstance(block, Words) for sentence in block.sentences]

    [season] = [s for s in words(("season_shift", 0.3), ("season_deviation", 0.1)) if s.startswith("The season")]
    assert "their odds are 1.35 times" in season
    assert "(1.11 to 1.64, 95 %)" in season
    assert not [s for s in words(("season_shift", 0.0), ("season_deviation", 0.0)) if s.startswith("The season")]
