"""Pins and bans from a CSV."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from jobs.planning.merchandising import NONE, merchandising_on
from jobs.runtime.errors import ConfigurationError
from jobs.runtime.storage import LocalStorage

HEAD = "item_id,action,share,starts_on,ends_on,owner\n"
NIGHT = date(2017, 12, 1)


def file_of(folder: Path, lines: str) -> str:
    path = folder / "merchandising.csv"
    path.write_text(HEAD + lines, encoding="utf-8")
    return str(path)


def test_rules_are_in_force_from_their_first_to_their_last_day(tmp_path: Path) -> None:
    path = file_of(
        tmp_path,
        "a,pin,0.01,2017-12-01,2017-12-24,Ann\n"  # begins on the night
        "b,ban,,,2017-12-01,Ben\n"  # ends on it
        "c,ban,,2017-12-02,,Ben\n"  # begins after it
        "d,pin,0.5,,2017-11-30,Ann\n"  # ended before it
        "a,ban,,2018-01-01,,Ben\n",  # no conflict: another time
    )
    merchandising = merchandising_on(path, NIGHT)
    assert {item: (pin.share, pin.in_words) for item, pin in merchandising.pins.items()} == {
        "a": (0.01, "pinned by Ann until 2017-12-24")
    }
    assert list(merchandising.bans) == ["b"]
    assert merchandising_on(None, NIGHT) == NONE


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("a,pin,0.1,,,Ann\na,ban,,,,Ben\n", r"item a is pinned by Ann \(line 2\) and banned by Ben \(line 3\)"),
        ("a,pin,0.1,,,Ann\na,pin,0.2,,,Ben\n", "pinned in line 2 and in line 3"),
        ("a,pin,,,,Ann\n", "line 2: share is ''; a pin needs a number above 0"),
        ("a,pin,1.5,,,Ann\n", "line 2: share is '1.5'"),
        ("a,pin,nan,,,Ann\n", "line 2: share is 'nan'"),
        ("a,push,,,,Ann\n", "action is 'push'"),
        ("a,ban,,soon,,Ann\n", "line 2: starts_on is 'soon'; write a date as 2017-12-24"),
        ("a,ban,,2017-12-02,2017-12-01,Ann\n", "is before starts_on"),
        ("a,ban,,,,\n", "item_id and owner must not be empty"),
    ],
)
def test_wrong_lines_are_named(tmp_path: Path, lines: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        merchandising_on(file_of(tmp_path, lines), NIGHT)


def test_the_file_may_lie_at_a_uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file_of(tmp_path, "a,ban,,,,Ben\n")
    places = {"s3a://bucket/plan": LocalStorage(tmp_path)}
    monkeypatch.setattr("jobs.runtime.place.storage_of", places.__getitem__)
    assert list(merchandising_on("s3a://bucket/plan/merchandising.csv", NIGHT).bans) == ["a"]
    with pytest.raises(ConfigurationError, match=r"s3a://bucket/plan/other\.csv cannot be read \(No such file"):
        merchandising_on("s3a://bucket/plan/other.csv", NIGHT)


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "merchandising.csv"
    path.write_bytes((HEAD + "a,ban,,,,Müller\n").encode("cp1252"))
    with pytest.raises(ConfigurationError, match=r"merchandising.csv is not in UTF-8"):
        merchandising_on(str(path), NIGHT)


def test_a_missing_file_or_column(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"plan.merchandising: .* cannot be read"):
        merchandising_on(str(tmp_path / "none.csv"), NIGHT)
    path = tmp_path / "short.csv"
    path.write_text("item_id,action\na,ban\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="has no column share"):
        merchandising_on(str(path), NIGHT)
