"""The file of a draft, from the desk to a plan that is not saved."""

from __future__ import annotations

import pytest

from jobs.runtime.errors import ConfigurationError
from jobs.saved_rules.drafted import draft_as_json, drafted_rule
from tests.jobs.saved_rules.test_merging import NIGHT, change


def test_the_file_of_a_draft_is_read_back() -> None:
    draft = change(1, "pins.tea", keys={"share": 0.02})
    read = drafted_rule(draft_as_json(draft))
    assert (read.key, read.keys, read.owner, read.holds(NIGHT)) == ("pins.tea", {"share": 0.02}, "Ann", True)
    assert drafted_rule(draft_as_json(change(1, "pins.tea", "end"))).action == "end"
    with pytest.raises(ConfigurationError, match="has no JSON object of kind"):
        drafted_rule("[]")
    with pytest.raises(ConfigurationError, match="names the kind sponsors"):
        drafted_rule(draft_as_json(change(1, "sponsors.acme")))
