"""Errors of storage and of disks are one line with a remedy, without what a store says about keys."""

from __future__ import annotations

import pytest

from jobs.runtime.errors import FAILED, WRONG_USAGE, LongtailError
from jobs.runtime.storage_errors import storage_errors_in_words, storage_problem

S3 = "software.amazon.awssdk.services.s3.model.S3Exception"
AT_S3 = "\tat org.apache.hadoop.fs.s3a.S3AUtils.translateException(S3AUtils.java:266)"


class _Java:
    """A Java error with its cause."""

    def __init__(self, text: str, cause: _Java | None = None) -> None:
        self._text, self._cause = text, cause

    def getClass(self) -> None: ...  # noqa: N802

    def toString(self) -> str:  # noqa: N802
        return self._text

    def getCause(self) -> _Java | None:  # noqa: N802
        return self._cause


class _Py4JError(Exception):
    def __init__(self, java: _Java) -> None:
        super().__init__("An error occurred while calling o12.open.")
        self.java_exception = java


@pytest.mark.parametrize(
    ("text", "problem", "code"),
    [
        (
            "org.apache.hadoop.fs.s3a.UnknownStoreException: `s3a://longtail-nihgt/lock/writer': getFileStatus on "
            f"s3a://longtail-nihgt/lock/writer: {S3}: The specified bucket does not exist (Service: S3",
            "s3a://longtail-nihgt does not exist.",
            WRONG_USAGE,
        ),
        (
            f"java.nio.file.AccessDeniedException: s3a://b/night: {S3}: The Access Key Id you provided does not exist "
            f"(Service: S3, Status Code: 403, Extended Request ID: AKIASECRET)\n{AT_S3}",
            "s3a://b refuses the credentials, or they do not allow this.",
            WRONG_USAGE,
        ),
        (
            "org.apache.hadoop.fs.s3a.auth.NoAuthWithAWSException: No AWS Credentials provided by SimpleAWSCredentials",
            "The storage refuses the credentials, or they do not allow this.",
            WRONG_USAGE,
        ),
        (
            f"org.apache.hadoop.fs.s3a.AWSServiceThrottledException: s3a://b/events/_delta_log/7.json: {S3}: SlowDown",
            "s3a://b throttles requests.",
            FAILED,
        ),
        (
            "org.apache.hadoop.fs.s3a.AWSServiceThrottledException: Writing Object on shop/events/_delta_log/7.json: "
            f"{S3}: Please reduce your request rate.",
            "The storage of shop/events/_delta_log/7.json throttles requests.",
            FAILED,
        ),
        (
            f"org.apache.hadoop.fs.s3a.AWSApiCallTimeoutException: s3a://b/x: {S3}: Client execution did not complete",
            "s3a://b does not answer, or not in time.",
            FAILED,
        ),
        (
            "java.net.ConnectException: Call From host/127.0.0.1 to localhost:19000 failed on connection exception: "
            "java.net.ConnectException: Connection refused; \n\tat org.apache.hadoop.net.NetUtils.wrapException",
            "The storage does not answer, or not in time.",
            FAILED,
        ),
        (
            "org.apache.hadoop.hdfs.server.namenode.SafeModeException: Cannot create file. Name node is in safe mode.",
            "The storage is in safe mode and takes no writes.",
            FAILED,
        ),
        (
            'org.apache.hadoop.fs.UnsupportedFileSystemException: No FileSystem for scheme "s3a" of s3a://b/night',
            "Spark cannot read s3a://b, because the library of its scheme is missing.",
            WRONG_USAGE,
        ),
        (
            "org.apache.spark.SparkException: Job aborted due to stage failure: Lost task 1.0 (executor 2): "
            "java.io.IOException: No space left on device\n\tat java.base/java.io.FileOutputStream.write",
            "A disk is full.",
            FAILED,
        ),
    ],
)
def test_each_has_its_line(text: str, problem: str, code: int) -> None:
    for error in (RuntimeError(text), _Py4JError(_Java("org.apache.spark.SparkException: Aborted.", _Java(text)))):
        known = storage_problem(error)
        assert known is not None
        assert (known.problem, known.exit_code) == (problem, code)
        assert "AKIASECRET" not in str(known)
        assert "\n" not in str(known)


def test_a_full_disk_of_the_driver_is_named() -> None:
    error = OSError(28, "No space left on device", "/tmp/longtail-scratch-7/model")
    known = storage_problem(error)
    assert known is not None
    assert known.problem == "The disk of /tmp/longtail-scratch-7/model is full."
    assert "spark.local.dir" in known.remedy
    wrapped = RuntimeError("the writer failed")
    wrapped.__cause__ = OSError(28, "No space left on device")
    assert str(storage_problem(wrapped)).startswith("A disk is full.")


@pytest.mark.parametrize(
    "error",
    [
        KeyError("brand"),
        RuntimeError("org.apache.kafka.common.errors.TimeoutException: java.net.ConnectException: Connection refused"),
        ConnectionError("redis does not answer: Connection refused"),
        LongtailError("The store says SlowDown.", "Wait. org.apache.hadoop"),
    ],
)
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    assert storage_problem(error) is None
    with pytest.raises(type(error)) as caught, storage_errors_in_words():
        raise error
    assert caught.value is error


def test_the_cause_is_kept_for_the_log() -> None:
    error = OSError(28, "No space left on device", "x")
    with pytest.raises(LongtailError, match="The disk of x is full") as caught, storage_errors_in_words():
        raise error
    assert caught.value.__cause__ is error
