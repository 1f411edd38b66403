"""What a response is called in the language that is spoken."""

from __future__ import annotations

from jobs.config.relevance import Relevance
from jobs.language.sentences import say, spoken
from model.phrases import response_words
from model.phrases.table import ResponseWords


def words_of(relevance: Relevance) -> ResponseWords:
    """The words of the response that relevance.target names."""
    return response_words(relevance.target, spoken())


def meaning_of(relevance: Relevance) -> str:
    """The event whose probability is f: 'a purchase within 28 days'."""
    if relevance.per == "horizon":
        return say("{event} within {days} days", event=event_of(relevance), days=relevance.horizon_days)
    return say("{event} within {days} days of an exposure", event=event_of(relevance), days=relevance.attribution_days)


def event_of(relevance: Relevance) -> str:
    """The response with its article, where the language has articles: 'a purchase'."""
    words = words_of(relevance)
    return f"{words.article} {words.singular}".lstrip()
