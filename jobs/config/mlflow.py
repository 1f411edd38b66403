"""The section `mlflow` of the configuration: tracking and registry."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from jobs.config.section import Section


def _without_password(uri: str | None) -> str | None:
    """Rejects an address that holds a password: the configuration and the address are logged."""
    if uri is not None and uri.startswith(("http:", "https:")) and "@" in urlsplit(uri).netloc:
        raise ValueError(
            "it holds a user or a password; set the environment variables MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD in its place"
        )
    return uri


class MLflow(Section):
    tracking_uri: Annotated[str | None, AfterValidator(_without_password)]
    registered_model: str
    experiment: str
