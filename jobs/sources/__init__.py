"""Sources: somebody's tables, mapped to the contract."""

from jobs.sources.source import Source, source_of

__all__ = ["Source", "source_of"]
