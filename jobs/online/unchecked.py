"""Feast without checks of argument types while it runs."""

from __future__ import annotations

from functools import partial
from typing import Any

import typeguard

_typechecked = typeguard.typechecked


def leave_feast_unchecked() -> None:
    """Has typeguard return Feast's classes as they are, if Feast is imported from here on.

    Rewriting them takes more than half of the time of `import feast`, and mypy checks our calls.
    """
    typeguard.typechecked = typechecked_outside_feast


def typechecked_outside_feast(target: Any = None, **options: Any) -> Any:
    """`typeguard.typechecked`, which changes nothing in a module of Feast."""
    if target is None:
        return partial(typechecked_outside_feast, **options)
    return target if target.__module__.startswith("feast.") else _typechecked(target, **options)
