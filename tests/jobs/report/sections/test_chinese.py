"""What sections say in Chinese, from a handful of figures."""

from __future__ import annotations

import pandas as pd

from jobs.language.sentences import speaking
from jobs.report.model_figures import segment_recalls
from jobs.report.rules_in_words import group_in_words
from jobs.report.sections.exposure import exposure
from jobs.report.sections.headline import headline
from jobs.report.sections.run_times import run_times
from tests.jobs.report.sections.test_sections import AS_OF, LAST, WEEK, reading, tiles


def test_headline_figures_and_their_changes() -> None:
    figures = [
        (AS_OF, "coverage_share", "all", 0.25), (LAST, "coverage_share", "all", 0.20),
        (WEEK, "coverage_share", "all", 0.25),
    ]  # fmt: skip
    with speaking("zh"):
        assert tiles(figures) == {
            "覆盖率": ("25%", ["up +5.0 个百分点 较上一批次（12月7日）", "same 持平 较一周前（12月1日）"])
        }
        assert headline(reading(figures[:1])).lead == "这是第一个批次，暂无可比较的数据。"


def test_segments_have_their_names() -> None:
    names = ("exposure_allocated_sum", "coverage_share")
    figures = [(AS_OF, name, segment, 1.0) for name in names for segment in ("tail", "all")]
    with speaking("zh"):
        section = exposure(reading(figures))
        recalls = segment_recalls(
            {"gate_department 家居_challenger": "0.1", "gate_department 家居_reference": "0.05",
             "gate_segment tail_challenger": "0.1", "gate_segment tail_reference": "0.05"}
        )  # fmt: skip
    assert [bar.label for bar in section.blocks[0].bars] == ["长尾占计划曝光"]  # type: ignore[union-attr]
    assert section.lead.startswith("展示位 tail_shelf，策略 main。头部：在 365 天购买中占 80% 的最少一批商品。长尾：")
    assert [recall.label for recall in recalls] == ["部门 家居", "长尾分层"]


def test_a_rule_that_costs() -> None:
    row = {
        "constraint": "cold",
        "member": "segment = cold",
        "price": 0.0013,
        "bound": 51.2,
        "used": 58.4,
        "shortfall": 0.0,
    }
    with speaking("zh"):
        assert group_in_words(row, set(), "购买") == (
            "cold (segment = cold) 获得 58.4 次曝光，保底要求 51.2 次；保底的代价为每 1,000 次曝光 1.30（购买），"
            "合计最多 0.0666（购买）。"
        )


def test_run_times() -> None:
    rows = [(LAST, "score", 10.0, "done", 1), (AS_OF, "score", 125.0, "failed", 2)]
    runs = pd.DataFrame(rows, columns=["as_of", "step", "seconds", "status", "started_at"])
    with speaking("zh"):
        [bars] = run_times(reading([(LAST, "x", "all", 1.0), (AS_OF, "x", "all", 1.0)], runs=runs)).blocks
    assert [(bar.label, bar.text, bar.note) for bar in bars.bars] == [  # type: ignore[union-attr]
        ("score（失败）", "2 分 5 秒", "上一批次 10.0 秒")
    ]
