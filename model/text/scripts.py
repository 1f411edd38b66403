"""Scripts that write words without spaces."""

# Thai, Lao, Burmese, Khmer, Japanese and Chinese: the inside of a character class, for Python's and Java's patterns.
UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
