"""Files of the configuration: an error names the file, the key and a remedy."""

from pathlib import Path

import pytest

from jobs.config.configuration import load_config
from jobs.runtime.errors import WRONG_USAGE, ConfigurationError
from jobs.runtime.redaction import redacted
from jobs.runtime.storage import LocalStorage
from model.retrieval.signal_channels import SIGNAL_CHANNELS

ROOT = Path(__file__).resolve().parents[3]
SOURCE = "source: {kind: complete_journey}\n"


def error_of(tmp_path: Path, text: str) -> ConfigurationError:
    path = tmp_path / "store.yaml"
    path.write_text(text if text.startswith(("source", "- ")) else SOURCE + text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_config(path)
    return caught.value


@pytest.mark.parametrize("name", ["local.yaml", "cluster.yaml"])
def test_the_packaged_files_are_valid(name: str) -> None:
    assert load_config(ROOT / "conf" / name).plan.slots == 10


@pytest.mark.parametrize(
    ("target", "meaning"),
    [
        ("purchase", "a purchase within 28 days"), ("cart", "an addition to the cart within 28 days"),
        ("click", "a click within 28 days"), ("view", "a view within 28 days"),
    ],
)  # fmt: skip
def test_relevance_is_the_chance_of_its_target(target: str, meaning: str) -> None:
    conf = load_config(ROOT / "conf/local.yaml", [f"relevance.target={target}"])
    assert conf.relevance.meaning == meaning
    per_exposure = load_config(ROOT / "conf/local.yaml", [f"relevance.target={target}", "relevance.per=exposure"])
    assert per_exposure.relevance.meaning == meaning.replace("28 days", "7 days of an exposure")


VALUES = "relevance.values={purchase: 1, cart: 0.2, click: 0.02}"


def test_values_are_of_the_target_and_others() -> None:
    conf = load_config(ROOT / "conf/local.yaml", [VALUES])
    assert conf.relevance.values == {"purchase": 1.0, "cart": 0.2, "click": 0.02}
    assert conf.relevance.others == ("cart", "click")
    assert load_config(ROOT / "conf/local.yaml").relevance.others == ()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (["relevance.values={cart: 1, click: 1}"], "has to name purchase (target) and at least one other"),
        (["relevance.values={purchase: 1}"], "has to name purchase (target) and at least one other"),
        (["relevance.values={purchase: 1, cart: 0}"], "relevance.values.cart is wrong"),
        (["relevance.values={purchase: 1, review: 1}"], "it should be 'purchase', 'cart', 'click' or 'view'"),
        ([VALUES, "relevance.per=exposure"], "set per to horizon, or values to null"),
        ([VALUES, "plan.objective=uplift", "uplift.alternatives=20"], "the effect on one response"),
    ],
)
def test_values_that_a_night_cannot_plan_by_are_refused(changes: list[str], problem: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        load_config(ROOT / "conf/local.yaml", changes)
    assert problem in str(refusal.value)


def test_groups_of_shoppers_are_by_attributes_that_the_files_give() -> None:
    conf = load_config(ROOT / "conf/cluster.yaml", ["report.shopper_attributes=[country]"])
    assert conf.source.user_attributes == ("country", "loyalty")
    with pytest.raises(ConfigurationError, match="has age, which the source does not give of users; choose from coun"):
        load_config(ROOT / "conf/cluster.yaml", ["report.shopper_attributes=[age]"])
    with pytest.raises(ConfigurationError, match="has age, which the source does not give of users; map attributes"):
        load_config(ROOT / "conf/gift_shop.yaml", ["report.shopper_attributes=[age]"])


def test_a_file_overrides_single_keys_of_a_section(tmp_path: Path) -> None:
    path = tmp_path / "store.yaml"
    path.write_text(f"{SOURCE}fusion: {{width: 32}}\n", encoding="utf-8")
    conf = load_config(path)
    assert (conf.fusion.width, conf.fusion.layers) == (32, 2)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("plan: {slotz: 3}", "plan.slotz is not a key"),
        ("seed: many", "seed is wrong"),
        ("sequences: {channels: [transitionz]}", "transitionz is none of next_item"),
        ("signals: {channels: [viewd]}", "viewd is none of auto, for all of them, viewed, carted"),
        ("signals: {channels: some}", "signals.channels is wrong: it should be auto, or a list of channels"),
        ("signals: {weights: {click: 0.1}}", "click is none of view, cart, favourite, negative"),
        ("signals: {weights: {view: 2}}", "The weight of view is 2; it has to be from 0 to 1. Correct"),
        ("signals: {weights: {return: yes}}", "return is none of view"),
        ("signals: {weights: {cart: yes}}", "the weight of cart should be a number"),
        ("signals: {weights: some}", "it should be learnt, or weights such as {cart: 0.3}"),
        ("plan: {slots: 0}", "plan.slots is wrong"),
        ("plan: {slots: 3}", "position_weights has 10 numbers, slots is 3"),
        ("plan: {floors: {new: {column: segment, share: 0.1}}}", "needs one of equals"),
        ("source: {kind: spreadsheet}", "source.kind is wrong"),
        (
            "source: {currency: EUR}",
            "source.kind is missing. Set it to files for your own tables, or to complete_journey",
        ),
        (
            "relevance: {target: view}\nplan: {stock: {column: stock_units}}",
            "plan.stock bounds purchases, but relevance.target is view, which takes nothing out of stock; set "
            "plan.stock.column to null",
        ),
        (
            "plan: {floors: {gems: {column: potential_gap, at_least: 0.1, share: 0.1}}}",
            "plan names potential_gap, which needs potential.shoppers; set it to 100, for example",
        ),
        (
            "experiment: {name: autumn, starts_on: 2024-01-01, arms: {usual: {share: 0.5, plan: {}}, "
            "bold: {share: 0.5, plan: {caps: {x: {column: audience_count, at_least: 9, share: 0.1}}}}}}",
            "plan names audience_count, which needs potential.shoppers",
        ),
        (
            "report: {shopper_attributes: [tribe]}",
            "report.shopper_attributes has tribe, which the source does not give of users; choose from age, income",
        ),
        ("- a list", "is not a mapping"),
        ("seed: true", "seed is wrong: it should be a number, not true"),
        ("encoder: 5", "encoder is a section with keys of its own, not a value"),
        ("warehouse: ''", "warehouse is empty"),
        ("plan: {segments: []}", "plan.segments is empty"),
        ("features: {time_zone: Berlin}", "features.time_zone is wrong: it is not a time zone; write it as Europe"),
        ("plan: {floors: {new: {column: segment, equals: cold}}}", "plan.floors.new.share is missing"),
        (
            "quality: {bars: {drifts: {most: 1, action: stop}}}",
            "quality.bars.drifts is wrong: it should be 'null_share'",
        ),
        ("seed: 1\nplan: {slots: 10}\nseed: 2\n", "the key seed is repeated in line 4"),
        ("plan: {slots: [", "is not valid YAML in line"),
    ],
)
def test_a_wrong_key_is_named_with_the_file_and_a_remedy(tmp_path: Path, text: str, problem: str) -> None:
    error = error_of(tmp_path, text)
    assert problem in str(error)
    assert "store.yaml" in str(error)
    assert error.remedy
    assert error.exit_code == WRONG_USAGE


def test_an_address_in_place_of_its_variable_is_refused_and_hidden(tmp_path: Path) -> None:
    address = "default:hunter22@cache.example:6379"
    error = error_of(tmp_path, f"online: {{store: redis, redis_url_variable: '{address}'}}\n")
    assert "online.redis_url_variable is wrong: it should be the name of an environment variable" in str(error)
    assert "hunter22" not in str(error)
    assert redacted(f"input_value='{address}'") == "input_value='***'"  # as the log of a run has it


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "store.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match=r"store\.yaml: is not text in UTF-8"):
        load_config(tmp_path / "store.yaml")


@pytest.mark.parametrize("change", ["plan.slots", "=3", "plan..slots=3", "plan.slots=["])
def test_a_change_that_is_not_key_and_value_is_refused(change: str) -> None:
    with pytest.raises(ConfigurationError, match="is not key=value"):
        load_config(ROOT / "conf" / "local.yaml", [change])


def test_a_number_without_a_point_is_a_number(tmp_path: Path) -> None:
    path = tmp_path / "store.yaml"
    path.write_text(f"{SOURCE}fusion: {{learning_rate: 1e-4}}\n", encoding="utf-8")
    assert load_config(path).fusion.learning_rate == 1e-4


def test_auto_is_every_channel_of_signals() -> None:
    conf = load_config(ROOT / "conf" / "local.yaml", ["signals.weights={cart: 1, view: 0.1}"])
    assert conf.signals.channels == tuple(SIGNAL_CHANNELS)
    assert conf.signals.weights == {"cart": 1.0, "view": 0.1}
    assert load_config(ROOT / "conf" / "local.yaml", ["signals.channels=[]"]).signals.channels == ()
    assert load_config(ROOT / "conf" / "local.yaml", ["signals.weights=learnt"]).signals.weights == "learnt"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.yaml: cannot be read"):
        load_config(tmp_path / "nowhere.yaml")


def test_a_configuration_may_lie_at_a_uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "store.yaml").write_text(f"{SOURCE}seed: 3\n", encoding="utf-8")
    places = {"s3a://bucket/conf": LocalStorage(tmp_path), f"file:{tmp_path}": LocalStorage(tmp_path)}
    monkeypatch.setattr("jobs.runtime.place.storage_of", places.__getitem__)
    assert load_config("s3a://bucket/conf/store.yaml").seed == 3
    assert load_config(f"file:{tmp_path}/store.yaml").seed == 3
    with pytest.raises(ConfigurationError, match=r"s3a://bucket/conf/other\.yaml: cannot be read \(No such file"):
        load_config("s3a://bucket/conf/other.yaml")


def test_the_hash_depends_on_values_but_not_on_the_path_of_the_warehouse(tmp_path: Path) -> None:
    def hash_of(text: str) -> str:
        path = tmp_path / "store.yaml"
        path.write_text(SOURCE + text, encoding="utf-8")
        return load_config(path).hash

    assert hash_of("warehouse: here") == hash_of("warehouse: there")
    assert hash_of("summary: {shoppers: 3}") == hash_of("warehouse: here")  # what is printed changes no result
    assert hash_of("desk: {rows: 20}") == hash_of("warehouse: here")  # nor does what a page shows
    chat = "alerts: {summary_to: {chat: {format: slack, url_variable: CHAT_URL}}}"
    assert hash_of(chat) == hash_of("warehouse: here")  # nor who gets the summary
    assert hash_of("alerts: {attempts: 2}") != hash_of("warehouse: here")
    assert hash_of("seed: 1") != hash_of("seed: 2")
