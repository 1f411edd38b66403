"""Real parts on one machine: a standalone Spark cluster, S3 and HDFS servers, Redis, MLflow."""
