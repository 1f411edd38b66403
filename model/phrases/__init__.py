"""The words of reasons, one module a language: model/phrases/en.py holds all of English."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from model.phrases.table import Phrases, ResponseWords

ENGLISH = "en"
PURCHASE = "purchase"


def languages() -> tuple[str, ...]:
    """The codes of the languages that there are phrases for, in alphabetical order."""
    return tuple(sorted(module.name for module in iter_modules(__path__) if module.name != "table"))


def phrases(language: str = ENGLISH, response: str = PURCHASE) -> Phrases:
    """The phrases of a language by its code, of a model that predicts one kind of response.

    A new language is one more module here with a `PHRASES`. Raises ValueError naming the languages that there are.
    """
    if language not in languages():
        raise ValueError(f"There are no phrases in {language}; choose one of {', '.join(languages())}.")
    return _phrases(language, response)


def response_words(response: str, language: str = ENGLISH) -> ResponseWords:
    """What a language calls a kind of response: purchase, cart, click or view."""
    return phrases(language, response).responses[response]


@cache
def _phrases(language: str, response: str) -> Phrases:
    table: Phrases = import_module(f"{__name__}.{language}").PHRASES
    return table.of_response(response)
