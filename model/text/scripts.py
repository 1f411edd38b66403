"""Scripts that write words without spaces: each the inside of a character class, for Python's and Java's patterns."""

CHINESE = r"\u3400-\u9fff\uf900-\ufaff"
CHINESE_OR_JAPANESE = rf"\u3040-\u30ff{CHINESE}"
# Thai and Lao, Burmese, and Khmer in addition.
UNSPACED = rf"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff{CHINESE_OR_JAPANESE}"
