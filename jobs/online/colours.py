"""Which colour is live and which night each colour holds, stored in the tags of the feature services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal, get_args

Colour = Literal["blue", "green"]
COLOURS: tuple[Colour, ...] = get_args(Colour)


def other(colour: Colour) -> Colour:
    """The other of the two colours."""
    return "green" if colour == "blue" else "blue"


@dataclass(frozen=True)
class HeldNight:
    """A complete, audited night in one colour; `features` are the `view:feature` names that it was written with."""

    as_of: date
    run_id: str
    features: frozenset[str]


@dataclass(frozen=True)
class Colours:
    """The live colour and the nights of both colours; a colour that is being written holds no night.

    live: None until the first publish
    in_doubt: the registry was restored, so that the live colour may hold another night than it names
    """

    live: Colour | None = None
    flipped_at: datetime | None = None
    held: Mapping[Colour, HeldNight] = field(default_factory=dict)
    in_doubt: bool = False

    @property
    def served(self) -> Colour:
        """The colour that the services point at; before the first publish one that stays empty."""
        return self.live or COLOURS[0]

    @property
    def idle(self) -> Colour:
        """The colour that a publish may write."""
        return other(self.served)

    @property
    def live_night(self) -> HeldNight | None:
        """The night that readers see, None before the first publish."""
        return self.held.get(self.live) if self.live else None

    @property
    def idle_night(self) -> HeldNight | None:
        """The complete night in the idle colour, to which a roll-back returns; None where there is none."""
        return self.held.get(self.idle)

    def without_idle(self) -> Colours:
        """A copy whose idle colour holds no night."""
        return replace(self, held={colour: night for colour, night in self.held.items() if colour != self.idle})

    def with_idle(self, night: HeldNight) -> Colours:
        """A copy whose idle colour holds the night."""
        return replace(self, held={**self.held, self.idle: night})

    def doubted(self, at: datetime) -> Colours:
        """A copy for a registry restored at `at`: the store may hold newer nights, and readers another registry."""
        return replace(self.without_idle(), flipped_at=at, in_doubt=True)

    def flipped(self, at: datetime) -> Colours:
        """A copy with the idle colour live; the formerly live colour holds no night if it was in doubt."""
        held = {colour: night for colour, night in self.held.items() if colour == self.idle or not self.in_doubt}
        return replace(self, live=self.idle, flipped_at=at, held=held, in_doubt=False)

    def seconds_until_unread(self, now: datetime, registry_ttl_seconds: float) -> float:
        """Seconds for which a reader may still hold the registry from before the last flip: twice its time to live.

        A cached registry lives once that long. The second time covers requests that began with it, because Feast may
        serve later requests from the resolution of one that began before the flip.
        """
        if self.flipped_at is None:
            return 0.0
        longest = 2.0 * registry_ttl_seconds
        return min(longest, max(0.0, longest - (now - self.flipped_at).total_seconds()))

    def to_tags(self) -> dict[str, str]:
        """The colours as tags; the tags `as_of` and `run_id` name the live night for readers."""
        tags: dict[str, str] = {}
        if self.live and (night := self.live_night):
            tags |= {"live_colour": self.live, "as_of": night.as_of.isoformat(), "run_id": night.run_id}
        if self.flipped_at:
            tags["flipped_at"] = self.flipped_at.isoformat()
        if self.in_doubt:
            tags["in_doubt"] = "restored"
        for colour, night in self.held.items():
            tags[f"{colour}_as_of"] = night.as_of.isoformat()
            tags[f"{colour}_run_id"] = night.run_id
            tags[f"{colour}_features"] = " ".join(sorted(night.features))
        return tags


def colours_of(tags: Mapping[str, str]) -> Colours:
    """The colours that `to_tags` wrote."""
    live: Colour | None = next((colour for colour in COLOURS if tags.get("live_colour") == colour), None)
    held: dict[Colour, HeldNight] = {
        colour: HeldNight(
            date.fromisoformat(tags[f"{colour}_as_of"]),
            tags[f"{colour}_run_id"],
            frozenset(tags[f"{colour}_features"].split()),
        )
        for colour in COLOURS
        if f"{colour}_as_of" in tags
    }
    flipped_at = datetime.fromisoformat(tags["flipped_at"]) if "flipped_at" in tags else None
    return Colours(live, flipped_at, held, "in_doubt" in tags)
