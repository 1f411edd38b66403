"""Measures scoring and explaining by fusion and trees, on synthetic shoppers of the default sizes.

python -m tests.benchmark.second_stage [--device cuda] [--shoppers 256]. Prints pairs a second of each device with one
core and with all cores, how much the devices' results differ, and CPU seconds of explanations.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import yaml

from model.calibration import Calibrator
from model.fusion.ensemble import Ensemble
from model.fusion.inputs import Block, Items
from model.fusion.ranker import EncodedItems, RankerInputs
from model.fusion.training import FusionSettings, Period, fit_ranker
from model.fusion.trees import TreeSettings, fit_trees
from model.retrieval.first_stage import FirstStage
from model.scorer import Scorer

CONF = Path(__file__).resolve().parents[2] / "conf/base.yaml"
CHANNELS, ITEM_FEATURES, USER_FEATURES, TEXT, ITEMS, CANDIDATES = 30, 33, 34, 384, 20_000, 400
REPEATS = 5
EXPLAINED_PAIRS = 10_000


def main() -> None:
    """Trains a scorer of the default sizes on noise, then times it on each device."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments.add_argument("--shoppers", type=int, default=256)
    arguments.add_argument(
        "--worker", help="folder of a saved scorer: print the memory of a process that scores with it"
    )
    args = arguments.parse_args()
    if args.worker:
        _worker(Path(args.worker), args.shoppers)
        return
    cores = len(os.sched_getaffinity(0))
    scorer, period = _scorer(cores), _period(args.shoppers, 2)
    items = scorer.ranker.encode_items(period.items)
    with tempfile.TemporaryDirectory() as folder:
        scorer.save(Path(folder))
        subprocess.run([sys.executable, "-m", "tests.benchmark.second_stage", "--worker", folder], check=True)
    _explain(scorer, period.block.take(slice(EXPLAINED_PAIRS // CANDIDATES)), items)
    on_cpu = _timed(scorer, period.block, items, "cpu", cores)
    if args.device != "cpu":
        print(torch.cuda.get_device_name(args.device))
        _compare(on_cpu, _timed(scorer, period.block, items, args.device, cores), period.block.listed)


def _worker(folder: Path, shoppers: int) -> None:
    torch.set_num_threads(1)
    scorer, period = Scorer.load(folder), _period(shoppers, 2)
    items = scorer.ranker.encode_items(period.items)
    before = _peak()
    scorer.log_odds(period.block, items)
    scorer.reasons(period.block, items)
    print(
        f"a worker of one core, {shoppers} shoppers a block: {before:.2f} GiB with libraries, model and {ITEMS:,} "
        f"items, {_peak():.2f} GiB while it scores",
        flush=True,
    )


def _explain(scorer: Scorer, block: Block, items: EncodedItems) -> None:
    """Prints the CPU seconds of scores, reasons and complete explanations, and the largest error of a sum."""
    torch.set_num_threads(1)
    ensemble = scorer.ensemble
    assert isinstance(ensemble, Ensemble)
    scores, log_odds = _cpu_seconds(lambda: scorer.log_odds(block, items)[0])
    reasons, _ = _cpu_seconds(lambda: scorer.reasons(block, items))
    explanations, explained = _cpu_seconds(lambda: scorer.explain(block, items).log_odds)
    trees, _ = _cpu_seconds(lambda: ensemble.trees.contributions(ensemble.ranker, block, items))
    listed = block.listed
    error = np.abs(explained - log_odds)[listed].max()
    print(
        f"{listed.sum():,} pairs, CPU seconds: scores {scores:.2f}, reasons {reasons:.2f}, explanations "
        f"{explanations:.2f} (of which TreeSHAP {trees:.2f}), whose sums are exact to {error:.1e}",
        flush=True,
    )


def _cpu_seconds(run: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """Of the second run, and what it returns."""
    run()
    began = time.process_time()
    result = run()
    return time.process_time() - began, result


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _timed(
    scorer: Scorer, block: Block, items: EncodedItems, device: str, cores: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits of the fusion, log-odds of both and reasons; prints the speed with one core and with all cores."""
    scorer.ranker.to(device)
    pairs = int(block.listed.sum())
    for threads in sorted({1, cores}):
        torch.set_num_threads(threads)
        fusion = pairs / _seconds(lambda: scorer.ranker.predict(block, items))
        both = pairs / _seconds(lambda: scorer.log_odds(block, items))
        print(
            f"{device}, {threads} cores: fusion {fusion:,.0f} pairs/s, fusion and trees {both:,.0f} pairs/s", flush=True
        )
    return scorer.ranker.predict(block, items), scorer.log_odds(block, items)[0], scorer.reasons(block, items)


def _compare(cpu: tuple[np.ndarray, ...], gpu: tuple[np.ndarray, ...], listed: np.ndarray) -> None:
    logits, log_odds = (float(np.abs(cpu[n][listed] - gpu[n][listed]).max()) for n in (0, 1))
    reasons = int((cpu[2] != gpu[2]).any(axis=2)[listed].sum())
    print(f"greatest difference: logits {logits:.1e}, log-odds {log_odds:.1e}; reasons that differ {reasons}")


def _seconds(run: Callable[[], object]) -> float:
    run()
    began = time.perf_counter()
    for _ in range(REPEATS):
        run()
    return (time.perf_counter() - began) / REPEATS


def _scorer(cores: int) -> Scorer:
    conf = yaml.safe_load(CONF.read_text(encoding="utf-8"))
    fusion = {name: conf["fusion"][name] for name in FusionSettings.__annotations__ if name in conf["fusion"]}
    settings = FusionSettings(**fusion | {"epochs": 1, "seed": 1, "threads": cores})
    trees = {name: conf["trees"][name] for name in TreeSettings.__annotations__ if name in conf["trees"]}
    channels = _first_stage().channels
    item_features = tuple(f"item_{n}" for n in range(ITEM_FEATURES))
    user_features = tuple(f"user_{n}" for n in range(USER_FEATURES))
    inputs = RankerInputs(channels, item_features, user_features, conf["fusion"]["history_items"])
    period = _period(128, 1)
    ranker = fit_ranker([period], inputs, settings)
    return Scorer(
        _first_stage(), Ensemble(ranker, fit_trees([period], ranker, TreeSettings(**trees, seed=1, threads=1))),
        Calibrator(-2.0, 1.0, 0.2),
    )  # fmt: skip


def _first_stage() -> FirstStage:
    channels, ones, zeros = tuple(f"channel_{n}" for n in range(CHANNELS)), np.ones(CHANNELS), np.zeros(CHANNELS)
    return FirstStage("synthetic", channels, zeros, ones, zeros, np.full(3 * CHANNELS, 0.01), -3.0)


def _period(shoppers: int, seed: int) -> Period:
    random = np.random.default_rng(seed)

    def normal(*shape: int) -> np.ndarray:
        return random.normal(size=shape).astype(np.float32)

    items = Items(normal(ITEMS, ITEM_FEATURES), normal(ITEMS, TEXT), np.arange(ITEMS, dtype=np.int32))
    history = random.integers(ITEMS, size=(shoppers, 20)).astype(np.int32)
    candidates = np.stack([random.permutation(ITEMS)[:CANDIDATES] for _ in range(shoppers)]).astype(np.int32)
    channel_scores, first_stage = normal(shoppers, CANDIDATES, CHANNELS), _first_stage()
    block = Block(
        history=history,
        days_ago=random.uniform(0, 90, size=history.shape).astype(np.float32),
        event_types=np.ones_like(history),
        user_features=normal(shoppers, USER_FEATURES),
        candidates=candidates,
        channel_scores=channel_scores,
        first_stage_score=first_stage.parts(np.moveaxis(channel_scores, 2, 0)).sum(axis=0)
        + np.float32(first_stage.bias),
        pair_features=normal(shoppers, CANDIDATES, 0),
    )
    return Period(items, block, random.random(candidates.shape) < 0.01)


if __name__ == "__main__":
    main()
