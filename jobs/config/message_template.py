"""Templates of messages: a file of the user's with {{field}} where a part of the message goes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jobs.runtime.storage import has_scheme

# Parts of a night's summary, each some lines, the first of which is its heading.
PARTS = ("tail", "delivered", "rules", "alerts", "changes")
FIELDS = ("title", "text", *PARTS, "page", "night", "run")
_FIELD = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


@dataclass(frozen=True)
class MessageTemplate:
    """text: with {{field}}; is_json: whether the values stand within JSON texts, where they are escaped"""

    text: str
    is_json: bool

    def filled(self, values: Mapping[str, str]) -> str:
        """The text with a value in place of every field."""
        return _FIELD.sub(lambda found: self._written(values[found[1]]), self.text)

    def _written(self, value: str) -> str:
        return json.dumps(value, ensure_ascii=False)[1:-1] if self.is_json else value


def read_template(place: str) -> MessageTemplate:
    """The template in a local file; one whose name ends in .json has to be JSON, any other is plain text.

    Raises ValueError that names the file and what is wrong with it.
    """
    if has_scheme(place):  # commands that start no Spark read the configuration, too
        raise ValueError(f"the template {place} is a URI; name a file on the driver's own host")
    try:
        text = Path(place).read_bytes().decode("utf-8")
    except OSError as error:
        raise ValueError(f"the template {place} cannot be read ({error.strerror}); name an existing file") from None
    except UnicodeDecodeError:
        raise ValueError(f"the template {place} is not text in UTF-8; save it as UTF-8") from None
    template = MessageTemplate(text, place.endswith(".json"))
    unknown = [name for name in _FIELD.findall(text) if name not in FIELDS]
    if unknown:
        raise ValueError(
            f"the template {place} names the field {unknown[0]!r}, which is none of {', '.join(FIELDS)}; correct it"
        )
    if "{{" in _FIELD.sub("", text):
        raise ValueError(f"the template {place} has a {{{{ that begins no field; write fields as {{{{title}}}}")
    if template.is_json:
        _check_json(template, place)
    return template


def _check_json(template: MessageTemplate, place: str) -> None:
    try:
        json.loads(template.filled(dict.fromkeys(FIELDS, "")))
    except ValueError as error:
        raise ValueError(
            f'the template {place} is not JSON ({error}); write each field within quotes, as in "{{{{text}}}}"'
        ) from None
