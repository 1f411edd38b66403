"""The words that reports write in place of an id in a row of totals."""

import re

_TOTALS = (
    "totals?", "sum", "totaux", "totale", "totaal", "total general", "total général", "gesamt(summe)?", "summe",
    "итого", "всего", "合計", "小計", "総計", "总计", "合计", "小计", "합계",
)  # fmt: skip
_BEFORE = ("grand", "sub", "sum", "zwischen", "gesamt", "overall", "sous")

# Without regard to case: TOTAL, Grand Total, sub-total, Summe:
TOTAL = re.compile(rf"(?iu)^(({'|'.join(_BEFORE)})[ _-]?)?({'|'.join(_TOTALS)}) ?:?$")
