"""What a model relies on: how much each input moves the log-odds, and what the candidates attend to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from jobs.relevance.samples import Sample
from model.fusion.attribution import attention
from model.fusion.causes import family_of
from model.fusion.ensemble import Ensemble
from model.fusion.inputs import Block
from model.fusion.ranker import EncodedItems
from model.scorer import Scorer

_SHOPPERS, _CANDIDATES = 100, 40  # that are explained: of many shoppers, since the pairs of one are alike
_MOST_BARS = 25


def write_importance(folder: Path, scorer: Scorer, sample: Sample, prefix: str = "") -> tuple[Path, ...]:
    """Writes importance and attention, each as a table (csv) and as a picture (svg), and returns the files.

    Of importance: the mean absolute contribution to the log-odds by input, over shoppers of the sample and candidates
    of each that are spread evenly. Of attention: its mean share on the profile and on each event of the history.

    prefix: of the files' names
    """
    folder.mkdir(parents=True, exist_ok=True)
    block, items = _spread(sample.block), scorer.ranker.encode_items(sample.side.items)
    importance = importance_of(scorer, block, items)
    files = _written(
        folder,
        f"{prefix}importance",
        importance.set_index("name")[["linear", "network", "trees"]][:_MOST_BARS],
        importance,
        "mean absolute contribution to the log-odds",
    )
    if isinstance(scorer.ensemble, Ensemble):
        weights = attention_of(scorer.ensemble, block, items)
        bars = weights.set_index("place")[["share"]]
        files += _written(folder, f"{prefix}attention", bars, weights, "share of the attention")
    return files


def _spread(block: Block) -> Block:
    shoppers, candidates = (
        np.linspace(0, count - 1, min(count, most)).astype(int)
        for count, most in zip(block.candidates.shape, (_SHOPPERS, _CANDIDATES), strict=True)
    )
    some = block.take(shoppers)
    return replace(
        some, candidates=some.candidates[:, candidates], channel_scores=some.channel_scores[:, candidates],
        first_stage_score=some.first_stage_score[:, candidates], pair_features=some.pair_features[:, candidates],
    )  # fmt: skip


def importance_of(scorer: Scorer, block: Block, items: EncodedItems) -> pd.DataFrame:
    """Mean absolute contributions to the log-odds by input, the largest first.

    Columns: name, family, linear, network, trees, and sum, which is of the three parts together.
    """
    explanation, listed = scorer.explain(block, items), block.listed
    parts = {
        "linear": explanation.linear, "network": explanation.network, "trees": explanation.trees,
        "sum": explanation.sums,
    }  # fmt: skip
    table = pd.DataFrame({name: np.abs(values[listed]).mean(axis=0) for name, values in parts.items()})
    table.insert(0, "name", explanation.names)
    table.insert(1, "family", [family_of(name) for name in explanation.names])
    return table.sort_values("sum", ascending=False, kind="stable", ignore_index=True)


def attention_of(ensemble: Ensemble, block: Block, items: EncodedItems) -> pd.DataFrame:
    """Mean share of a candidate's attention by place: the profile, then the events, newest first."""
    weights = attention(ensemble.ranker, block, items)[block.listed].mean(axis=0)
    places = ["profile", *(f"event {number}" for number in range(1, len(weights)))]
    return pd.DataFrame({"place": places, "share": weights})


def _written(folder: Path, name: str, bars: pd.DataFrame, table: pd.DataFrame, label: str) -> tuple[Path, ...]:
    """A table, and a picture with a bar for each row of `bars`, stacked from its columns."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    csv, svg = folder / f"{name}.csv", folder / f"{name}.svg"
    table.to_csv(csv, index=False)
    figure = Figure(figsize=(7, 1 + 0.25 * len(bars)), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.subplots()
    left = np.zeros(len(bars))
    for column in bars.columns:
        axes.barh(bars.index, bars[column], left=left, label=column)
        left += bars[column].to_numpy()
    axes.invert_yaxis()
    axes.set(xlabel=label)
    if len(bars.columns) > 1:
        axes.legend()
    figure.savefig(svg)
    return csv, svg
