"""The sentences of the source that are said in other languages, and the strings that are not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.conftest import ROOT

# How many of the first arguments are sentences, and from which on.
SAID = {"say": slice(0, 1), "phrase": slice(0, 1), "term": slice(0, 2), "dated": slice(1, 2)}
_OF_TEMPLATE = re.compile(r'(?:say|dated)\((?:[\w.]+, )?"((?:[^"\\]|\\.)*)"')
_SEVERAL_WORDS = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")


@cache
def said() -> dict[str, str]:
    """Every sentence of jobs/ that is said, with the file that has it."""
    sentences: dict[str, str] = {}
    for path in sorted((ROOT / "jobs").rglob("*.py")):
        for call in _calls(path):
            for argument in call.args[SAID[call.func.id]]:  # type: ignore[attr-defined]
                sentences |= dict.fromkeys(_literals(argument), path.name)
    for path in sorted((ROOT / "jobs/report/page").glob("*.html")):
        for match in _OF_TEMPLATE.finditer(path.read_text(encoding="utf-8")):
            sentences[match[1].replace("\\n", "\n")] = path.name
    return sentences


def put_together() -> list[str]:
    """Calls whose sentence is an f-string, which no table can hold."""
    return [
        f"{path.name}: {ast.unparse(call)}"
        for path in sorted((ROOT / "jobs").rglob("*.py"))
        for call in _calls(path)
        if any(isinstance(argument, ast.JoinedStr) for argument in call.args[SAID[call.func.id]])  # type: ignore[attr-defined]
    ]


def unsaid(path: Path) -> list[str]:
    """Strings of several words of a module that are neither said nor documentation."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    known = {
        id(node)
        for parent in ast.walk(tree)
        if _is_said(parent) or isinstance(parent, ast.Raise) or _is_documentation(parent)
        for node in ast.walk(parent)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in known
        and _SEVERAL_WORDS.search(node.value)
    ]


def _calls(path: Path) -> Iterator[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_said(node))


def _is_said(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAID


def _is_documentation(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _literals(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return [*_literals(node.body), *_literals(node.orelse)]
    return []
