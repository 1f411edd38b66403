"""Every command, key, table and file that a README names exists; the front page is short; nothing is said twice."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from features.declarations import ITEM_FEATURES, USER_FEATURES
from jobs.config.configuration import load_config
from jobs.execution.manifest import rows_in_words
from jobs.nightly import STEPS, _switched_on
from jobs.tables.erasure import ALL_TABLES
from tests.readmes import ROOT, Readme, problems

PATHS = (
    "README.md",
    "conf/README.md",
    "features/README.md",
    "jobs/README.md",
    "jobs/serving/README.md",
    "model/README.md",
    "tests/benchmark/README.md",
)


def read(path: str) -> Readme:
    return Readme(path, (ROOT / path).read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PATHS)
def test_what_a_readme_names_exists(path: str) -> None:
    assert problems(read(path)) == []


def test_the_sample_of_the_console_is_what_a_default_night_prints() -> None:
    text = read("jobs/README.md").text
    steps = _switched_on(load_config(ROOT / "conf/local.yaml"), STEPS)
    assert f"  night of 2017-12-01, {len(steps)} steps\n" in text
    accepted = {"items": 94_255, "users": 2_469, "events": 1_916_153, "promotions": 19_266_836}
    rows = {f"{table}_accepted": count for table, count in accepted.items()}
    assert f"   {rows_in_words({**rows, 'events_parked': 4_384, 'events_in': 2_050_624})}\n" in text


def test_every_readme_is_checked() -> None:
    pages = [page for folder in (ROOT, *(ROOT / name for name in ("conf", "features", "jobs", "model", "tests")))
             for page in (folder.glob("README.md") if folder == ROOT else folder.rglob("README.md"))]  # fmt: skip
    assert sorted(str(page.relative_to(ROOT)) for page in pages) == sorted(PATHS)


def test_the_front_page_is_short_and_leads_to_every_other_page() -> None:
    front = read("README.md")
    assert len(front.text.splitlines()) <= 150
    assert set(PATHS[1:]) <= {link.partition("#")[0] for link in front.links}


def test_the_front_page_has_the_steps_in_their_order() -> None:
    [rows] = re.findall(r"(?s)\| step \| does \|\n\|---\|---\|\n(.*?)\n\n", read("README.md").text)
    assert re.findall(r"(?m)^\| `(\w+)` \|", rows) == list(STEPS)


def test_the_tree_has_every_command_and_every_package_of_jobs() -> None:
    [tree] = [block for block in read("README.md").blocks if block.startswith("conf/")]
    commands = {file.stem for file in (ROOT / "jobs").glob("*.py")} - {*STEPS, "__init__"}
    packages = {file.parent.name for file in (ROOT / "jobs").glob("*/__init__.py")}
    assert set(re.findall(r"\b(\w+)\.py", tree)) == commands
    assert set(re.findall(r"(?m)[ ·](\w+)/", tree)) >= packages


def test_the_contract_lists_every_table() -> None:
    [rows] = re.findall(r"(?s)\| tables \| hold \|\n\|---\|---\|\n(.*?)\n\n", read("features/README.md").text)
    listed = [name for row in rows.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(listed) == sorted(table.name for table in ALL_TABLES)


def test_the_numbers_of_features_are_those_of_the_declarations() -> None:
    said = f"{len(ITEM_FEATURES)} features of items and {len(USER_FEATURES)} of shoppers"
    assert said in read("features/README.md").text


def test_the_sample_of_a_declaration_is_one() -> None:
    [sample] = [block for block in read("features/README.md").blocks if block.startswith("*_")]
    declarations = (ROOT / "features/declarations/items.py").read_text(encoding="utf-8")
    assert " ".join(sample.split()) in " ".join(declarations.split())


def test_no_sentence_is_said_twice() -> None:
    sentences: Counter[str] = Counter()
    for path in PATHS:
        paragraphs = re.split(r"\n\s*\n|\n(?=[-|#] ?)", read(path).prose)
        for paragraph in paragraphs:
            said = re.split(r"(?<=[.:;?])\s+", " ".join(re.sub(r"\||-{3,}", " ", paragraph).split()))
            sentences.update(sentence.lower() for sentence in said if len(sentence.split()) >= 6)
    assert [sentence for sentence, times in sentences.items() if times > 1] == []


def test_a_measured_figure_stands_on_one_page_only() -> None:
    def decimals(path: str) -> set[str]:
        return set(re.findall(r"(?<![\w.])\d*\.\d+(?![\w.])", re.sub(r"`[^`]*`", "", read(path).prose)))

    measured = decimals("tests/benchmark/README.md")
    assert "9.0" in measured  # of what a night takes
    repeated = {path: decimals(path) & measured for path in PATHS[:-1]}
    assert not any(repeated.values()), repeated


WRONG = """# A page

    make nightlyy
    make nightly CONF=conf/loca.yaml
    make nightly ARGS="--from-stepp score"
    make job JOB=shows ARGS="--user 1"
    make job JOB=show ARGS="--shopper 1"
    spark-submit --properties-file conf/spark-loca.conf jobs/score.py --as-of 2017-12-01
    spark-submit --properties-file conf/spark-local.conf jobs/scores.py --as-of 2017-12-01
    spark-submit --properties-file conf/spark-local.conf jobs/score.py --date 2017-12-01
    spark-submit --properties-file conf/spark-local.conf jobs/what_if.py --set plan.slotz=8

A sample of the configuration

    plan:
      slotz: 8

    python -m jobs.report.page.pictures

and of Python

    from client import StorefrontClient
    client = StorefrontClient("reader.yaml", tries=3)
    client.user_lists("1")

In the table `scores` the key `plan.slotz` and `plan.on_unmet_floor: stop`, see `features.point_in_time.join_known`,
`HF_HUB_OFF=0 make nightly`, `jobs/scores.py`, `--forwards`, `exposure_scorez`, `planz_…`, `BEAUTIES=folder`,
`client.list_of(1)` and [another](conf/READ.md), [heading](#no-such), [there](conf/base.yaml#plan).
"""


MISTAKES = (
    "make nightlyy",
    "conf/loca.yaml",
    "--from-stepp",
    "jobs/shows.py",
    "jobs/show.py --shopper",
    "HF_HUB_OFF",
    "jobs.report.page.pictures",
    "conf/spark-loca.conf",
    "jobs/scores.py",
    "jobs/score.py --date",
    "plan.slotz=8",
    "sample: plan.slotz",
    "tries",
    "client.user_lists",
    "scores: is not a table",
    "plan.slotz: is neither",
    "plan.on_unmet_floor",
    "join_known",
    "--forwards",
    "exposure_scorez",
    "planz_…",
    "BEAUTIES",
    "client.list_of",
    "conf/READ.md",
    "#no-such",
    "conf/base.yaml#plan",
)


@pytest.mark.parametrize("name", MISTAKES)
def test_a_wrong_name_is_found(name: str) -> None:
    assert any(name in problem for problem in problems(Readme("README.md", WRONG)))


RIGHT = """# Page

Set `plan.floors.cold.share=0.1`, as `plan.on_unmet_floor: refuse`, or `plan.slots`; the table `runs` has the runs.

    make nightly CONF=conf/local.yaml ARGS="--from-step score"   what it does

    plan:
      exploration_slots: 2

See [above](#page) and `features.point_in_time.join_as_known`.
"""


def test_a_page_without_mistakes_has_no_problems() -> None:
    assert problems(Readme("README.md", RIGHT)) == []


TREE = """# Page

    conf/       base.yaml, and
      bass.yaml   what is not there
    features/   contract/ · contracts/
"""


def test_a_tree_names_what_exists() -> None:
    assert problems(Readme("README.md", TREE)) == [
        "README.md: conf/bass.yaml: is not in the tree",
        "README.md: features/contracts/: is not in the tree",
    ]
