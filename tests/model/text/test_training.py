"""Fine-tuning on a toy set: hard negatives, weights, batches a step, adapters, held-out days, checkpoints."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.text.adapters import Lora
from model.text.batches import Batch, PairTokens, Towers, rows_of_steps
from model.text.checkpoints import Progress
from model.text.encoder import Encoder
from model.text.pairs import CategoryTexts, Pairs
from model.text.tuning import TwoTowerSettings
from model.text.two_tower import Tuned, fine_tune

SHORT = TwoTowerSettings(6, 4, 1e-3, 0.1, 0.2, seed=5)
TASTES = [("red", "wine"), ("green", "tea"), ("bread", "milk"), ("纯奶", "面包")]
SHELF = ["drinks", "drinks", "dairy", "dairy"]
PAIRS = Pairs([u for u, _ in TASTES] * 4, [i for _, i in TASTES] * 4, np.full(16, 0.25), categories=SHELF * 4)
# The same tastes the other way round: what is learnt from PAIRS is wrong here.
WRONG = Pairs([u for u, _ in TASTES], [i for _, i in reversed(TASTES)], np.full(4, 0.25))
POOL = CategoryTexts(
    ["wine", "tea", "red wine", "milk", "apple"], np.array([0.25, 0.25, 0, 0.25, 0]),
    ["drinks", "drinks", "drinks", "dairy", "dairy"],
)  # fmt: skip


def test_a_batch_holds_its_hard_negatives_with_what_is_expected(tiny: Encoder) -> None:
    """Pairs 0 (wine) and 2 (milk), one hard negative each: of tea and red wine one, and the apple.

    Expected among the columns: a positive 2 * .25 by the pairs; wine and milk are drawn for no pair of the batch here;
    tea 2 * .25 + 1/2, red wine 0 + 1/2, apple 0 + 1.
    """
    tokens = PairTokens(tiny, PAIRS, POOL, 1)
    batch = tokens.batch([0, 2], np.random.default_rng(0))
    words = [tiny.tokenizer.decode(row, skip_special_tokens=True) for row in batch.items["input_ids"]]
    expected = {"wine": 0.5, "milk": 0.5, "tea": 1.0, "red wine": 0.5, "apple": 1.0}
    assert [word.removeprefix("item : ") for word in words][:2] == ["wine", "milk"]
    assert len(words) == 4
    assert words[3] == "item : apple"
    assert torch.exp(batch.log_expected).tolist() == pytest.approx([expected[w.removeprefix("item : ")] for w in words])
    assert len(batch.users["input_ids"]) == 2


def test_hard_negatives_change_what_is_learnt_and_still_lower_the_loss(tiny: Encoder) -> None:
    plain, hard = (fine_tune(tiny, PAIRS, replace(SHORT, hard_negatives=n), negatives=POOL, threads=1) for n in (0, 2))
    assert plain.encoder.version != hard.encoder.version
    longer = replace(SHORT, steps=80, batch_size=8, learning_rate=1e-2, hard_negatives=2)
    losses = fine_tune(tiny, PAIRS, longer, negatives=POOL, threads=1).losses
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])


def test_what_weighs_more_is_learnt_first(tiny: Encoder) -> None:
    """Half of the pairs say wine for red, the other half tea for red: the heavier wins."""

    def nearer_to_red(weights: list[float]) -> float:
        pairs = Pairs(["red"] * 8, ["wine", "tea"] * 4, np.full(8, 0.5), weights=np.array(weights * 4))
        tuned = fine_tune(tiny, pairs, replace(SHORT, steps=20, learning_rate=1e-2), threads=1).encoder
        red, (wine, tea) = tuned.encode_users(["red"], 1)[0], tuned.encode_items(["wine", "tea"], 2)
        return float(red @ wine - red @ tea)

    assert nearer_to_red([20.0, 1.0]) > nearer_to_red([1.0, 20.0])


def test_a_step_of_two_batches_takes_the_mean_of_their_gradients(
    tiny: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without dropout: gradients by hand of the two batches of 4, halved and added."""
    whole = Batch.loss
    seen: list[list[torch.Tensor]] = []
    monkeypatch.setattr(Batch, "loss", lambda batch, towers, temperature: whole(batch, towers.eval(), temperature))
    monkeypatch.setattr(
        torch.nn.utils,
        "clip_grad_norm_",
        lambda weights, _: seen.append([w.grad.clone() for w in weights if w.grad is not None]),
    )
    losses = fine_tune(tiny, PAIRS, replace(SHORT, steps=1, accumulate=2), threads=1).losses
    tokens, rows = PairTokens(tiny, PAIRS, None, 0), rows_of_steps(16, 1, 8, SHORT.seed)[0]
    model = copy.deepcopy(tiny.model).requires_grad_(True)
    each = [
        whole(tokens.batch(part, np.random.default_rng(0)), Towers(model, False), 0.2) for part in (rows[:4], rows[4:])
    ]
    (each[0] / 2 + each[1] / 2).backward()
    expected = [weight.grad for weight in model.parameters() if weight.grad is not None]
    assert losses == [pytest.approx((each[0].item() + each[1].item()) / 2, abs=1e-6)]
    assert len(seen[0]) == len(expected) > 20
    for gradient, wanted in zip(seen[0], expected, strict=True):
        assert torch.allclose(gradient, wanted, atol=1e-6)


def test_adapters_are_merged_into_weights_of_the_same_names(tiny: Encoder, tmp_path: Path) -> None:
    lora = replace(SHORT, steps=60, learning_rate=2e-2, batch_size=8, adapters=Lora(4, 8, 0.0))
    tuned = fine_tune(tiny, PAIRS, lora, threads=1)
    before, after = tiny.model.state_dict(), tuned.encoder.model.state_dict()
    assert {name: values.shape for name, values in before.items()} == {n: v.shape for n, v in after.items()}
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(name.endswith(".weight") and before[name].ndim == 2 for name in changed)
    assert not any("embeddings" in name for name in changed)
    assert np.mean(tuned.losses[-5:]) < np.mean(tuned.losses[:5])
    tuned.encoder.save(tmp_path / "encoder")
    again = Encoder.load(tmp_path / "encoder", "cpu")
    assert (again.encode_items(["wine"], 1) == tuned.encoder.encode_items(["wine"], 1)).all()
    rank = np.linalg.matrix_rank(_change(tiny, tuned, "encoder.layer.0.attention.self.query.weight"), tol=1e-5)
    assert 0 < rank <= 4


def _change(base: Encoder, tuned: Tuned, name: str) -> np.ndarray:
    return (tuned.encoder.model.state_dict()[name] - base.model.state_dict()[name]).numpy()


def test_held_out_days_that_get_worse_end_the_training_and_keep_the_weights(tiny: Encoder) -> None:
    wanted = replace(SHORT, steps=40, learning_rate=1e-2, evaluate_every=2, patience=3)
    stopped = fine_tune(tiny, PAIRS, wanted, held_out=WRONG, threads=1)
    assert stopped.best_step < len(stopped.losses) < 40
    assert sorted(stopped.held_out) == list(range(0, len(stopped.losses) + 1, 2))
    assert len(stopped.losses) - stopped.best_step == 6
    assert stopped.held_out[stopped.best_step] == min(stopped.held_out.values())
    # The weights are those of the best look: the same training without looks, ended there, has them.
    if stopped.best_step == 0:
        assert stopped.encoder is tiny


def test_held_out_days_that_get_better_keep_the_last_weights(tiny: Encoder) -> None:
    wanted = replace(SHORT, steps=12, learning_rate=1e-2, evaluate_every=5, patience=1)
    looked = fine_tune(tiny, PAIRS, wanted, held_out=PAIRS, threads=1)
    assert sorted(looked.held_out) == [0, 5, 10, 12]
    assert looked.best_step == 12
    unseen = fine_tune(tiny, PAIRS, replace(wanted, evaluate_every=0), threads=1)
    assert looked.encoder.version == unseen.encoder.version


def test_progress_knows_the_best_evaluation() -> None:
    progress = Progress([1.0] * 20, {0: 3.0, 5: 2.0, 10: 2.0, 15: 2.5, 20: 2.2})
    assert (progress.best_step, progress.evaluations_since_best()) == (5, 3)
    assert Progress([1.0, 1.0]).best_step == 2


@pytest.mark.parametrize("adapters", [None, Lora(2, 4, 0.1)])
def test_a_killed_training_resumes_and_reaches_the_same_weights(
    tiny: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, adapters: Lora | None
) -> None:
    """Checkpoints after 2 and 4 steps; killed within the fifth, and within the sixth of the second attempt."""
    wanted = replace(
        SHORT, accumulate=2, hard_negatives=1, adapters=adapters, evaluate_every=1, patience=9, checkpoint_every=2
    )
    inputs = {"held_out": PAIRS, "negatives": POOL, "threads": 1}
    undisturbed = fine_tune(tiny, PAIRS, wanted, **inputs)
    place = tmp_path / "checkpoint.safetensors"
    whole, calls = Batch.loss, [0]

    def killed_at(call: int) -> None:
        def loss(batch: Batch, towers: torch.nn.Module, temperature: float) -> torch.Tensor:
            calls[0] += 1
            if calls[0] == call:
                raise KeyboardInterrupt
            return whole(batch, towers, temperature)

        calls[0] = 0
        monkeypatch.setattr(Batch, "loss", loss)

    for call, done in ((10, 9), (4, 3)):  # two batches a step: the second of step 5, then of step 6, four steps on
        killed_at(call)
        with pytest.raises(KeyboardInterrupt):
            fine_tune(tiny, PAIRS, wanted, checkpoint=place, **inputs)
        assert calls[0] == done + 1
        torch.manual_seed(call)  # random numbers from outside do not matter
    killed_at(1000)
    resumed = fine_tune(tiny, PAIRS, wanted, checkpoint=place, **inputs)
    assert calls[0] == 4  # steps 5 and 6
    assert (resumed.losses, resumed.held_out) == (undisturbed.losses, undisturbed.held_out)
    assert resumed.encoder.version == undisturbed.encoder.version


def test_a_checkpoint_of_another_training_is_ignored_and_a_broken_one_is_named(tiny: Encoder, tmp_path: Path) -> None:
    place = tmp_path / "checkpoint.safetensors"
    settings = replace(SHORT, checkpoint_every=2)
    fine_tune(tiny, PAIRS, settings, checkpoint=place, threads=1)
    other = replace(settings, seed=6)
    assert (
        fine_tune(tiny, PAIRS, other, checkpoint=place, threads=1).encoder.version
        == fine_tune(tiny, PAIRS, other, threads=1).encoder.version
    )
    place.write_bytes(place.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"checkpoint .* cannot be read .* Delete it"):
        fine_tune(tiny, PAIRS, other, checkpoint=place, threads=1)
