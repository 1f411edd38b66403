"""Compares the text channels of Amazon Beauty by the frozen and the fine-tuned encoder.

    make benchmark-beauty-text BEAUTY=FOLDER [ARGS="--steps 100 --batch-size 32 --cores N"]

The encoder is fine-tuned as in a night, on pairs of consecutive items before validation. The channels rank the last but
one items of some shoppers, which are in no pair. The test items are not read.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from model.retrieval.channels import score_channels
from model.retrieval.shoppers import Shoppers
from model.text.bars import Bar
from model.text.encoder import Encoder
from model.text.pairs import Pairs
from model.text.tuning import TwoTowerSettings
from model.text.two_tower import fine_tune
from tests.benchmark.beauty.protocol import Beauty, figures, print_row, ranks
from tests.benchmark.beauty.sides import SETTINGS, shoppers, without_links
from tests.benchmark.beauty.texts import frozen_encoder, titles_of

USER_ITEMS, EVALUATED, USERS_AT_ONCE = 3, 4000, 500


def main() -> None:
    """Prints the metrics of each channel by both encoders."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=2e-5)
    parser.add_argument("--cores", type=int, default=2)
    arguments = parser.parse_args()
    beauty = Beauty.read(arguments.folder)
    settings = TwoTowerSettings(
        steps=arguments.steps, batch_size=arguments.batch_size, learning_rate=arguments.learning_rate,
        warmup_share=0.1, temperature=0.05, seed=1,
    )  # fmt: skip
    frozen = frozen_encoder()
    pairs = pairs_of(beauty, settings.steps * settings.batch_size)
    tuned = fine_tune(frozen, pairs, settings, threads=arguments.cores, progress=Bar("fine-tuning", "step")).encoder
    print_row("", None)
    for name, encoder in {
        "frozen": frozen,
        f"fine-tuned, {settings.steps} x {settings.batch_size} pairs": tuned,
    }.items():
        for channel, row in measured(beauty, encoder, arguments.cores).items():
            print_row(f"{channel}, {name}", row)


def pairs_of(beauty: Beauty, count: int) -> Pairs:
    """`count` pairs, drawn with repetition: titles of up to USER_ITEMS items, newest first, and of the item after them.

    A shopper's last two items are in no pair.
    """
    people = shoppers(beauty, 1)
    later = np.flatnonzero(np.diff(people.row, append=-1) == 0)  # an item with an older one of the same shopper
    shares = np.bincount(people.item[later], minlength=len(beauty.titles)) / len(later)
    drawn = np.random.default_rng(1).choice(later, count)
    last = people.start[people.row[drawn] + 1]
    before = [people.item[place + 1 : min(place + 1 + USER_ITEMS, end)] for place, end in zip(drawn, last, strict=True)]
    texts = np.array(beauty.titles, dtype=object)
    return Pairs(
        [", ".join(texts[items]) for items in before], texts[people.item[drawn]].tolist(), shares[people.item[drawn]]
    )


def measured(beauty: Beauty, encoder: Encoder, cores: int) -> dict[str, dict[str, tuple[float, float]]]:
    """HR@10 and NDCG@10 of each text channel alone at the last but one item of EVALUATED shoppers."""
    side = without_links(beauty, titles_of(beauty, encoder, cores), 1)
    users = np.sort(np.random.default_rng(2).permutation(int(beauty.user.max()) + 1)[:EVALUATED])
    people, target, tail = with_texts(beauty, users, encoder, cores), beauty.target(1)[users], ~beauty.head()
    rows_of = {}
    for channel in ("text_history", "text_two_tower"):
        block_ranks = []
        for start in range(0, len(users), USERS_AT_ONCE):
            rows = np.arange(start, min(start + USERS_AT_ONCE, len(users)))
            block = people.take(rows)
            scores = score_channels(side, block, SETTINGS, (channel,))[0]
            score = scores.at(np.arange(len(rows))[:, None], np.arange(scores.shape[1])[None, :])
            score[block.bought(len(beauty.titles)).toarray() > 0] = -np.inf
            block_ranks.append(ranks(score, target[rows]))
        rows_of[channel] = figures(np.concatenate(block_ranks), tail[target])
    return rows_of


def with_texts(beauty: Beauty, users: np.ndarray, encoder: Encoder, cores: int) -> Shoppers:
    """The shoppers with their texts' embeddings."""
    people = shoppers(beauty, 1).take(users)
    texts = np.array(beauty.titles, dtype=object)
    bounds = zip(people.start[:-1], people.start[1:], strict=True)
    user_texts = [", ".join(texts[people.item[start : min(start + USER_ITEMS, end)]]) for start, end in bounds]
    return replace(people, text=encoder.encode_users(user_texts, 128, threads=cores, progress=Bar("shoppers")))


if __name__ == "__main__":
    main()
