"""The problem of a night's plan, as arrays on the driver."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from jobs.planning.setting import Setting
from jobs.runtime.errors import LongtailError
from model.exposure.problem import Group, Problem


@dataclass(frozen=True)
class Inputs:
    """The problem with the names of its users and items.

    user_ids: array of strings in the problem's order, sorted; items are in the order of setting.items
    relevance: float64 (pairs); cause: main cause of it, an Arrow dictionary array, empty string where none is told
    """

    setting: Setting
    problem: Problem
    user_ids: np.ndarray
    relevance: np.ndarray
    cause: pa.DictionaryArray

    def only(self, keep: np.ndarray) -> Inputs:
        """The same users and bounds with some of the pairs; keep: bool (pairs), of every user at least one."""
        if keep.all():
            return self
        problem = self.problem
        start = np.concatenate([[0], np.cumsum(keep)])[problem.user_start]
        kept = replace(problem, user_start=start, item_index=problem.item_index[keep], value=problem.value[keep])
        return replace(self, problem=kept, relevance=self.relevance[keep], cause=self.cause.filter(pa.array(keep)))


def inputs_of(setting: Setting, pairs: pa.Table) -> Inputs:
    """The problem of the pairs: user_id, item_id, relevance, cause.

    Raises LongtailError when shoppers have no features.
    """
    user_ids, user = coded(pairs["user_id"])
    names, of_pair = coded(pairs["item_id"])
    item = pd.Index(setting.item_ids).get_indexer(pd.Index(names))[of_pair]
    order = np.lexsort((item, user))
    user, item = user[order], item[order]
    relevance = pairs["relevance"].to_numpy()[order].astype(np.float64)
    problem = problem_of(
        setting,
        visits=visits_of(setting, user_ids),
        user_start=np.searchsorted(user, np.arange(len(user_ids) + 1)),
        item=item,
        value=relevance * setting.factor[item] + setting.addend[item],
    )
    cause = pairs["cause"].combine_chunks().dictionary_encode().take(pa.array(order))
    return Inputs(setting, problem, user_ids, relevance, cause)


def problem_of(
    setting: Setting, visits: np.ndarray, user_start: np.ndarray, item: np.ndarray, value: np.ndarray
) -> Problem:
    """The problem over the given users and pairs, with what the lists that are not personal leave of every bound."""
    plan, bounds, taken = setting.plan, setting.bounds, setting.shared.delivered
    return Problem(
        user_start=user_start,
        item_index=item.astype(np.int32),
        value=value,
        visits=visits,
        position_weights=np.array(plan.position_weights),
        exploration_slots=plan.exploration_slots,
        item_cap=np.maximum(bounds.cap - taken, 0.0),
        item_floor=np.maximum(bounds.floor - taken, 0.0),
        groups=tuple(_left(one.group, taken) for one in setting.groups),
        list_rules=setting.list_rules,
    )


def visits_of(setting: Setting, user_ids: np.ndarray) -> np.ndarray:
    """float64 (user_ids): expected visits. Raises LongtailError for shoppers without features."""
    visits = setting.users.set_index("user_id")["visits"].reindex(user_ids).to_numpy(dtype=np.float64)
    if np.isnan(visits).any():
        raise LongtailError(
            f"{int(np.isnan(visits).sum())} shoppers of relevance have no row in user_features.",
            "Run build_features and score for the night again.",
        )
    return visits


def coded(column: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """The sorted distinct strings of a column and the number of each row's string among them."""
    encoded = column.combine_chunks().dictionary_encode()
    names = encoded.dictionary
    order = pc.sort_indices(names).to_numpy()
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    return names.to_numpy(zero_copy_only=False)[order], number[encoded.indices.to_numpy()]


def _left(group: Group, taken: np.ndarray) -> Group:
    used = float(taken[group.members].sum())
    return replace(group, floor=max(group.floor - used, 0.0), cap=max(group.cap - used, 0.0))
