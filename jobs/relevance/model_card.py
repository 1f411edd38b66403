"""The card of a model: what it predicts, from what it learnt, how good it is, and where its limits are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from jobs.config.configuration import Config
from model.bundle import Description

_LIMITS = (
    "It ranks the candidates of the first stage; for other products of a shopper it gives no chance.",
    "It learns from what shoppers did, and shoppers can only respond to what they have seen: a chance is not the "
    "effect of being shown.",
    "A contribution says what the model reads in an input, not that the input causes a response.",
)
_INPUTS = {
    "channels": "channels of the first stage", "item_features": "features of products",
    "pair_features": "features of pairs", "user_features": "features of shoppers", "event_types": "types of events",
    "falling": "may only lower a chance",
}  # fmt: skip


def write_model_card(
    folder: Path,
    conf: Config,
    description: Description,
    gate: str,
    reasons: tuple[str, ...],
    rows: Mapping[str, int],
    versions: Mapping[str, int],
) -> Path:
    """Writes model_card.md into the folder.

    gate: the version's tag; reasons: of a refusal; rows: counts of the training's rows by name
    versions: of the tables that it was trained on
    """
    folder.mkdir(parents=True, exist_ok=True)
    card = folder / "model_card.md"
    lines = _lines(conf, description, gate, reasons, rows, versions)
    card.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return card


def _lines(
    conf: Config,
    description: Description,
    gate: str,
    reasons: tuple[str, ...],
    rows: Mapping[str, int],
    versions: Mapping[str, int],
) -> Iterator[str]:
    yield f"# {conf.mlflow.registered_model} of {description.as_of}"
    yield from ("", f"The chance of {description.target}, of each candidate of a shopper.")
    for response in conf.relevance.others:
        meaning = conf.relevance.of_response(response).meaning
        yield from ("", f"The chance of {meaning}, by a second stage and calibrator of its own on the same inputs.")
    yield from ("", "## Parts", "")
    yield f"- encoder {description.encoder_version}, trained for {description.encoder_as_of}"
    yield f"- first stage {description.first_stage_version}"
    if rows:
        yield (
            f"- Transformer: width {conf.fusion.width}, {conf.fusion.layers} layers, {conf.fusion.heads} heads, "
            f"{conf.fusion.epochs} epochs"
        )
        yield f"- boosted trees: {conf.trees.rounds} of {conf.trees.leaves} leaves"
    yield f"- configuration {description.configuration}, seed {conf.seed}"
    yield from ("", "## Data", "")
    yield from (f"- {name.replace('_', ' ')}: {count:,}" for name, count in rows.items())
    yield from (f"- responses from {first} to {last}" for first, last in description.calibrated_on)
    if versions:
        yield f"- versions of tables: {', '.join(f'{table} {version}' for table, version in sorted(versions.items()))}"
    for name, words in _INPUTS.items():
        if values := description.inputs.get(name):
            yield f"- {words}: {', '.join(values)}"
    yield from ("", "## Quality", "", f"The gate: {gate}{': ' if reasons else ''}{'; '.join(reasons)}.")
    if description.metrics:
        yield from ("", "| figure | value |", "|---|---|")
        yield from (f"| {name} | {value:.6g} |" for name, value in description.metrics.items())
    yield from ("", "## Limits", "")
    yield from (f"- {limit}" for limit in (*description.limits, *_LIMITS))
