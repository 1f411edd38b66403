"""Prints what a ranking service reads online for one shopper or one item, without Spark wherever the warehouse is."""

from __future__ import annotations

from typing import Any

from jobs.config.configuration import Config
from jobs.execution.command import parser, run_without_spark
from jobs.online.store import storefront_client
from jobs.runtime.errors import LongtailError
from jobs.serving.client import (
    ITEM_EXPOSURE_VIEW,
    ITEM_FEATURES_VIEW,
    ITEM_POTENTIAL_VIEW,
    USER_FEATURES_VIEW,
    PublishedNight,
    StorefrontClient,
)


def read_online(conf: Config, user: str | None, item: str | None) -> str:
    """A shopper's list with each item's boost and title and the shopper's features, or all values of an item.

    Raises LongtailError where nothing is published, or the shopper or item is not online.
    """
    client = storefront_client(conf)
    night = client.published()
    if night is None:
        raise LongtailError("Nothing is published yet.", "Run jobs/publish.py or jobs/nightly.py.")
    return _shopper(client, night, user) if user is not None else _item(client, night, str(item))


def _shopper(client: StorefrontClient, night: PublishedNight, user_id: str) -> str:
    shown = client.user_list(user_id)
    if not shown.known:
        raise LongtailError(
            f"The shopper {user_id} has no list in the night of {night.as_of}.", "Use a user_id of exposure_scores."
        )
    rows = client.ranking(user_id, [place.item_id for place in shown.items])
    lines = [f"shopper {user_id}, night of {shown.as_of}, model version {shown.model_version}, run {night.run_id}", ""]
    lines.append(f"{'rank':>4}  {'item':<12} {'score':>9} {'relevance':>9} {'boost':>9} {'prop.':>6}  title | reason")
    for place, row in zip(shown.items, rows, strict=True):
        title = row.get(f"{ITEM_FEATURES_VIEW}__title") or "-"
        lines.append(
            f"{place.rank:>4}  {place.item_id:<12} {place.score:>9.5f} {place.relevance:>9.5f} {place.boost:>9.5f} "
            f"{place.propensity:>6.3f}  {title} | {place.reason}"
        )
    return "\n".join([*lines, "", *_features(rows[0], USER_FEATURES_VIEW)])


def _item(client: StorefrontClient, night: PublishedNight, item_id: str) -> str:
    [row] = client.items([item_id])
    if all(value is None for name, value in row.items() if name != "item_id"):
        raise LongtailError(
            f"The item {item_id} is not online: unknown or not eligible in the night of {night.as_of}.",
            "Use an item_id that is eligible in item_features.",
        )
    head = f"item {item_id}, night of {night.as_of}, run {night.run_id}"
    views = (ITEM_EXPOSURE_VIEW, ITEM_POTENTIAL_VIEW, ITEM_FEATURES_VIEW)
    served = [_features(row, view) for view in views if any(name.startswith(f"{view}__") for name in row)]
    return "\n\n".join([head, *("\n".join(lines) for lines in served)])


def _features(row: dict[str, Any], view: str) -> list[str]:
    prefix = f"{view}__"
    return [
        view,
        *(f"  {name.removeprefix(prefix):<28} {row[name]}" for name in sorted(row) if name.startswith(prefix)),
    ]


def main() -> None:
    """Parses the command line, reads and prints."""
    arguments = parser(__doc__)
    entity = arguments.add_mutually_exclusive_group(required=True)
    entity.add_argument("--user", metavar="USER_ID", help="shopper whose list and features to print")
    entity.add_argument("--item", metavar="ITEM_ID", help="item whose boost and features to print")
    args = arguments.parse_args()
    run_without_spark(
        args.conf,
        read_online.__name__,
        lambda conf, _: print(read_online(conf, args.user, args.item)),
        writes=False,
        opens_warehouse=False,
    )


if __name__ == "__main__":
    main()
