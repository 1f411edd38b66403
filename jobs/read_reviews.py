"""Learns from rated reviews which texts are negative, scores new reviews, and sends alerts where bad ones surge."""

from __future__ import annotations

from jobs.alerts.sending import send
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.reviews.learning import current_sentiment
from jobs.reviews.rows import store_reviews
from jobs.reviews.scoring import write_sentiment
from jobs.reviews.surges import surges
from jobs.runtime.progress import advance, expect


def read_reviews(night: Night) -> None:
    """Learns from rated reviews which texts are negative, scores new reviews, and sends alerts where bad ones surge.

    Reads the reviews among the events; writes review_terms, when it learns, and review_sentiment. A review is read once
    for each version of the method, whatever the night. With too few good or bad ratings nothing is learnt: reviews then
    count by their rating alone. Does nothing where reviews.read is false.
    """
    if not night.conf.reviews.read:
        night.record.status = "skipped"
        return
    expect(3, "parts")
    reviews = store_reviews(night).persist()
    method, sentiment = current_sentiment(night, reviews)
    advance()
    night.record.rows["reviews"] = write_sentiment(night, reviews, method, sentiment)
    reviews.unpersist()
    night.record.decisions["sentiment"] = method
    advance()
    send(night, read_reviews.__name__, surges(night))
    advance()


if __name__ == "__main__":
    main_of(read_reviews)
