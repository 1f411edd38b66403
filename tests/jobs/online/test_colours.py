"""The live colour, the nights of both colours, and the wait for readers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from jobs.online.colours import Colours, HeldNight, colours_of

NOON = datetime(2017, 12, 1, 12, tzinfo=UTC)
FIRST = HeldNight(date(2017, 12, 1), "r1", frozenset({"item_features:title", "item_features:brand"}))
SECOND = HeldNight(date(2017, 12, 2), "r2", frozenset({"item_features:title"}))


def test_before_the_first_night_the_served_colour_stays_empty() -> None:
    nothing = Colours()
    assert (nothing.live, nothing.served, nothing.idle, nothing.live_night) == (None, "blue", "green", None)


def test_nights_alternate_between_the_colours() -> None:
    first = Colours().with_idle(FIRST).flipped(NOON)
    assert (first.live, first.idle, first.live_night, first.idle_night) == ("green", "blue", FIRST, None)
    second = first.without_idle().with_idle(SECOND).flipped(NOON)
    assert (second.live, second.live_night, second.idle_night) == ("blue", SECOND, FIRST)
    assert second.flipped(NOON).live_night == FIRST
    assert second.without_idle().idle_night is None
    assert second.without_idle().live_night == SECOND


@pytest.mark.parametrize(
    "colours",
    [
        Colours(),
        Colours().with_idle(FIRST).flipped(NOON),
        Colours().with_idle(FIRST).flipped(NOON).with_idle(SECOND).flipped(NOON),
        Colours().with_idle(FIRST).flipped(NOON).doubted(NOON),
    ],
)
def test_tags_keep_everything(colours: Colours) -> None:
    assert colours_of({"managed_by": "longtail", **colours.to_tags()}) == colours


def test_tags_name_the_live_night_for_readers() -> None:
    tags = Colours().with_idle(FIRST).flipped(NOON).to_tags()
    assert (tags["live_colour"], tags["as_of"], tags["run_id"]) == ("green", "2017-12-01", "r1")


@pytest.mark.parametrize(
    ("since_flip", "expected"),
    [
        (0.0, 4.0),  # 2 x 2 s
        (1.5, 2.5),  # 4 - 1.5
        (4.0, 0.0),
        (3600.0, 0.0),
        (-60.0, 4.0),  # a clock that was set back does not prolong the wait
    ],
)
def test_the_wait_is_twice_the_time_to_live(since_flip: float, expected: float) -> None:
    colours = Colours(live="blue", flipped_at=NOON)
    assert colours.seconds_until_unread(NOON + timedelta(seconds=since_flip), 2) == pytest.approx(expected)


def test_without_a_flip_there_is_no_wait() -> None:
    assert Colours().seconds_until_unread(NOON, 2) == 0
