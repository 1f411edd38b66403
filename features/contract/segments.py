"""Names of the segments of items, as `item_features.segment` holds them: the only place that spells them out."""

from typing import Final, Literal, get_args

Segment = Literal["head", "tail", "cold"]
HEAD: Final = "head"  # the best sellers, which hold `segments.head_share` of all purchases
TAIL: Final = "tail"  # sold, but not in the head
COLD: Final = "cold"  # listed without a purchase in the window
NONE: Final = ""  # neither listed nor sold in the window

SEGMENTS: tuple[Segment, ...] = get_args(Segment)
LONG_TAIL: tuple[Segment, ...] = (TAIL, COLD)
