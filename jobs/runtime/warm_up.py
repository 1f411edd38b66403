"""Starts Spark with Delta once, so that its JARs are cached and a broken set-up fails before the first night."""

from jobs.runtime.session import spark_session

if __name__ == "__main__":
    spark_session("warm-up").range(1).count()
