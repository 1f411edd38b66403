import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from model.retrieval.candidates import sample_for_training, top_candidates
from model.retrieval.channels import CHANNELS
from model.retrieval.first_stage import FirstStage, fit_first_stage
from model.retrieval.scores import ChannelScores
from tests.model.retrieval.small_store import SETTINGS, catalogue, shoppers


def only_als(weight: float = 1.0) -> FirstStage:
    return FirstStage("v", ("als",), np.zeros(1), np.ones(1), np.zeros(1), np.array([weight, 0.0, 0.0]), bias=-3.0)


def test_fit_finds_the_channel_that_matters_and_corrects_the_bias() -> None:
    generator = np.random.default_rng(1)
    signal, noise = generator.normal(size=(2, 20_000))
    # True log-odds among all pairs are 1.5 * signal - 4; every positive is kept and every fifth negative.
    response = generator.random(20_000) < 1 / (1 + np.exp(-(1.5 * signal - 4)))
    sampled = response | (np.arange(20_000) % 5 == 0)
    weight = np.where(response, 1.0, 5.0)
    scores = np.stack([signal, noise])[:, sampled].astype(np.float32)
    fitted = fit_first_stage(
        ("signal", "noise"), scores, response[sampled].astype(float), weight[sampled], 1e-6, "test"
    )
    points = np.array([-1.0, 0.5, 2.0], dtype=np.float32)
    log_odds = fitted.score([ChannelScores(points[None]), ChannelScores(np.zeros((1, 3), dtype=np.float32))])
    np.testing.assert_allclose(log_odds[0], 1.5 * points - 4, atol=0.5)


def test_shared_scores_count_as_if_each_item_had_its_own() -> None:
    generator = np.random.default_rng(2)
    by_type, by_item = generator.normal(size=(4, 3)), generator.normal(size=(4, 5))
    column = np.array([0, 2, 2, 1, 0])
    model = FirstStage(
        "v", ("a", "b", "c"), np.zeros(3), np.full(3, 0.5), np.zeros(3), generator.normal(size=9), bias=-1.0
    )
    shared = model.score([ChannelScores(by_type, column), ChannelScores(by_item), ChannelScores(2 * by_type, column)])
    alone = model.score([ChannelScores(one) for one in (by_type[:, column], by_item, 2 * by_type[:, column])])
    np.testing.assert_allclose(shared, alone, rtol=1e-5)


def test_fit_without_positives_is_an_error() -> None:
    with pytest.raises(ValueError, match="no positives"):
        fit_first_stage(("a",), np.zeros((1, 3)), np.zeros(3), np.ones(3), 1e-4, "test")


def test_negative_feedback_never_raises_an_item() -> None:
    generator = np.random.default_rng(6)
    scores = generator.normal(size=(2, 5_000)).astype(np.float32)
    label = (generator.random(5_000) < 1 / (1 + np.exp(2.0 - scores[0] - scores[1]))).astype(float)
    for negative, least in (((), 0.1), (("b",), 0.0)):
        model = fit_first_stage(("a", "b"), scores, label, np.ones(5_000), 1e-4, "test", negative)
        _, by_b = model.parts(np.stack([np.zeros(50), np.linspace(-3, 3, 50)]).astype(np.float32))
        assert bool((np.diff(by_b) > 1e-6).any()) == (not negative)
        assert model.weights.reshape(3, 2)[:, 1].max() >= least
        assert model.weights.reshape(3, 2)[:, 0].sum() > 0.5


def test_a_signal_that_is_noise_is_left_out() -> None:
    generator = np.random.default_rng(8)
    scores = generator.normal(size=(4, 5_000)).astype(np.float32)
    label = (generator.random(5_000) < 1 / (1 + np.exp(3.0 - scores[0] - 0.5 * scores[1]))).astype(float)
    channels, optional = ("a", "b", "noise", "more_noise"), {"b": ("b",), "noise": ("noise", "more_noise")}
    model = fit_first_stage(channels, scores, label, np.ones(5_000), 1e-4, "test", (), optional)
    by_channel = np.abs(model.weights.reshape(3, 4)).sum(axis=0)
    assert by_channel[:2].min() > 0.2
    assert by_channel[2:].tolist() == [0.0, 0.0]
    slim = model.without_unused(("noise", "more_noise", "b"))
    assert slim.channels == ("a", "b")
    scored = [ChannelScores(one[None, :50]) for one in scores]
    np.testing.assert_array_equal(slim.score(scored[:2]), model.score(scored))
    bare = fit_first_stage(channels[:2], scores[:2], label, np.ones(5_000), 1e-4, "test")
    np.testing.assert_allclose(model.weights.reshape(3, 4)[:, :2], bare.weights.reshape(3, 2), atol=1e-6)
    assert (
        np.abs(fit_first_stage(channels, scores, label, np.ones(5_000), 1e-4, "t").weights.reshape(3, 4)[:, 2:]).max()
        > 0
    )


def test_the_weights_of_events_are_saved_where_there_are_any(tmp_path: Path) -> None:
    only_als().save(tmp_path)
    assert "event_weights" not in (tmp_path / "first_stage.json").read_text()
    assert FirstStage.load(tmp_path).event_weights == {}
    replace(only_als(), event_weights={"cart": 0.3}).save(tmp_path)
    assert FirstStage.load(tmp_path).event_weights == {"cart": 0.3}


def test_save_and_load_give_the_same_and_a_changed_file_is_refused(tmp_path: Path) -> None:
    only_als().save(tmp_path)
    loaded = FirstStage.load(tmp_path)
    assert loaded.version == "v"
    np.testing.assert_array_equal(loaded.weights, only_als().weights)
    path = tmp_path / "first_stage.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "bias": 0.0}))
    with pytest.raises(ValueError, match="changed after it was saved"):
        FirstStage.load(tmp_path)


def test_top_candidates_exclude_bought_items_and_break_ties_by_the_catalogue() -> None:
    best = top_candidates(catalogue(), shoppers(), SETTINGS, only_als(), top=2, exclude_bought=True)
    lists = [best.eligible[best.start[u] : best.start[u + 1]].tolist() for u in range(3)]
    # als: ann 1, 0, .5, 0 → tea-b, rye-d; bob 0, 2, 1, 0 without rye-c, which he bought → rye-d, then the first of two
    # zeros; eve all zero → the first two.
    assert lists == [[0, 2], [2, 0], [0, 1]]
    np.testing.assert_allclose(best.score[:2], [1 - 3, 0.5 - 3])


def test_bought_items_are_candidates_where_they_are_not_excluded() -> None:
    best = top_candidates(catalogue(), shoppers(), SETTINGS, only_als(), top=1, exclude_bought=False)
    assert best.eligible.tolist() == [0, 1, 0]


def test_fewer_items_than_asked_are_all_returned() -> None:
    best = top_candidates(catalogue(), shoppers(), SETTINGS, only_als(), top=99, exclude_bought=True)
    assert np.diff(best.start).tolist() == [4, 3, 4]


def test_negatives_of_the_training_sample_have_the_weight_of_all_they_represent() -> None:
    positives = {"ann": np.array([0]), "bob": np.array([1])}
    sample = sample_for_training(catalogue(), shoppers(), SETTINGS, tuple(CHANNELS), positives, negatives=2, seed=1)
    # ann has one positive and two of three others; bob's rye-c was bought before, so bob gives nothing.
    assert sample.label.tolist() == [1.0, 0.0, 0.0]
    assert sample.weight.tolist() == [1.0, 1.5, 1.5]
    assert sample.scores.shape == (len(CHANNELS), 3)


def test_shoppers_without_positives_give_an_empty_sample() -> None:
    sample = sample_for_training(catalogue(), shoppers(), SETTINGS, tuple(CHANNELS), {}, negatives=2, seed=1)
    assert sample.scores.shape == (len(CHANNELS), 0)


def test_cold_items_take_the_last_places_of_warm_ones() -> None:
    # bob scores [tea-b, rye-c, rye-d, odd] by ALS as [0, 2, 1, 0]; rye-d and odd are cold. Of two places one goes to a
    # cold item as it stands; with two cold ones asked for, odd takes rye-c's place.
    for least, expected in ((0, [1, 2]), (1, [1, 2]), (2, [2, 3])):
        best = top_candidates(catalogue(), shoppers(), SETTINGS, only_als(), 2, exclude_bought=False, least_cold=least)
        assert best.eligible[best.start[1] : best.start[2]].tolist() == expected


@pytest.mark.parametrize("items_at_once", [1, 2, 3])
@pytest.mark.parametrize(("top", "least_cold"), [(1, 0), (2, 0), (2, 2), (3, 1), (99, 0)])
@pytest.mark.parametrize("exclude_bought", [False, True])
def test_scoring_in_parts_equals_scoring_at_once(
    items_at_once: int, top: int, least_cold: int, exclude_bought: bool
) -> None:
    links = sparse.csr_matrix(np.arange(24, dtype=np.float32).reshape(6, 4))
    store = replace(catalogue(), links={"transitions": links})
    channels = (*CHANNELS, "transitions")
    generator, k = np.random.default_rng(3), len(channels)
    model = FirstStage("v", channels, np.zeros(k), np.ones(k), np.zeros(k), generator.normal(size=3 * k), bias=0.0)
    how = (store, shoppers(), SETTINGS, model, top, exclude_bought, least_cold)
    whole, parts = top_candidates(*how), top_candidates(*how, items_at_once)
    assert parts.start.tolist() == whole.start.tolist()
    assert parts.eligible.tolist() == whole.eligible.tolist()
    np.testing.assert_allclose(parts.score, whole.score, rtol=1e-6)
    np.testing.assert_allclose(parts.channel_scores, whole.channel_scores, rtol=1e-6)
    positives = {"ann": np.array([0, 3])}
    drawn = (store, shoppers(), SETTINGS, channels, positives, 2, 1)
    np.testing.assert_allclose(
        sample_for_training(*drawn, items_at_once).scores, sample_for_training(*drawn).scores, rtol=1e-6
    )


def test_a_channel_that_needs_all_items_is_refused_in_parts() -> None:
    model = replace(only_als(), channels=("transitions_to_like_texts",))
    with pytest.raises(ValueError, match="transitions_to_like_texts cannot be scored in parts"):
        top_candidates(catalogue(), shoppers(), SETTINGS, model, 2, exclude_bought=False, items_at_once=2)
