# Sets everything up where it is missing, then does what is asked. `make nightly` is the whole product on the default data.

CONF ?= conf/local.yaml
AS_OF ?= 2017-12-01
SPARK_CONF ?= conf/spark-local.conf
PYTHON ?= python3.11
ARGS ?=
BEAUTY ?=
NIGHTS ?= 5

VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
READY := $(VENV)/.ready
JARS := $(VENV)/.jars

export PYSPARK_PYTHON := $(BIN)/python
export PYSPARK_DRIVER_PYTHON := $(BIN)/python
export SPARK_HOME := $(CURDIR)/$(VENV)/lib/python3.11/site-packages/pyspark
export HF_HUB_OFFLINE ?= 1
export TOKENIZERS_PARALLELISM := false

SUBMIT = $(BIN)/spark-submit --properties-file $(SPARK_CONF)

.PHONY: nightly simulate test test-slow benchmark benchmark-panel benchmark-exposure benchmark-score benchmark-second-stage benchmark-publish benchmark-features benchmark-ingest benchmark-policies benchmark-embedding benchmark-text benchmark-beauty benchmark-beauty-text benchmark-stream check format wheel setup java clean help

help:
	@echo "make nightly     the whole night (CONF=$(CONF) AS_OF=$(AS_OF))"
	@echo "make test        the tests, under 15 minutes"
	@echo "make test-slow   tests that take longer"
	@echo "make benchmark   a night, then every benchmark below but simulate, one after the other"
	@echo "make benchmark-panel     what a night's relevance finds of what households of the panel newly buy"
	@echo "make benchmark-exposure  the plan against HiGHS, and at 20 million pairs"
	@echo "make benchmark-score     the first stage against MLlib's lists and bare numpy, and in parts of the items"
	@echo "make benchmark-second-stage  fusion and trees on the CPU and, with a GPU, there"
	@echo "make benchmark-publish   a publish against feast materialize, reads, readers during publishes"
	@echo "make benchmark-features  the point-in-time join against Feast's"
	@echo "make benchmark-ingest    a first and a second night at one and ten times the panel, as a store's files"
	@echo "make benchmark-policies  off-policy intervals, tests looked at daily, tail exposure against true response, shares delivered"
	@echo "make benchmark-embedding the encoder against sentence-transformers, with equal vectors"
	@echo "make benchmark-text      its channels by the frozen and the fine-tuned encoder, on the tables of a night"
	@echo "make benchmark-beauty    Amazon Beauty by the product's two stages; BEAUTY=folder of the data"
	@echo "make benchmark-beauty-text  its text channels by the frozen and the fine-tuned encoder"
	@echo "make benchmark-stream    how soon an event is online at 5,000 a second"
	@echo "make simulate    the whole loop on a simulated storefront, NIGHTS=$(NIGHTS) nights and days from the beginning"
	@echo "make check       lint, types, import rules"
	@echo "make wheel       dist/*.whl, for spark-submit --py-files"
	@echo "make format      rewrites the sources in the project's format"

nightly: setup
	@$(SUBMIT) jobs/nightly.py --conf $(CONF) --as-of $(AS_OF) $(ARGS)

test: setup
	@$(BIN)/python -m pytest -q $(ARGS)

test-slow: setup
	@$(BIN)/python -m pytest -q -m slow $(ARGS)

# One after the other: each takes all cores. Those on Amazon Beauty want BEAUTY=folder of its data.
benchmark: nightly
	@for part in panel text embedding features ingest exposure score second-stage publish stream policies $(if $(BEAUTY),beauty beauty-text); do \
	  echo "== make benchmark-$$part" && $(MAKE) --no-print-directory benchmark-$$part ARGS= || exit 1; done

benchmark-panel: setup
	@PYTHONPATH=$(CURDIR) $(SUBMIT) tests/benchmark/panel.py --conf $(CONF) --as-of $(AS_OF) $(ARGS)

benchmark-exposure: setup
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.benchmark.exposure $(ARGS)

benchmark-score: setup
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.benchmark.score $(ARGS)

benchmark-second-stage: setup
	@$(BIN)/python -m tests.benchmark.second_stage $(ARGS)

benchmark-publish: setup
	@$(BIN)/python -m tests.benchmark.publish $(ARGS)

benchmark-beauty: MODULE = amazon_beauty
benchmark-beauty-text: MODULE = fine_tuning
benchmark-beauty benchmark-beauty-text: setup
	@test -n "$(BEAUTY)" || { echo "Give the folder of the data: make $@ BEAUTY=/path/to/amazon_beauty" >&2; exit 2; }
	@$(BIN)/python -m tests.benchmark.beauty.$(MODULE) $(BEAUTY) $(ARGS)

benchmark-features: setup
	@PYTHONPATH=$(CURDIR) $(SUBMIT) tests/benchmark/feature_store.py --conf $(CONF) $(ARGS)

benchmark-ingest: setup
	@$(BIN)/python -m tests.benchmark.ingest $(ARGS)

benchmark-embedding: setup
	@$(BIN)/python -m tests.benchmark.embedding $(ARGS)

benchmark-text: setup
	@PYTHONPATH=$(CURDIR) $(SUBMIT) tests/benchmark/panel_text.py --conf $(CONF) --as-of $(AS_OF) $(ARGS)

benchmark-policies: setup
	@for part in off_policy ab_test frontier delivery; do \
	  OMP_NUM_THREADS=1 $(BIN)/python -m tests.benchmark.$$part || exit 1; done

benchmark-stream: setup
	@$(BIN)/python -m tests.benchmark.stream $(ARGS)

simulate: setup
	@rm -rf simulated warehouse_simulated
	@$(BIN)/python jobs/replay_storefront.py --begin $(AS_OF)
	@day=$(AS_OF); for night in $$(seq $(NIGHTS)); do \
	  $(SUBMIT) jobs/nightly.py --conf conf/simulated.yaml --as-of $$day $(ARGS) && \
	  $(BIN)/python jobs/replay_storefront.py --day $$day || exit 1; \
	  day=$$(date -u -d "$$day + 1 day" +%F); done; \
	PYTHONPATH=$(CURDIR) $(SUBMIT) tests/benchmark/simulated_delivery.py --conf conf/simulated.yaml --as-of $$day

check: $(READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

wheel: $(READY)
	@$(BIN)/uv build --quiet --wheel --no-build-isolation --python $(BIN)/python

setup: java $(JARS)

java:
	@command -v java >/dev/null 2>&1 || { echo "Java is missing: install JDK 17 (Debian: apt-get install openjdk-17-jdk-headless)." >&2; exit 2; }
	@java -version 2>&1 | grep -Eq 'version "(17|21)[."]' || { echo "Spark 4.2 runs on Java 17 or 21, this is $$(java -version 2>&1 | grep -m1 version): put a JDK 17 first on the PATH or set JAVA_HOME." >&2; exit 2; }

$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "Python 3.11 is missing: install it, or name it with make PYTHON=/path/to/python3.11." >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "$(PYTHON) is $$($(PYTHON) -V), Longtail needs Python 3.11: name one with make PYTHON=/path/to/python3.11." >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check "$$(sed -n 's/^\(uv==[^ ]*\).*/\1/p' requirements.lock)"
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# Resolves Delta's JARs once through Spark's own package mechanism; they stay in its cache.
$(JARS): $(READY) conf/spark-local.conf
	@$(SUBMIT) jobs/runtime/warm_up.py >$(VENV)/jars.log 2>&1 || { tail -n 5 $(VENV)/jars.log >&2; echo "Delta's JARs could not be fetched; see $(VENV)/jars.log, then run make again." >&2; exit 1; }
	@touch $@

clean:
	rm -rf dist build warehouse
