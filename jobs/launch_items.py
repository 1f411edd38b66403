"""Suggests wordings for recently listed items, with the response that the model predicts to each.

For each item: what its texts lack compared with similar items that sell well and with what shoppers search for,
wordings of its own words and attributes, the shoppers who would most likely respond, and the exposures that the plan
expects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import ITEM_EXPOSURE, LAUNCH_SUGGESTIONS
from jobs.config.configuration import Config
from jobs.execution.command import add_as_of, parser, run
from jobs.execution.night import Night, Record
from jobs.launching.audiences import Audience, audiences, pairs_of, sample_of
from jobs.launching.launches import Launch, launched, read_catalogue, read_launches, wording_texts
from jobs.launching.queries import read_queries
from jobs.registry.active_models import serving_champion
from jobs.relevance.item_side import read_item_side
from jobs.relevance.wordings import chances_of_wordings, texts_of
from jobs.report.launch_in_words import LIMITS, launch_in_words
from jobs.report.newest_night import newest_plan
from jobs.retrieval.date_side import channel_settings
from jobs.tables.sql import sql_equals, sql_in
from jobs.tables.warehouse import Warehouse
from model.bundle import Bundle
from model.launch.gaps import missing_words
from model.launch.response import Response, responses
from model.text.encoder import Encoder

MOST_ITEMS = 20
MOST_WORDS = 10  # of searches, that a text lacks
Rows = list[dict[str, Any]]


def launch_items(night: Night, named: Sequence[str], most: int) -> tuple[list[Rows], dict[str, str]]:
    """Writes launch_suggestions of the named items, or of the `most` newest ones.

    Reads the catalogue, relevance, candidates, searches and plan of the night; replaces the items' rows of it.

    Returns the rows of each item, the current wording first, and the titles of the catalogue by item. Raises
    LongtailError for an item that the night does not know, and when another version than the champion scored it.
    """
    champion = serving_champion(night)
    scorer = Bundle.load(champion.folder).scorer
    encoder, batch = Encoder.load(champion.encoder_folder, night.conf.encoder.device), night.conf.encoder.batch_size
    side = read_item_side(night, night.as_of, champion.encoder_version, scorer.ranker.inputs)
    catalogue = read_catalogue(night)
    titles = dict(zip(catalogue["item_id"], catalogue["title"], strict=True))
    texts = texts_of(side, catalogue["text_hash"].to_numpy(dtype=str), scorer.ranker.inputs.image_size)
    chosen = launched(night, catalogue, named, most)
    launches = read_launches(night, catalogue, chosen, texts.vectors, texts.row)
    worded = wording_texts(night, launches)
    vectors = dict(zip(worded, encoder.encode_items(list(worded.values()), batch), strict=True))
    of_items = {launch.item_id: _vectors(launch, vectors, encoder.dimension) for launch in launches}
    queries, places = read_queries(night, encoder), pd.Index(catalogue["item_id"]).get_indexer(pd.Index(chosen))
    pairs = pairs_of(night, chosen, champion.version).persist()
    try:
        chances = chances_of_wordings(
            night, champion, scorer, side, texts, sample_of(night, pairs), of_items, channel_settings(night.conf)
        )
        who = audiences(night, pairs, {launch.item_id: launch.product.category for launch in launches})
    finally:
        pairs.unpersist()
    planned = _planned(night, chosen)
    rows = []
    for launch, place in zip(launches, places, strict=True):
        nearest = queries.nearest(texts.vectors[texts.row[place]])
        of_item = _of_item(launch, who.get(launch.item_id, Audience()), planned.get(launch.item_id, {})) | {
            "as_of": night.as_of,
            "policy": night.conf.plan.scored_as,
            "run_id": night.run_id,
            "likely_queries": [query.text for query in nearest],
            "missing_searched": missing_words(_said(launch), nearest, launch.look_alike_texts, MOST_WORDS),
        }
        rows.append(list(_of_wordings(launch, chances.get(launch.item_id), of_item, night.conf.seed)))
    _write(night, [row for of_item in rows for row in of_item], chosen)
    return rows, titles


def _vectors(launch: Launch, vectors: Mapping[tuple[str, str], np.ndarray], dimension: int) -> np.ndarray:
    """[w, d] of the wordings without the current one."""
    others = [vectors[launch.item_id, wording.name] for wording in launch.wordings[1:]]
    return np.array(others, dtype=np.float32).reshape(-1, dimension)


def _planned(night: Night, items: Sequence[str]) -> dict[str, dict[str, float]]:
    """By item floor, cap and allocated of the night's plan."""
    plan = night.conf.plan
    of_plan = (
        (F.col("policy") == plan.policy) & (F.col("placement") == plan.placement) & F.col("item_id").isin([*items])
    )
    rows = night.tables.read_date(ITEM_EXPOSURE, night.as_of).where(of_plan)
    return {row["item_id"]: row.asDict() for row in rows.select("item_id", "floor", "cap", "allocated").collect()}


def _said(launch: Launch) -> str:
    return f"{launch.product.title} . {launch.product.description}"


def _of_item(launch: Launch, audience: Audience, planned: Mapping[str, float]) -> dict[str, Any]:
    """What the rows of all wordings of an item share."""
    return {
        "item_id": launch.item_id,
        "look_alikes": list(launch.look_alikes),
        "missing_attributes": [gap._asdict() for gap in launch.missing_attributes],
        "missing_keywords": [gap._asdict() for gap in launch.missing_keywords],
        "audience_count": audience.shoppers,
        "audience_responses": audience.responses,
        "audience_groups": list(audience.groups),
        **{name: planned.get(name) for name in ("floor", "cap", "allocated")},
    }


def _of_wordings(
    launch: Launch, chances: np.ndarray | None, of_item: Mapping[str, Any], seed: int
) -> Iterator[dict[str, Any]]:
    predicted: Sequence[Response | None] = [None] * len(launch.wordings)
    if chances is not None:
        predicted = responses(chances, seed)
    for wording, response in zip(launch.wordings, predicted, strict=True):
        yield {
            **of_item,
            "wording": wording.name,
            "title": wording.title,
            "description": wording.description,
            "sampled_count": 0 if chances is None else len(chances),
            **(dict.fromkeys(_FIGURES) if response is None else _figures(response)),
        }


def _figures(response: Response) -> dict[str, float]:
    return dict(zip(_FIGURES, asdict(response).values(), strict=True))


_FIGURES = ("chance", "chance_low", "chance_high", "difference", "difference_low", "difference_high")


def _write(night: Night, rows: Rows, items: Sequence[str]) -> None:
    table = LAUNCH_SUGGESTIONS
    frame = night.spark.createDataFrame([[row[name] for name in table.column_names] for row in rows], table.schema)
    of_items = f"{sql_equals(policy=night.conf.plan.scored_as)} AND {sql_in('item_id', items)}"
    night.tables.replace_date(frame, table, night.as_of, of_items)


def main() -> None:
    """Parses the command line, writes the suggestions and prints them."""
    arguments = parser(__doc__)
    add_as_of(arguments, required=False)
    arguments.add_argument("--item", action="append", default=[], metavar="I", help="an item; may be repeated")
    arguments.add_argument(
        "--most", type=int, default=MOST_ITEMS, metavar="N",
        help=f"without --item: how many of the newest items (default: {MOST_ITEMS})",
    )  # fmt: skip
    args = arguments.parse_args()
    if args.most < 1:
        arguments.error("--most is at least 1")

    def suggest(spark: SparkSession, conf: Config, run_id: str) -> None:
        tables = Warehouse(spark, conf.warehouse)
        as_of: date = args.as_of or newest_plan(tables)
        rows, titles = launch_items(Night(conf, as_of, run_id, spark, tables, Record()), args.item, args.most)
        print(f"Night of {as_of}\n")
        for of_item in rows:
            print(f"{launch_in_words(of_item, titles, conf)}\n")
        print(LIMITS)

    run(args.conf, "launch_items", suggest)


if __name__ == "__main__":
    main()
