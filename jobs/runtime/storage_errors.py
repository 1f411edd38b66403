"""Errors of storage and disks in one line with their remedy, whichever library or process raised them."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from jobs.runtime.errors import ConfigurationError, LongtailError

_AGAIN = "The last night stays live; run it again when the store answers."
_PLACE = re.compile(
    r"\b(?:s3a?|gs|hdfs|abfss?)://[A-Za-z0-9._-]+(?:@[A-Za-z0-9-]+\.dfs\.[a-z.]+)?(?::\d+)?(?=[/\s'\"`:;,)]|$)"
)
_KEY = re.compile(r"Writing Object on ([^\s:]+):")  # S3A names an object that it writes without its bucket
# Of Java's packages, so that a broker or a server that does not answer is not taken for the storage.
_OF_STORAGE = re.compile(r"software\.amazon\.awssdk|org\.apache\.hadoop|com\.google\.cloud\.hadoop|fs\.azurebfs")


@dataclass(frozen=True)
class _Known:
    """pattern: of the names of Java's classes, or of the store's error codes; place: put before `is`"""

    pattern: re.Pattern[str]
    problem: str
    remedy: str
    kind: type[LongtailError] = LongtailError


_FULL = _Known(
    re.compile(r"No space left on device|DiskErrorException|QuotaExceededException|could only be written to 0 of"),
    "A disk is full",
    "Free space in the folders of spark.local.dir (SPARK_LOCAL_DIRS on workers), in the temporary folder that TMPDIR "
    "names, and in the warehouse, then run it again; the last night stays live.",
)
_KNOWN = (
    _Known(
        re.compile(r"UnknownStoreException|NoSuchBucket|bucket does not exist", re.IGNORECASE),
        "{place} does not exist",
        "Create it, or correct the address in the configuration.",
        ConfigurationError,
    ),
    _Known(
        re.compile(r"No FileSystem for scheme|ClassNotFoundException: Class org\.apache\.hadoop\.fs\.\S+ not found"),
        "Spark cannot read {place}, because the library of its scheme is missing",
        "Add it to spark.jars.packages, as conf/spark-cluster.conf does.",
        ConfigurationError,
    ),
    _Known(
        re.compile(
            r"NoAuthWithAWSException|NoAwsCredentialsException|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|"
            r"InvalidToken|Unable to load credentials|Status Code: 40[13]|AccessDenied|AccessControlException|"
            r"AuthorizationPermissionMismatch|invalid_grant"
        ),
        "{place} refuses the credentials, or they do not allow this",
        "Set them where Spark's storage reads them (such as spark.hadoop.fs.s3a.* or a role of the host), and allow "
        "reading, writing, listing and deleting.",
        ConfigurationError,
    ),
    _Known(
        re.compile(
            r"AWSServiceThrottledException|SlowDown|Reduce your request rate|TooManyRequests|Status Code: (429|503)"
        ),
        "{place} throttles requests",
        f"{_AGAIN} If it persists, spread the load or raise the limit of the store.",
    ),
    _Known(re.compile(r"SafeModeException"), "{place} is in safe mode and takes no writes", _AGAIN),
    _Known(
        re.compile(
            r"ConnectException|UnknownHostException|NoRouteToHostException|SocketTimeoutException|ConnectTimeoutException|"
            r"ApiCallTimeoutException|ApiCallAttemptTimeoutException|HttpHostConnectException|AWSApiCallTimeoutException|"
            r"Unable to execute HTTP request|Connection (reset|refused)|NoHttpResponseException|Acquire operation took|"
            r"AWSStatus500Exception|Status Code: 5\d\d"
        ),
        "{place} does not answer, or not in time",
        f"Check its address and the network. {_AGAIN}",
    ),
)


def storage_problem(error: BaseException) -> LongtailError | None:
    """What an error of storage or of a disk means; None for any other error.

    Messages of the store are left out, since they may hold keys.
    """
    if isinstance(error, LongtailError):
        return None
    full = next((cause for cause in _causes(error) if isinstance(cause, OSError) and cause.errno == errno.ENOSPC), None)
    if full is not None:
        where = f"The disk of {full.filename} is full." if full.filename else f"{_FULL.problem}."
        return LongtailError(where, _FULL.remedy)
    text = "\n".join(_texts(error))
    if _FULL.pattern.search(text):
        return LongtailError(f"{_FULL.problem}.", _FULL.remedy)
    if not _OF_STORAGE.search(text):
        return None
    place = _place(text)
    for known in _KNOWN:
        if known.pattern.search(text):
            return known.kind(f"{known.problem.format(place=place)}.", known.remedy)
    return None


def _place(text: str) -> str:
    named, key = _PLACE.search(text), _KEY.search(text)
    if named:
        return named[0]
    return f"The storage of {key[1]}" if key else "The storage"


@contextmanager
def storage_errors_in_words() -> Iterator[None]:
    """Raises an error of storage or of a disk as the LongtailError that explains it."""
    try:
        yield
    except Exception as error:
        problem = storage_problem(error)
        if problem is None:
            raise
        raise problem from error


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    seen = set[int]()
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def _texts(error: BaseException) -> Iterator[str]:
    """Classes, messages and stack traces of Java, which name the errors of executors as well."""
    for cause in _causes(error):
        yield f"{cause}\n{getattr(cause, '_stackTrace', None)}"
        origin = getattr(cause, "_origin", None)  # PySpark hides Java's error behind its own
        java = getattr(cause, "java_exception", origin)
        yield from _java_texts(java)


def _java_texts(java: object) -> Iterator[str]:
    while java is not None and hasattr(java, "getClass"):
        try:
            yield str(java.toString())  # type: ignore[attr-defined]
            java = java.getCause()  # type: ignore[attr-defined]
        except Exception:  # Java has ended, so that its error has no more to say
            return
