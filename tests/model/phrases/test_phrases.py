"""Every cause has its phrases in every language, and every phrase a cause."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from string import Formatter

import pytest

from features.contract.responses import DAILY_COUNT
from features.declarations import ITEM_FEATURES as DECLARED
from features.declarations import PAIR_FEATURES as DECLARED_OF_PAIRS
from model.fusion.attribution import FURTHER_CAUSES
from model.fusion.causes import named
from model.fusion.inputs import ITEM_FEATURES, columns_of
from model.fusion.signals import SIGNAL_FEATURES
from model.phrases import ENGLISH, languages, phrases
from model.phrases.table import Cause, Phrases
from model.retrieval.channels import ALL_CHANNELS

FEATURES = {*ITEM_FEATURES, *(feature.name for feature in SIGNAL_FEATURES if feature.of != "user")}
CAUSES = {*ALL_CHANNELS, *FEATURES, *FURTHER_CAUSES}
CONSTRAINTS = {field.name for field in fields(Phrases)} - {"responses", "causes", "no_cause", "shared_list"}
# What callers fill in; every other phrase stands as it is.
PLACEHOLDERS = {
    "raised_by_group_floor": ["group"], "held_by_group_cap": ["group"], "swapped_in_for_group": ["group"],
    "in_place_of": ["title"], "pinned": ["owner"], "banned": ["owner"], "pinned_until": ["owner", "day"],
    "banned_until": ["owner", "day"],
}  # fmt: skip


@pytest.fixture(params=languages())
def table(request: pytest.FixtureRequest) -> Phrases:
    return phrases(request.param)


def test_causes_are_declared_channels_and_declared_features() -> None:
    declared = {feature.name for feature in (*DECLARED, *DECLARED_OF_PAIRS)}
    assert set(columns_of(tuple(FEATURES))) <= declared
    assert not set(ALL_CHANNELS) & FEATURES


def test_every_cause_has_two_phrases_and_every_phrase_a_cause(table: Phrases) -> None:
    assert set(table.causes) == CAUSES
    assert all(text and text == text.strip() for cause in table.causes.values() for text in cause)


def test_no_two_causes_read_alike(table: Phrases) -> None:
    texts = [text for cause in table.causes.values() for text in cause]
    reasons = [*texts, table.no_cause, table.shared_list, *(getattr(table, name) for name in CONSTRAINTS)]
    assert [text for text, count in Counter(reasons).items() if count > 1] == []


def test_constraints_take_what_callers_fill_in(table: Phrases) -> None:
    for name in CONSTRAINTS:
        fields_of = [field for _, field, _, _ in Formatter().parse(getattr(table, name)) if field is not None]
        assert fields_of == PLACEHOLDERS.get(name, []), name


def test_a_cause_is_named_high_or_low_as_top_reasons_name_it(table: Phrases) -> None:
    terms = tuple(sorted(CAUSES))
    spoken = [table.cause(name) for name in named(terms)]
    assert spoken == [table.causes[name].high for name in terms] + [table.causes[name].low for name in terms]


@pytest.mark.parametrize("name", ["", None, "visits_share_28d", "low:visits_share_28d"])
def test_without_a_known_cause_the_relevance_speaks_for_itself(name: str | None) -> None:
    table = replace(phrases(), causes={"als": Cause("high", "low")})
    assert table.cause(name) == "Relevant overall"


@pytest.mark.parametrize("response", DAILY_COUNT)
def test_a_cause_names_what_the_model_predicts(table: Phrases, response: str) -> None:
    assert set(table.responses) == set(DAILY_COUNT)
    causes = phrases(ENGLISH, response).causes
    channels = [text for name in ALL_CHANNELS for text in causes[name]]
    assert not any("{" in text or "}" in text for text in channels)
    of_purchases = any("bought" in text.lower() or "purchase" in text for text in channels)
    assert of_purchases == (response == "purchase")
    assert causes["type_affinity"].high == {
        "purchase": "Bought this type recently", "cart": "Put this type into the cart recently",
        "click": "Clicked this type recently", "view": "Viewed this type recently",
    }[response]  # fmt: skip


def test_english_is_the_language_unless_another_is_chosen() -> None:
    assert phrases() is phrases(ENGLISH)
    assert phrases().cause("neighbours") == "Popular with similar shoppers"
    assert phrases().cause("low:repeat_rate") == "Rarely bought twice"
    with pytest.raises(ValueError, match="no phrases in tlh; choose one of en"):
        phrases("tlh")
