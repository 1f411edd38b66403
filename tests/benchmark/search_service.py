"""Time of a search over HTTP: the application on made-up titles, by real requests of one caller, one after the other.

python -m tests.benchmark.search_service [--items 100000] [--queries 200]

Titles are of a brand, a size, a colour and two things, whose words are as uneven as Zipf's law. Items have random
vectors of the size of the packaged encoder, which encodes the queries; the order is learnt from made-up grades, with as
many trees as a night grows. Shoppers' lists are in memory: the time of the online store is not in the figures.
"""

from __future__ import annotations

import argparse
import json
import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

import numpy as np
import uvicorn
import yaml

from jobs.config.configuration import load_config
from jobs.queries.items import SearchedItems
from jobs.search_service.application import application
from jobs.search_service.live_index import LiveIndex
from jobs.search_service.night_index import NightIndex
from jobs.serving.client import USER_EXPOSURE_VIEW, USER_FEATURES_VIEW, PublishedNight
from model.search.graded_pairs import GradedPairs
from model.search.index import SearchIndex
from model.search.queries import normalised
from model.search.search import SearchSettings, fit_search
from model.search.summed import SummedSearch
from model.text.encoder import Encoder
from tests.benchmark.search import SOURCE

NIGHT = date(2024, 3, 8)
COLOURS = ("red", "green", "black", "white", "silver", "blue", "beige", "grey")
LEARNT_FROM, GRADED = 100, 20  # queries, and items of each
WARM_UP = 10  # queries before the measured ones
TAIL_SHARE = 0.9


def words(count: int, random: np.random.Generator) -> list[str]:
    """Made-up words of two to four syllables."""
    syllables = [first + vowel for first in "bdfgklmnprstvz" for vowel in "aeiou"]
    return ["".join(random.choice(syllables, random.integers(2, 5))) for _ in range(count)]


def made_up(items: int, random: np.random.Generator) -> list[str]:
    """Titles of made-up words."""
    things, brands = words(3000, random), words(500, random)
    place = np.minimum(random.zipf(1.3, items), len(things)) - 1
    return [
        f"{brands[random.integers(len(brands))]} {random.integers(1, 60)} in. {random.choice(COLOURS)} "
        f"{things[random.integers(len(things))]} {things[thing]}"
        for thing in place.tolist()
    ]


class Online:
    """Replaces the online store by a list for every shopper."""

    def __init__(self, item_ids: list[str]) -> None:
        self._ids = item_ids

    def published(self) -> PublishedNight:
        return PublishedNight(NIGHT, "run")

    def user(self, user_id: str) -> dict[str, object]:
        return {
            f"{USER_EXPOSURE_VIEW}__as_of": NIGHT.isoformat(),
            f"{USER_EXPOSURE_VIEW}__item_ids": self._ids,
            f"{USER_EXPOSURE_VIEW}__boosts": [0.01] * len(self._ids),
            f"{USER_FEATURES_VIEW}__consent_personalisation": True,
        }


def night_of(items: int, queries: int, random: np.random.Generator) -> tuple[NightIndex, list[str]]:
    """The index of a made-up night, and queries that are words of its titles."""
    encoder = Encoder.from_pretrained(
        SOURCE, as_of=NIGHT.isoformat(), cut=NIGHT.isoformat(), max_item_tokens=64, max_user_tokens=64, device="cpu",
        threads=1,
    )  # fmt: skip

    def encode(texts: list[str]) -> np.ndarray:
        return encoder.encode_queries(texts, 32, threads=1)

    titles = made_up(items, random)
    vectors = random.normal(size=(items, encoder.dimension)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = np.array([f"i{number:07d}" for number in range(items)])
    asked = random.integers(items, size=queries + LEARNT_FROM)
    texts = [normalised(" ".join(titles[row].split()[3:])) for row in asked.tolist()]
    learnt_from = texts[:LEARNT_FROM]
    graded = random.integers(items, size=(LEARNT_FROM, GRADED))
    graded[:, 0] = asked[:LEARNT_FROM]
    grades = np.where(np.arange(GRADED) == 0, 3.0, 1.0)
    pairs = GradedPairs(
        learnt_from, encode(learnt_from), np.repeat(np.arange(LEARNT_FROM), GRADED),
        graded.ravel(), np.tile(grades, LEARNT_FROM),
    )  # fmt: skip
    began = time.perf_counter()
    index = SearchIndex(titles, vectors)
    print(f"{items:,} titles indexed in {time.perf_counter() - began:.0f} s", flush=True)
    search = fit_search(index, pairs, SearchSettings(good=2.0))
    searched = SearchedItems(ids, titles, vectors, random.random(items) < TAIL_SHARE)
    boosts = random.normal(0, 0.01, items)
    return NightIndex(NIGHT, "run", searched, search, encoder.version, encode, boosts), texts[LEARNT_FROM:]


@contextmanager
def served(night: NightIndex) -> Iterator[int]:
    """The port of the application, on a thread of this process."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "conf.yaml"
        path.write_text(yaml.safe_dump({"warehouse": folder, "source": {"kind": "complete_journey"}}), encoding="utf-8")
        conf = load_config(path)
    online = Online(night.items.item_ids[:50].tolist())
    index = LiveIndex(online.published, lambda _: night)
    index.refresh()
    app = application(conf, index, online)  # type: ignore[arg-type]
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def milliseconds(port: int, queries: list[str], **parameters: str) -> np.ndarray:
    """[queries] times of requests over one connection. Raises RuntimeError for an answer without items."""
    connection = HTTPConnection("127.0.0.1", port)
    times = []
    for query in queries:
        began = time.perf_counter()
        connection.request("GET", f"/search?{urlencode({'q': query, **parameters})}")
        answer = connection.getresponse()
        body = answer.read()
        times.append(1000 * (time.perf_counter() - began))
        if answer.status != 200 or not json.loads(body)["items"]:
            raise RuntimeError(f"status {answer.status} for {query}")
    return np.array(times)


def main() -> None:
    """Prints the percentiles of a request's time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=200)
    arguments = parser.parse_args()
    random = np.random.default_rng(1)
    night, queries = night_of(arguments.items, arguments.queries + WARM_UP, random)
    began = time.perf_counter()
    for query in queries[:WARM_UP]:
        night.encode([query])
    print(f"a query encoded in {1000 * (time.perf_counter() - began) / WARM_UP:.1f} ms", flush=True)
    summed = replace(night, search=SummedSearch(night.search.index, SearchSettings.most))
    for name, served_night, parameters in (
        ("the learnt order", night, {"user": "1"}), ("the same, the tail alone", night, {"tail_only": "true"}),
        ("the sum", summed, {"user": "1"}),
    ):  # fmt: skip
        with served(served_night) as port:
            milliseconds(port, queries[:WARM_UP], **parameters)
            times = milliseconds(port, queries[WARM_UP:], **parameters)
        p50, p99 = np.percentile(times, (50, 99))
        print(f"{name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms, {len(times)} queries", flush=True)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"at most {memory:.1f} GiB", flush=True)


if __name__ == "__main__":
    main()
