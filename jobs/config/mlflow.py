"""The section `mlflow` of the configuration: tracking and registry."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from jobs.config.section import Section
from jobs.config.variables import expanded
from jobs.runtime.errors import ConfigurationError

_WITH_PASSWORD = (
    "it holds a user or a password; set the environment variables MLFLOW_TRACKING_USERNAME and "
    "MLFLOW_TRACKING_PASSWORD in its place"
)


def _without_password(uri: str | None) -> str | None:
    """Rejects a server's address that holds a password: MLflow repeats it in its errors."""
    if uri is not None and uri.startswith(("http:", "https:")) and "@" in urlsplit(uri).netloc:
        raise ValueError(_WITH_PASSWORD)
    return uri


class MLflow(Section):
    tracking_uri: Annotated[str | None, AfterValidator(_without_password)]
    registered_model: str
    experiment: str

    @property
    def uri(self) -> str | None:
        """tracking_uri with the values of its variables; its password is hidden in logs from now on.

        Raises ConfigurationError where a variable is not set, or the address of a server holds a password.
        """
        if self.tracking_uri is None:
            return None
        try:
            return _without_password(expanded(self.tracking_uri, "mlflow.tracking_uri"))
        except ValueError as error:
            raise ConfigurationError(f"mlflow.tracking_uri is wrong: {error}.", "Correct its variable.") from error
