"""Feast's registry in an object of S3, for writers; readers use Feast's own class."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)
from feast.infra.registry.registry import REGISTRY_SCHEMA_VERSION
from feast.infra.registry.s3 import S3RegistryStore
from feast.protos.feast.core.Registry_pb2 import Registry
from feast.repo_config import RegistryConfig

from jobs.runtime.errors import LongtailError

_NO_BUCKET = ("NoSuchBucket", "404")
_REFUSED = (
    "403", "AccessDenied", "ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch",
)  # fmt: skip
_WITHOUT_CREDENTIALS = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, ProfileNotFound)
_LIMITS = Config(connect_timeout=10, read_timeout=30)  # seconds, of each attempt; boto3 waits a minute for both
_CREDENTIALS = "Correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the profile or the role that boto3 finds."


class CheckedS3RegistryStore(S3RegistryStore):
    """Feast's S3 store, which takes only a missing object for a missing registry.

    Feast's own takes every failed read for it, and then replaces the registry by an empty one. Raises LongtailError
    with the remedy; messages name the object and the failure, never a key.
    """

    def __init__(self, registry_config: RegistryConfig, repo_path: Path) -> None:
        with self._failures("opened"):
            super().__init__(registry_config, repo_path)
            self.s3_client = boto3.resource("s3", endpoint_url=os.environ.get("FEAST_S3_ENDPOINT_URL"), config=_LIMITS)

    def get_registry_proto(self) -> Registry:
        """The registry; an empty one where there is none."""
        registry = Registry(registry_schema_version=REGISTRY_SCHEMA_VERSION)
        with self._failures("read"):
            try:
                answer = self.s3_client.meta.client.get_object(Bucket=self._bucket, Key=self._key)
            except ClientError as error:
                if _code(error) == "NoSuchKey":
                    return registry
                raise
            registry.ParseFromString(answer["Body"].read())
        return registry

    def update_registry_proto(self, registry_proto: Registry) -> None:
        """Replaces the registry by one PUT."""
        with self._failures("written"):
            super().update_registry_proto(registry_proto)

    @contextmanager
    def _failures(self, action: str) -> Iterator[None]:
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            problem, remedy = self._explained(error)
            raise LongtailError(f"The registry {self._uri.geturl()} cannot be {action}: {problem}.", remedy) from error

    def _explained(self, error: Exception) -> tuple[str, str]:
        if isinstance(error, ClientError):
            code = _code(error)
            if code in _NO_BUCKET:
                return f"there is no bucket {self._bucket}", "Create it, or correct online.registry or warehouse."
            if code in _REFUSED:
                return f"S3 refuses the credentials or their rights ({code})", _CREDENTIALS
            return f"S3 answers {code}", "Run it again when S3 serves."
        name = type(error).__name__
        if isinstance(error, _WITHOUT_CREDENTIALS):
            return f"boto3 finds no complete credentials ({name})", _CREDENTIALS
        return f"S3 does not answer ({name})", "Check its address in AWS_ENDPOINT_URL_S3 and the network."


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "an error without a code"))
