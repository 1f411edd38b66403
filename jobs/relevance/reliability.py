"""The reliability diagram of a model, predicted against observed rates, as a table and as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd


def write_reliability(folder: Path, curves: Mapping[str, pd.DataFrame]) -> tuple[Path, Path]:
    """Writes reliability.csv and reliability.svg into the folder.

    curves: tables of `model.calibration.reliability` by the name of their pairs, such as all and tail
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    table, picture = folder / "reliability.csv", folder / "reliability.svg"
    pd.concat(curves, names=["of", "bin"]).to_csv(table)
    figure = Figure(figsize=(5, 5), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.subplots()
    largest = max(curve[["predicted", "observed"]].to_numpy().max() for curve in curves.values())
    axes.plot([0, largest], [0, largest], color="grey", linewidth=1, label="perfect")
    for (name, curve), marker in zip(curves.items(), "osd^v<>p", strict=False):
        axes.plot(curve.predicted, curve.observed, marker=marker, label=name)
    axes.set(xlabel="predicted probability", ylabel="share that responded")
    axes.legend()
    figure.savefig(picture)
    return table, picture
