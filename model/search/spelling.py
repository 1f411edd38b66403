"""Words of queries that no title has: the likely word of a title, or two of them written as one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from model.search.queries import Term

LEAST_LETTERS = 4  # shorter words have too many neighbours
LEAST_TEXTS = 2  # with the word, to be what was meant
LEAST_OF_PARTS = 20  # texts with each of two words that are written as one
_SHORT = 7  # letters below which one error is corrected, otherwise two


class Spelling:
    """Corrects a word by the most frequent one of the fewest errors, as Damerau (1964) counts them."""

    def __init__(self, frequency: Mapping[str, int]) -> None:
        """frequency: texts of the catalogue with each word"""
        self._frequency = dict(frequency)
        self._by_gram: dict[str, list[str]] = defaultdict(list)
        for word, count in sorted(self._frequency.items()):
            if count >= LEAST_TEXTS and len(word) >= LEAST_LETTERS - 1 and word.isalpha():
                for gram in _pairs(word):
                    self._by_gram[gram].append(word)
        self._known: dict[str, list[str]] = {}

    def corrected(self, of_query: Sequence[Term]) -> list[Term]:
        """The terms; a word that no text has becomes another word or two, or stays if none is near."""
        corrected: list[Term] = []
        for term in of_query:
            if term.text in self._frequency or len(term.text) < LEAST_LETTERS or not term.text.isalpha():
                corrected.append(term)
                continue
            if term.text not in self._known:
                self._known[term.text] = self._likely(term.text)
            corrected += [Term(word) for word in self._known[term.text]]
        return corrected

    def _likely(self, word: str) -> list[str]:
        """A word with one error, two words of the catalogue, a word with two errors, or the word itself."""
        near = self._nearest(word)
        if near is not None and errors(word, near) == 1:
            return [near]
        return self._split(word) or [near or word]

    def _split(self, word: str) -> list[str]:
        """Two words of the catalogue that make up the word, the pair whose rarer word is the most frequent."""
        pairs = [(word[:place], word[place:]) for place in range(3, len(word) - 2)]
        counts = [min(self._frequency.get(first, 0), self._frequency.get(second, 0)) for first, second in pairs]
        best = max(range(len(pairs)), key=counts.__getitem__, default=None)
        return list(pairs[best]) if best is not None and counts[best] >= LEAST_OF_PARTS else []

    def _nearest(self, word: str) -> str | None:
        most = 1 if len(word) < _SHORT else 2
        own = _pairs(word)
        shared = Counter(other for gram in own for other in self._by_gram.get(gram, ()))
        # An error changes at most three pairs of characters.
        near = [
            other
            for other, count in shared.items()
            if count >= len(own) - 3 * most and abs(len(other) - len(word)) <= most
        ]
        ranked = ((errors(word, other), -self._frequency[other], other) for other in near)
        best = min(ranked, default=None)
        return best[2] if best is not None and best[0] <= most else None


def errors(first: str, second: str) -> int:
    """Letters left out, added, replaced or swapped with their neighbour that make one word the other (Damerau 1964)."""
    before, row = [0] * (len(second) + 1), list(range(len(second) + 1))
    for i, letter in enumerate(first, 1):
        above, row, before_above = row, [i] + [0] * len(second), before
        for j, other in enumerate(second, 1):
            row[j] = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == second[j - 2] and first[i - 2] == other:
                row[j] = min(row[j], before_above[j - 2] + 1)
        before = above
    return row[-1]


def _pairs(word: str) -> set[str]:
    padded = f" {word} "
    return {padded[place : place + 2] for place in range(len(padded) - 1)}
