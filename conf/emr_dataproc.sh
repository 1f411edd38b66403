#!/usr/bin/env bash
# A template that submits one night to a running cluster of Amazon EMR or of Google Dataproc:
#   conf/emr_dataproc.sh emr 2026-12-01
#   conf/emr_dataproc.sh dataproc 2026-12-01
# Set CLUSTER, STORE (as s3://example-bucket/longtail, on Dataproc gs://) and on Dataproc REGION. First upload
# jobs/nightly.py to $STORE/jobs/, the wheel (make wheel) to $STORE/, and your configuration as
# $STORE/conf/cluster.yaml.
# The cluster runs Spark 4.2 with Python 3.11; executors get the Python environment as spark-cluster.conf says. The
# properties are those of spark-cluster.conf, with its lines for S3 on EMR. The driver runs on the cluster's first node,
# in client mode: set LONGTAIL_REDIS_URL and the other variables of the driver (jobs/README.md) in the cluster's
# spark-env.
set -euo pipefail

place=${1:?emr or dataproc} as_of=${2:?the date of the night, as 2026-12-01}
here=$(dirname "$0")
cluster=${CLUSTER:?the id of the EMR cluster, or the name of the Dataproc cluster}
wheel=longtail-0.1.0-py3-none-any.whl

# properties [TAG]: the file's lines as key=value; those commented as '#TAG ' replace the ones with the same key.
properties() {
  awk -v tag="#${1:-none}" '
    $1 == tag { value = $3; for (i = 4; i <= NF; i++) value = value " " $i; seen[$2] = value; next }
    /^spark\./ && !($1 in seen) { value = $2; for (i = 3; i <= NF; i++) value = value " " $i; seen[$1] = value }
    END { for (key in seen) print key "=" seen[key] }' "$here/spark-cluster.conf" | sort
}

case $place in
emr)
  store=${STORE:-s3://example-bucket/longtail}
  arguments=(--deploy-mode client --py-files "$store/$wheel")
  while read -r property; do arguments+=(--conf "$property"); done < <(properties s3)
  # spark-submit's own files by EMR's file system, s3://; Longtail's by Hadoop's, s3a://.
  arguments+=("$store/jobs/nightly.py" --conf "${store/s3:/s3a:}/conf/cluster.yaml" --as-of "$as_of")
  steps=$(python3 -c 'import json, sys; print(json.dumps([{
    "Type": "Spark", "Name": "longtail " + sys.argv[1], "ActionOnFailure": "CONTINUE", "Args": sys.argv[2:]}]))' \
    "$as_of" "${arguments[@]}")
  aws emr add-steps --cluster-id "$cluster" --steps "$steps"
  ;;
dataproc)
  store=${STORE:-gs://example-bucket/longtail}
  # ^|^ makes | the separator, since values hold commas.
  gcloud dataproc jobs submit pyspark "$store/jobs/nightly.py" --cluster "$cluster" --region "${REGION:-europe-west3}" \
    --py-files "$store/$wheel" --properties "^|^$(properties | paste -sd '|')" \
    -- --conf "$store/conf/cluster.yaml" --as-of "$as_of"
  ;;
*)
  echo "$0: '$place' is neither emr nor dataproc" >&2
  exit 2
  ;;
esac
