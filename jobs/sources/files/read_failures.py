"""Files that cannot be read, named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from jobs.runtime.errors import Refused

_FILE = re.compile(r"reading file (.+?)\.(?:\s|$)")
_CAUSE = re.compile(r"Caused by: [\w.$]*?(\w+(?:Exception|Error)): ([^\n]*)")


@contextmanager
def named_read_failures() -> Iterator[None]:
    """Turns Spark's error for a file that it cannot read into Refused, with the file and the innermost cause."""
    try:
        yield
    except (PySparkException, Py4JJavaError) as error:
        text = str(error)
        file = _FILE.search(text)
        if "FAILED_READ_FILE" not in text or file is None:
            raise
        causes = [f"{kind}: {words}" for kind, words in _CAUSE.findall(text) if "FAILED_READ_FILE" not in words]
        cause = f" ({causes[-1].strip()})" if causes else ""
        raise Refused(
            f"The file {file[1]} cannot be read{cause}.",
            "It may be cut off, empty or of another format: deliver it again or remove it. Nothing was written.",
        ) from error
