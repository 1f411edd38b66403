"""What can keep Spark from starting."""

from __future__ import annotations

import pytest

from jobs.runtime.errors import FAILED, LongtailError
from jobs.runtime.session import spark_session, taken_port

TAKEN = (
    "An error occurred while calling None.org.apache.spark.api.java.JavaSparkContext.\n"
    ": java.net.BindException: bind(..) failed with error(-98): Address already in use: Service 'sparkDriver' failed "
    "after 0 retries (starting from 45992)! Consider explicitly setting the appropriate port"
)


def test_a_port_in_use_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert taken_port(TAKEN) == "45992"
    assert taken_port("java.io.IOException: No space left on device (starting from 1)") is None

    def refuse(builder: object) -> None:
        raise RuntimeError(TAKEN)

    monkeypatch.setattr("pyspark.sql.SparkSession.Builder.getOrCreate", refuse)
    with pytest.raises(
        LongtailError, match=r"port 45992 is in use\. End what holds it, or give spark\.driver\.port"
    ) as caught:
        spark_session("monitor")
    assert caught.value.exit_code == FAILED
