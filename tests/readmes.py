"""What a README claims, checked against the project: commands, options, files, keys, names, samples and links.

`problems(readme)` returns one line for each claim that does not hold. Every piece of code in a README is read: inline
code spans and indented blocks. A span that has the form of a command, an option, a path, a dotted name or an identifier
has to exist; free text in a code span, such as a formula, is left alone.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import re
import runpy
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn, get_args
from unittest.mock import patch

import yaml
from pydantic import BaseModel

from jobs.config.configuration import Config, resolve_config
from jobs.config.files import changed_keys, merged, read_packaged
from jobs.runtime.errors import ConfigurationError
from jobs.serving.client import SearchClient, StorefrontClient
from jobs.tables.erasure import ALL_TABLES

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("conf", "features", "jobs", "model", "tests")
# What a reader of a README creates, or a run writes: names that are not in the tree.
READERS_FILES = {"conf/yours.yaml", "store.yaml", "spark.conf", "events/", "client", "folder", "FOLDER", "FILE"}
WRITTEN = ("warehouse/", "simulated/", ".venv")
READERS_NAMES = {"venv", "withdrawn_now"}
# The clients by the names that samples give them.
CLIENTS = {"client": StorefrontClient, "search": SearchClient, "SearchClient": SearchClient}
# Properties of Spark and environment variables of other software: names of others.
FOREIGN_NAMES = ("spark.", "DNNL_", "ATEN_", "MKL_", "AWS_", "MLFLOW_", "PYSPARK_", "TMPDIR")
DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
WILDCARD = re.compile(r"(…_?\w+|\w+_…)")
PATH = re.compile(r"[\w.<>*/-]*(/|\.(py|yaml|conf|csv|html|png|md|json|jsonl|parquet|properties))")
NAMED_TABLE = re.compile(r"\btables? `(\w+)`")


@dataclass(frozen=True)
class Readme:
    """A page: its path from the root of the project, and its text."""

    path: str
    text: str

    @property
    def folder(self) -> Path:
        """Where relative names and links of the page start."""
        return (ROOT / self.path).parent

    @property
    def blocks(self) -> list[str]:
        """Indented and fenced blocks, without their indentation; those fenced as `text` are printed output."""
        blocks: list[list[str]] = []
        previous_is_code, fenced, after_blank = False, False, True
        for line in re.sub(r"(?s)```text\n.*?```", "", self.text).splitlines():
            if line.startswith("```"):
                fenced = not fenced
                previous_is_code = False
                continue
            is_code = fenced or (line.startswith("    ") and (previous_is_code or after_blank))
            if is_code and previous_is_code:
                blocks[-1].append(line if fenced else line[4:])
            elif is_code:
                blocks.append([line if fenced else line[4:]])
            previous_is_code, after_blank = is_code, not line.strip()
        return ["\n".join(block) for block in blocks]

    @property
    def prose(self) -> str:
        """The text without its blocks."""
        return re.sub(r"(?m)(?:^|\n)(?: {4}.*(?:\n|$))+", "\n", re.sub(r"(?s)```.*?```", "", self.text))

    @property
    def spans(self) -> list[str]:
        """Inline code, a span that a line ends within as one line."""
        return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", self.prose)]

    @property
    def links(self) -> list[str]:
        """Targets of links and pictures."""
        return re.findall(r"\]\(([^)\s]+)\)", self.prose)


def problems(readme: Readme) -> list[str]:
    """One line for each claim of the page that does not hold."""
    false_claims = [*_of_blocks(readme), *_of_links(readme)]
    for span in readme.spans:
        false_claims += _of_span(span, readme)
    tables = {table.name for table in ALL_TABLES}
    false_claims += [f"{name}: is not a table" for name in NAMED_TABLE.findall(readme.prose) if name not in tables]
    return [f"{readme.path}: {problem}" for problem in dict.fromkeys(false_claims)]


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub forms them."""
    headings = re.findall(r"(?m)^#+ (.+)$", text)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _of_links(readme: Readme) -> Iterator[str]:
    for link in readme.links:
        target, _, anchor = link.partition("#")
        file = (readme.folder / target).resolve() if target else ROOT / readme.path
        if "://" in link or not file.is_relative_to(ROOT) or not file.exists():
            yield f"{link}: leads nowhere"
        elif anchor:
            text = readme.text if not target else file.read_text(encoding="utf-8")
            if anchor not in anchors(text):
                yield f"{link}: has no such heading"


def _of_blocks(readme: Readme) -> Iterator[str]:
    for block in readme.blocks:
        first = block.split(maxsplit=1)[0].rstrip(":")
        if first in ("from", "import"):
            yield from _of_python(block)
        elif re.match(r"\w+:( |\n|$)", block):
            yield from _of_sample(block)
        elif re.match(r"[\w.]+/  ", block):
            yield from _of_tree(block)
        else:
            for line in block.replace("\\\n", " ").splitlines():
                yield from _of_command(line)


def packaged_default() -> dict[str, Any]:
    """The keys of base.yaml with those of local.yaml: a complete configuration."""
    return merged(read_packaged("base.yaml"), read_packaged("local.yaml"))


def _of_sample(block: str) -> Iterator[str]:
    """A YAML sample has to be a configuration over the default one."""
    try:
        resolve_config(packaged_default(), yaml.safe_load(block), "sample")
    except (yaml.YAMLError, ConfigurationError) as error:
        yield str(error)


def _of_python(block: str) -> Iterator[str]:
    """Calls of the client have to fit its signatures."""
    try:
        tree = ast.parse(block)
    except SyntaxError as error:
        yield f"{error.text}: is not Python"
        return
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = ast.unparse(call.func)
        owner, _, method = name.rpartition(".")
        kind = CLIENTS.get(owner or method, StorefrontClient)
        function: Any = kind if name == kind.__name__ else getattr(kind, method, None)
        if function is None:
            yield f"{name}: the client has no such method"
            continue
        is_bound = inspect.isfunction(inspect.getattr_static(kind, method, None))
        try:
            named = {str(keyword.arg): None for keyword in call.keywords}
            inspect.signature(function).bind(*[None] * (len(call.args) + is_bound), **named)
        except TypeError as error:
            yield f"{ast.unparse(call)}: {error}"


def _of_tree(block: str) -> Iterator[str]:
    """Each name of the tree exists in the folder above it."""
    top = ""
    for line in block.splitlines():
        indentation = len(line) - len(line.lstrip())
        if indentation == 0:
            top = line.split()[0]
        for name in re.findall(r"(?<![\w./])(\w+(?:/|\.py|\.yaml))(?=[\s,:;]|$)", line):
            inside = "" if indentation == 0 and name == top else top
            if not (ROOT / inside / name).exists():
                yield f"{inside}{name}: is not in the tree"


def _of_span(span: str, readme: Readme) -> Iterator[str]:
    key, _, value = span.partition(": ")
    if re.match(r"([A-Z_]+=\S* )*(make|spark-submit|python|pip|feast|apt-get|source|export) ", span):
        yield from _of_command(span)
    elif re.match(r"[A-Z_]+=", span):
        yield from _of_assignments(span.split(" ") if '"' not in span else shlex.split(span), None)
    elif span.startswith("--"):
        yield from _of_any_option(span)
    elif DOTTED.fullmatch(key) and value and key.split(".")[0] in Config.model_fields:
        yield from _of_change(f"{key}={value}")
    elif re.match(r"[\w.]+=[^=]", span) and span.split(".", maxsplit=1)[0] in Config.model_fields:
        yield from _of_change(span)
    elif PATH.fullmatch(span):
        yield from _of_path(span, readme)
    elif DOTTED.fullmatch(span):
        yield from _of_dotted(span)
    elif WILDCARD.fullmatch(span):
        if not any(name.endswith(span[1:]) if span[0] == "…" else name.startswith(span[:-1]) for name in names()):
            yield f"{span}: no name is like it"
    elif IDENTIFIER.fullmatch(span) or re.fullmatch(r"[A-Z][\w]*(-\w+)+", span):
        if span not in names() and not span.startswith(FOREIGN_NAMES):
            yield f"{span}: is no name of the project"
    elif match := re.fullmatch(r"([\w.]+)\(.*\)", span):
        yield from _of_dotted(match.group(1))


def _of_path(path: str, readme: Readme) -> Iterator[str]:
    if path in READERS_FILES or path.startswith(WRITTEN) or "<" in path:
        return
    if not any((place / path).exists() for place in (ROOT, readme.folder)) and path not in names():
        yield f"{path}: does not exist"


def _of_dotted(name: str) -> Iterator[str]:
    """A key of the configuration, a name of a package or a method of the client."""
    head, _, rest = name.partition(".")
    if head == "client":
        if not hasattr(StorefrontClient, rest):
            yield f"{name}: the client has no such method"
    elif not name.startswith(FOREIGN_NAMES) and not is_key(name) and not _is_importable(name) and not _is_used(name):
        yield f"{name}: is neither a key of the configuration nor a name of the project"


def _is_used(name: str) -> bool:
    """Whether a library's name is used in the project: its first part is no package of ours, the others occur."""
    head, *rest = name.split(".")
    return head not in PACKAGES and head not in Config.model_fields and {head, *rest} <= names()


def is_key(name: str) -> bool:
    """Whether the configuration has the key; below a free mapping any name of a member is one."""
    annotation: Any = Config
    for part in name.split("."):
        sections = [kind for kind in _kinds(annotation) if isinstance(kind, type) and issubclass(kind, BaseModel)]
        fields = [section.model_fields[part].annotation for section in sections if part in section.model_fields]
        members = [get_args(kind)[1] for kind in _kinds(annotation) if getattr(kind, "__origin__", None) is dict]
        if not fields and not members:
            return False
        annotation = (fields or members)[0]
    return True


def _kinds(annotation: Any) -> list[Any]:
    """The annotation itself, or the members of a union or an Annotated."""
    if getattr(annotation, "__origin__", None) is dict:
        return [annotation]
    arguments = get_args(annotation)
    return [kind for argument in arguments for kind in _kinds(argument)] if arguments else [annotation]


def _is_importable(name: str) -> bool:
    if name.split(".", maxsplit=1)[0] not in PACKAGES:
        return False
    module, _, attribute = name.rpartition(".")
    try:
        return hasattr(importlib.import_module(module), attribute) or bool(importlib.import_module(name))
    except ModuleNotFoundError:
        return False


def _of_change(change: str) -> Iterator[str]:
    try:
        resolve_config(packaged_default(), changed_keys(change), change)
    except ConfigurationError as error:
        yield str(error)


def _of_command(line: str) -> Iterator[str]:
    """A command of make, spark-submit or python; anything else, such as printed output, is left alone."""
    try:
        tokens = shlex.split(re.split(r"\s{2,}(?=[^-])", line.strip())[0], comments=True)
    except ValueError:  # a quotation that goes on in the next line: not a command of ours
        return
    assignments = []
    while tokens and re.match(r"[A-Z_]+=", tokens[0]):
        assignments.append(tokens.pop(0))
    if not tokens:
        return
    if tokens[0] == "make":
        targets = [token for token in tokens[1:] if "=" not in token]
        yield from _of_targets(targets)
        yield from _of_assignments(
            [*assignments, *(t for t in tokens[1:] if "=" in t)], targets[0] if targets else None
        )
    elif tokens[0] in ("spark-submit", "python"):
        yield from _of_submit(tokens[1:])
    elif tokens[0] == "pip":
        project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        version = re.search(r'(?m)^version = "(.+)"', project)
        assert version is not None
        for package in tokens[2:]:
            if "==" in package and package not in project:
                yield f"{package}: is not what pyproject.toml wants"
            if package.startswith("longtail-") and not package.startswith(f"longtail-{version.group(1)}-py3-none-any"):
                yield f"{package}: is not the wheel's name"


def _of_targets(targets: list[str]) -> Iterator[str]:
    known = set(re.findall(r"(?m)^([\w-]+(?: [\w-]+)*):(?!=)", makefile()))
    known = {target for rule in known for target in rule.split()}
    yield from (f"make {target}: is not a target of the Makefile" for target in targets if target not in known)


def _of_assignments(assignments: list[str], target: str | None) -> Iterator[str]:
    for assignment in assignments:
        name, _, value = assignment.partition("=")
        if name not in names() and not name.startswith(FOREIGN_NAMES):
            yield f"{name}: is not a variable of the Makefile or the project"
        if name == "CONF":
            yield from _of_file(value)
        if name == "AS_OF":
            date.fromisoformat(value)
        if name == "JOB":
            yield from _of_file(f"jobs/{value}.py")
        named = next((other.partition("=")[2] for other in assignments if other.startswith("JOB=")), None)
        job = "nightly" if target == "nightly" else named
        if name == "ARGS" and job and (ROOT / f"jobs/{job}.py").is_file():
            yield from _of_options(shlex.split(value), parsed_options(ROOT / f"jobs/{job}.py"), f"jobs/{job}.py")
        elif name == "ARGS" and value != "…":
            for option in (token for token in shlex.split(value) if token.startswith("--")):
                yield from _of_any_option(option)


def _of_submit(tokens: list[str]) -> Iterator[str]:
    """spark-submit [Spark's options] FILE.py [the job's options], or python -m MODULE."""
    path = ROOT / tokens[1].replace(".", "/") if tokens[:1] == ["-m"] else None
    if path and not (path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()):
        yield f"python -m {tokens[1]}: is no module"
    place = next((place for place, token in enumerate(tokens) if token.endswith(".py")), None)
    if place is None:
        return
    for option, value in pairwise(tokens[: place + 1]):
        if option == "--properties-file":
            yield from _of_file(value)
    file = tokens[place] if "/" in tokens[place] else f"jobs/{tokens[place]}"  # on a cluster the file stands alone
    if not (ROOT / file).is_file():
        yield f"{file}: does not exist"
        return
    yield from _of_options(tokens[place + 1 :], parsed_options(ROOT / file), file)


def _of_options(tokens: list[str], known: frozenset[str], file: str) -> Iterator[str]:
    for place, token in enumerate(tokens):
        value = tokens[place + 1] if place + 1 < len(tokens) else ""
        if token.startswith("--") and token not in known:
            yield f"{file} {token}: is not an option of it"
        elif token == "--conf":
            yield from _of_file(value)
        elif token == "--set":
            yield from _of_change(value)


def _of_file(path: str) -> Iterator[str]:
    if path not in READERS_FILES and not (ROOT / path).is_file():
        yield f"{path}: does not exist"


def _of_any_option(span: str) -> Iterator[str]:
    """Options that stand without their command: some command of the project has each of them."""
    tokens = span.split()
    for place, token in enumerate(tokens):
        known = token in names() or token in parsed_options(ROOT / "jobs/nightly.py")  # which names some in a loop
        if token.startswith("--") and not known:
            yield f"{token}: is an option of no command"
        if token == "--set":
            yield from _of_change(tokens[place + 1])


class _Parsed(Exception):  # noqa: N818 - it carries a parser, it is no error
    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self.parser = parser


@cache
def parsed_options(file: Path) -> frozenset[str]:
    """The options of a command."""
    return frozenset(option for action in parser_of(file)._actions for option in action.option_strings)


def parser_of(file: Path) -> argparse.ArgumentParser:
    """The parser of a command, caught at the moment when it is used."""

    def caught(parser: argparse.ArgumentParser, *_: Any, **__: Any) -> NoReturn:
        raise _Parsed(parser)

    with patch.object(argparse.ArgumentParser, "parse_args", caught):
        try:
            runpy.run_path(str(file), run_name="__main__")
        except _Parsed as parsed:
            return parsed.parser
    raise AssertionError(f"{file} parses no options")


@cache
def makefile() -> str:
    """The text of the Makefile."""
    return (ROOT / "Makefile").read_text(encoding="utf-8")


@cache
def names() -> frozenset[str]:
    """Every name of the program: what is defined or used in Python, texts that are one word, and keys in YAML."""
    known: set[str] = {*READERS_NAMES, *re.findall(r"(?m)^(?:export )?([A-Z_]+) [?:]?=", makefile())}
    for table in ALL_TABLES:
        known |= {table.name, *table.column_names}
    for package in ("conf", "features", "jobs", "model", "tests/benchmark"):
        for file in (ROOT / package).rglob("*.py"):
            known |= _names_in(ast.parse(file.read_text(encoding="utf-8")))
        for file in (ROOT / package).rglob("*.yaml"):
            known |= set(re.findall(r"[\w-]+(?=:|[,}\]])|[A-Z_]{4,}", file.read_text(encoding="utf-8")))
    return frozenset(known)


def _names_in(tree: ast.AST) -> set[str]:
    known: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            known.add(node.id)
        elif isinstance(node, ast.Attribute):
            known.add(node.attr)
        elif isinstance(node, (ast.arg, ast.keyword)):
            known.add(str(node.arg))
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            known.add(node.name)
        elif isinstance(node, ast.ImportFrom):
            known |= {*str(node.module).split("."), *(alias.name for alias in node.names)}
        elif isinstance(node, ast.Import):
            known |= {part for alias in node.names for part in alias.name.split(".")}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
            known |= {node.value, *re.findall(r"\w+", node.value)}
    return known
