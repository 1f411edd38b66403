"""Words of a text, and the form by which words are compared."""

from __future__ import annotations

import re
from collections.abc import Iterator

from model.catalogue.chinese import chinese_words
from model.catalogue.variant_words import UNITS
from model.catalogue.word_lists import words_of
from model.text.scripts import CHINESE, UNSPACED

MOST_WORDS = 1_000  # of one text
_RUN = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*|[^\w\s'\u2019-]|\d+|_")
_UNSPACED = re.compile(rf"[{UNSPACED}]+")
_CHINESE = re.compile(rf"[{CHINESE}]+")
# Words that no phrase begins, ends or contains: of English, and what adverts of any shop say.
_STOPPED = words_of(
    """
    a about above after all also an and any are as at be because been both but by can could did do does each
    either for from had has have her here his how if in into is it its just made make makes many may more most
    much my new no nor not of off on only or other our out over own per plus same she so some such than that the
    their them then there these they this those through to too under up use used using very was we were what when
    where which while who will with without would you your
    """
)


def phrases(text: str) -> Iterator[list[str]]:
    """The words in lower case, in runs that no punctuation, number with its unit or stopped word divides.

    A word has at least two letters. Chinese is segmented; in other scripts without spaces, Japanese among them,
    neighbouring pairs of characters are the words. Of one text the first MOST_WORDS count.
    """
    run: list[str] = []
    left, is_amount = MOST_WORDS, False
    for match in _RUN.finditer(text.lower()):
        if left <= 0:
            break
        token = match.group()
        is_amount = token[0].isdigit() or (is_amount and base_form(token) in UNITS)
        if not token[0].isalpha() or token in _STOPPED or is_amount:
            if run:
                yield run
            run = []
            continue
        words = list(_split(token))
        left -= max(len(words), 1)
        run += words
    if run:
        yield run


def _split(token: str) -> Iterator[str]:
    """A token as words: itself, or those of its parts in a script without spaces."""
    if token.isascii():
        if len(token) > 1:
            yield token
        return
    end = 0
    for match in _UNSPACED.finditer(token):
        if match.start() - end > 1:
            yield token[end : match.start()]
        run = match.group()
        words = unspaced_words(run)
        yield from (word for word in words if len(word) > 1) if is_chinese(run) else words
        end = match.end()
    if len(token) - end > 1:
        yield token[end:]


def unspaced_words(run: str) -> Iterator[str]:
    """A run of a script without spaces as words: Chinese segmented, of others the pairs of neighbouring characters."""
    if is_chinese(run):
        yield from chinese_words(run)
    else:
        yield from (run[place : place + 2] for place in range(max(len(run) - 1, 1)))


def is_chinese(text: str) -> bool:
    """Whether all characters are Chinese."""
    return _CHINESE.fullmatch(text) is not None


def base_form(word: str) -> str:
    """The form by which words are compared: an English plural or possessive without its ending."""
    word = word.replace("\u2019", "'").removesuffix("'s").replace("'", "")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes", "oes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
