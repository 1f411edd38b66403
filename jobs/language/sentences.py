"""Sentences in the language that is spoken: the source holds English, <language>.yaml next to this module the others.

A sentence without a translation stays English, so that a gap in a table never stops a night; tests find such gaps.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import cache, partial
from importlib.resources import files
from typing import Any

import yaml

from model.phrases import ENGLISH

_spoken: ContextVar[str] = ContextVar("language", default=ENGLISH)
_STORED = "stored"  # section of a table: sentences that the warehouse holds in English
_OF_SEVERAL_WORDS = ("name", "done", "part")  # figures of stored sentences


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within it, sentences are in this language."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def spoken() -> str:
    """The code of the language that is spoken."""
    return _spoken.get()


def say(sentence: str, /, **figures: object) -> str:
    """The sentence with its figures, in the language that is spoken; English as the source has it.

    sentence: a literal of the source, or a name of the data such as a segment, which may have a translation
    """
    translated = _translations(spoken()).get(sentence, sentence)
    return translated.format(**figures) if figures else translated


def phrase(sentence: str) -> str:
    """The sentence as it is: marks a literal that is said later, so that tests find it."""
    return sentence


def paragraph(*sentences: str) -> str:
    """The sentences that are not empty, one after the other."""
    return ("" if _is_chinese() else " ").join(sentence for sentence in sentences if sentence)


def listed(parts: Iterable[str]) -> str:
    """'a, b, c'."""
    return say(", ").join(parts)


def dated(day: date, pattern: str) -> str:
    """A date by a pattern of strftime; a language may have a pattern of its own, of `day.year` and the like."""
    translated = _translations(spoken()).get(pattern)
    return f"{day:{pattern}}" if translated is None else translated.format(day=day)


def restated(stored: str) -> str:
    """Sentences that a table holds in English, recognised by their templates, in the language that is spoken."""
    exact = _translations(spoken()).get(stored)
    if exact is not None:
        return exact
    text = stored
    for pattern, translated in _templates(spoken()):
        text = pattern.sub(partial(_with_figures, translated), text)
    return text if text == stored else text.replace("; ", say("; ")).replace("\u3002 ", "\u3002")


def _with_figures(translated: str, found: re.Match[str]) -> str:
    exact = _translations(spoken())
    return translated.format(**{name: exact.get(value, value) for name, value in found.groupdict().items()})


def read_table(language: str) -> dict[str, dict[str, str]]:
    """The translations of a language by section and English sentence; {} for English."""
    if language == ENGLISH:
        return {}
    text = files("jobs.language").joinpath(f"{language}.yaml").read_text(encoding="utf-8")
    sections: dict[str, list[dict[str, Any]]] = yaml.safe_load(text)
    return {name: {entry["en"]: entry[language] for entry in entries} for name, entries in sections.items()}


def _is_chinese() -> bool:
    return spoken() == "zh"


@cache
def _translations(language: str) -> dict[str, str]:
    return {english: said for section in read_table(language).values() for english, said in section.items()}


@cache
def _templates(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Of the stored sentences, the longest first: a pattern that finds one with its figures, and its translation."""
    stored = read_table(language).get(_STORED, {})
    return tuple(
        (re.compile(r"(?<!\w)" + re.sub(r"\\\{(\w+)\\\}", _figure, re.escape(english))), stored[english])
        for english in sorted(stored, key=len, reverse=True)
        if " " in english  # a single word may be a part of a name
    )


def _figure(placeholder: re.Match[str]) -> str:
    name = placeholder[1]
    return rf"(?P<{name}>[^;:\s][^;:{'' if name in _OF_SEVERAL_WORDS else chr(92) + 's'}]*?)"
