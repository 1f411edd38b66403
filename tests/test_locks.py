"""The two locks: what a night runs on is pinned as for the tests, complete, and without what only tests need."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import distribution, packages_distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

ALL, RUN_TIME = "requirements.lock", "requirements-jobs.lock"


def pins(name: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Of each package of a lock its version and hashes."""
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.findall(r"(?m)^([a-z0-9][^\s=]*)==(\S+) \\\n((?: +--hash=.*\n)+)", text)
    assert len(blocks) == len(re.findall(r"(?m)^[^\s#]", text))
    return {name: (version, frozenset(re.findall(r"sha256:[0-9a-f]{64}", hashes))) for name, version, hashes in blocks}


def needed(*extras: str) -> set[str]:
    """What extras of the project install: their closure over the metadata of the environment."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    left, seen = [("longtail", extra) for extra in extras], set[tuple[str, str]]()
    while left:
        name, extra = left.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        ours = name == "longtail"
        for text in project["optional-dependencies"][extra] if ours else distribution(name).requires or []:
            requirement = Requirement(text)
            # The locks are for every 3.11: the oldest needs a package more.
            if requirement.marker is None or requirement.marker.evaluate(
                {"extra": extra, "python_full_version": "3.11.0"}
            ):
                other = canonicalize_name(requirement.name)
                left += [(other, part) for part in requirement.extras]
                left += [(other, "")] if other != "longtail" else []
    return {name for name, _ in seen} - {"longtail"}


def test_the_lock_of_the_jobs_is_what_they_need_with_the_pins_of_the_tests() -> None:
    run_time, everything = pins(RUN_TIME), pins(ALL)
    assert set(run_time) == needed("jobs", "s3")
    assert run_time == {name: everything[name] for name in run_time}
    assert not {"pytest", "hypothesis", "ruff", "moto", "highspy", "venv-pack"} & set(run_time)


def test_the_lock_of_the_jobs_has_every_package_that_the_jobs_import() -> None:
    imported = {
        name
        for package in ("features", "jobs", "model", "conf")
        for file in (ROOT / package).rglob("*.py")
        for name in _imported(ast.parse(file.read_text(encoding="utf-8")))
    }
    ours = {"features", "jobs", "model", "conf", "tests", *sys.stdlib_module_names}
    providers = packages_distributions()
    locked = set(pins(RUN_TIME))
    missing = {
        name for name in imported - ours if not {canonicalize_name(other) for other in providers.get(name, [])} & locked
    }
    assert missing == {"airflow"}  # of the scheduler's template


def _imported(tree: ast.AST) -> set[str]:
    names = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def test_no_lock_names_a_registry() -> None:
    for name in (ALL, RUN_TIME):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        assert not re.search(r"(?m)^-", text)
