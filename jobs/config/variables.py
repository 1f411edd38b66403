"""Environment variables in values of the configuration: the file and the logs hold their names, never their values."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator

from jobs.runtime.errors import ConfigurationError
from jobs.runtime.redaction import VARIABLE, hide, hide_secrets_of, is_secret_option


def _name_of_variable(name: str) -> str:
    """Rejects an address in place of the variable that holds it, and hides it: errors and logs show the name."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        hide(name)
        raise ValueError("it should be the name of an environment variable, which holds the address or the secret")
    return name


VariableName = Annotated[str, AfterValidator(_name_of_variable)]


def expanded(text: str, key: str) -> str:
    """The text with the value of every variable `${NAME}`; the secrets in it are hidden in logs from now on.

    key: of the configuration, for the error
    Raises ConfigurationError where a variable is not set or empty.
    """

    def value_of(found: re.Match[str]) -> str:
        name = found.group(1)
        value = os.environ.get(name)
        if not value:
            state = "is not set" if value is None else "is empty"
            raise ConfigurationError(
                f"{key} names the environment variable {name}, which {state}.", f"Set {name} before you run the job."
            )
        return value

    result = VARIABLE.sub(value_of, text)
    hide_secrets_of(result)
    return result


def expanded_options(options: Mapping[str, str], key: str) -> dict[str, str]:
    """Options of a reader with the values of their variables; the values of secret options are hidden in logs, too.

    Raises ConfigurationError as `expanded` does.
    """
    values = {name: expanded(value, f"{key}.{name}") for name, value in options.items()}
    for name, value in values.items():
        if is_secret_option(name):
            hide(value)
    return values
