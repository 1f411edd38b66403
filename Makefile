# Sets up what is missing, then runs the target. `make nightly` is the complete product on the default data.

CONF ?= $(or $(LONGTAIL_CONF),conf/local.yaml)
AS_OF ?= 2017-12-01
SPARK_CONF ?= conf/spark-local.conf
PYTHON ?= python3.11
ARGS ?=
BEAUTY ?=
HOMEDEPOT ?=
PICTURES ?=
JOB ?=
NIGHTS ?= 10
MONTHS ?= 2017-09-01 2017-10-01
PRODUCTS ?=
REVIEWS ?=

VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
READY := $(VENV)/.ready
JARS := $(VENV)/.jars
CLASSES := $(CURDIR)/$(VENV)/spark.jsa

export PYSPARK_PYTHON := $(BIN)/python
export PYSPARK_DRIVER_PYTHON := $(BIN)/python
export SPARK_HOME := $(CURDIR)/$(VENV)/lib/python3.11/site-packages/pyspark
export HF_HUB_OFFLINE ?= 1
export TOKENIZERS_PARALLELISM := false
# Containers often set it. Then every Python process, workers too, compiles the 3,000 modules of torch and transformers.
unexport PYTHONDONTWRITEBYTECODE
# Classes that a first start of Spark left parsed and verified, for every later Java of spark-submit. Another version of
# Java, or a damaged file, loads them from their JARs; of a file that is missing it would not even read Java's own.
export SPARK_SUBMIT_OPTS ?= $(if $(wildcard $(CLASSES)),"-XX:SharedArchiveFile=$(CLASSES)" -Xlog:cds=off -Xlog:cds+dynamic=off)

SUBMIT = $(BIN)/spark-submit --properties-file $(SPARK_CONF)

.PHONY: nightly job simulate page-picture test test-slow benchmark benchmark-panel benchmark-panel-months benchmark-launches benchmark-exposure benchmark-score benchmark-second-stage benchmark-publish benchmark-features benchmark-ingest benchmark-policies benchmark-embedding benchmark-text benchmark-beauty benchmark-beauty-text benchmark-categories benchmark-reviews benchmark-search benchmark-search-service benchmark-stream benchmark-scale check format wheel lock setup java clean help benchmark-pictures desk search

help:
	@echo "make nightly     set up what is missing, then run one night (CONF=$(CONF) AS_OF=$(AS_OF))"
	@echo "make simulate    $(NIGHTS) nights against a simulated storefront, from the first on (NIGHTS=$(NIGHTS))"
	@echo "make job         one step or another job alone: make job JOB=show ARGS='--user 1'"
	@echo "make desk        pages on nights, products and lists at http://127.0.0.1:8765/ (CONF=$(CONF)); previews of rules alone need Java"
	@echo "make search      answers searches on the live night at http://127.0.0.1:8766/search?q=... (CONF=$(CONF)); needs no Java"
	@echo "make page-picture  the picture of the newest night's page for the README, by Chromium"
	@echo "make test        the tests, under 15 minutes"
	@echo "make test-slow   the slow tests: faults, servers, clusters, browser, streaming"
	@echo "make check       format, lint, types, import rules"
	@echo "make format      format the sources"
	@echo "make wheel       build dist/*.whl, for spark-submit --py-files"
	@echo "make lock        write requirements.lock and requirements-jobs.lock again, with the pins that they have"
	@echo "make clean       delete dist, build and warehouse"
	@echo
	@echo "make benchmark   a night, then every benchmark below, one after the other; with ARGS for one of them alone:"
	@echo "  benchmark-panel         purchases of the next month that a night's relevance finds"
	@echo "  benchmark-panel-months  the same on earlier months, on which no constant was chosen; trains a night for each (MONTHS=$(MONTHS))"
	@echo "  benchmark-launches      order of new items by a night's expected responses against their early sales"
	@echo "  benchmark-text          text channels of the night, frozen against fine-tuned encoder"
	@echo "  benchmark-embedding     the encoder against sentence-transformers, with equal vectors"
	@echo "  benchmark-features      the point-in-time join against Feast's"
	@echo "  benchmark-ingest        first and second night, at one and ten times the panel"
	@echo "  benchmark-exposure      the plan against HiGHS, and at 20 million pairs"
	@echo "  benchmark-score         the first stage against MLlib and plain numpy"
	@echo "  benchmark-second-stage  fusion network and trees, on the CPU and on a GPU if there is one"
	@echo "  benchmark-publish       a publish against feast materialize; reads during publishes"
	@echo "  benchmark-stream        delay from event to online store at 5,000 events a second"
	@echo "  benchmark-scale         every step at 100,000 and 1,000,000 made-up shoppers; not part of benchmark, since it takes many hours"
	@echo "  benchmark-policies      off-policy intervals, sequential tests, the gate, tail exposure, attention, shares delivered, uplift"
	@echo "  benchmark-beauty        Amazon Beauty through both stages (BEAUTY=folder of the data)"
	@echo "  benchmark-search        search: order of graded products and recall (HOMEDEPOT=folder of the data); not part of benchmark"
	@echo "  benchmark-search-service  time of a search over HTTP, on made-up titles; not part of benchmark"
	@echo "  benchmark-reviews       sentiment of Chinese reviews, within kinds of goods and for a new kind (REVIEWS=file of the data); not part of benchmark"
	@echo "  benchmark-beauty-text   its text channels, frozen against fine-tuned encoder (BEAUTY=folder)"
	@echo "  benchmark-categories    predicted categories of products by their names (PRODUCTS=folder); not part of benchmark"
	@echo "  benchmark-pictures      neighbours of clothes by their pictures (PICTURES=folder); not part of benchmark"

# A job that Python runs starts Java itself, and sends Java's output to the log of the run instead of the console.
nightly job simulate desk benchmark-panel-months $(JARS): export PYSPARK_SUBMIT_ARGS = --properties-file $(SPARK_CONF) pyspark-shell
nightly job simulate benchmark-panel-months: export LONGTAIL_LOG ?= short

nightly: setup
	@$(BIN)/python jobs/nightly.py --conf $(CONF) --as-of $(AS_OF) $(ARGS)

job: setup
	@test -f "jobs/$(JOB).py" || { echo "There is no job '$(JOB)'. Name one, as in make job JOB=show ARGS='--user 1':" $(patsubst jobs/%.py,%,$(filter-out jobs/__init__.py,$(wildcard jobs/*.py))) >&2; exit 2; }
	@$(BIN)/python jobs/$(JOB).py --conf $(CONF) $(ARGS)

# On two processes, since a test uses a little more than one core. tests/conftest.py says what stays together. In the
# order of the folders the last ones are short, so that both end together; by default files of one long test come last.
test: setup
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-slow: setup
	@$(BIN)/python -m pytest -q -m slow $(ARGS)

# One after the other, since each uses all cores. Those on Amazon Beauty need BEAUTY=folder of its data.
benchmark: nightly
	@for part in panel launches text embedding features ingest exposure score second-stage publish stream policies $(if $(BEAUTY),beauty beauty-text); do \
	  echo "== make benchmark-$$part" && $(MAKE) --no-print-directory benchmark-$$part ARGS= || exit 1; done

benchmark-panel: setup
	@PYTHONPATH=$(CURDIR) $(SUBMIT) tests/benchmark/panel.py --conf $(CONF) --as-of $(AS_OF) $(ARGS)

benchmark-launches: setup
	@PYTHONPATH=$(CURDIR) $(SUBMIT) tests/benchmark/launches.py --conf $(CONF) --as-of $(AS_OF) $(ARGS)

benchmark-panel-months: setup
	@mkdir -p warehouse_panel
	@for day in $(MONTHS); do \
	  conf=warehouse_panel/$$day.yaml; \
	  printf 'warehouse: warehouse_panel/%s\nsource: {kind: complete_journey}\n' $$day >$$conf && \
	  $(BIN)/python jobs/nightly.py --conf $$conf --as-of $$day --no-publish || exit 1; \
	  for households in all held-out; do \
	    echo "== $$day, households: $$households" && \
	    PYTHONPATH=$(CURDIR) $(SUBMIT) tests/benchmark/panel.py --conf $$conf --as-of $$day --days 30 \
	      --households $$households || exit 1; \
	  done; \
	done

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

benchmark-categories: setup
	@test -n "$(PRODUCTS)" || { echo "Give the folder of the data: make $@ PRODUCTS=/path/to/instacart_products" >&2; exit 2; }
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.benchmark.categories $(PRODUCTS) $(ARGS)

benchmark-search: setup
	@test -n "$(HOMEDEPOT)" || { echo "Give the folder of the data: make $@ HOMEDEPOT=/path/to/homedepot" >&2; exit 2; }
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.benchmark.search $(HOMEDEPOT) $(ARGS)

benchmark-search-service: setup
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.benchmark.search_service $(ARGS)

benchmark-pictures: setup
	@test -n "$(PICTURES)" || { echo "Give the folder of the data: make $@ PICTURES=/path/to/clothing_images" >&2; exit 2; }
	@$(BIN)/python -m tests.benchmark.pictures $(PICTURES) $(ARGS)

benchmark-reviews: setup
	@test -n "$(REVIEWS)" || { echo "Give the file of the data: make $@ REVIEWS=/path/to/reviews.parquet" >&2; exit 2; }
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.benchmark.reviews $(REVIEWS) $(ARGS)

benchmark-features: setup
	@PYTHONPATH=$(CURDIR) $(SUBMIT) tests/benchmark/feature_store.py --conf $(CONF) $(ARGS)

benchmark-ingest: setup
	@$(BIN)/python -m tests.benchmark.ingest $(ARGS)

benchmark-embedding: setup
	@$(BIN)/python -m tests.benchmark.embedding $(ARGS)

benchmark-text: setup
	@PYTHONPATH=$(CURDIR) $(SUBMIT) tests/benchmark/panel_text.py --conf $(CONF) --as-of $(AS_OF) $(ARGS)

benchmark-policies: setup
	@for part in off_policy ab_test gate frontier attention delivery uplift; do \
	  OMP_NUM_THREADS=1 $(BIN)/python -m tests.benchmark.$$part || exit 1; done

benchmark-stream: setup
	@$(BIN)/python -m tests.benchmark.stream $(ARGS)

benchmark-scale: setup
	@$(BIN)/python -m tests.benchmark.scale $(ARGS)

simulate: setup
	@rm -rf simulated warehouse_simulated
	@$(BIN)/python jobs/replay_storefront.py --begin $(AS_OF)
	@day=$(AS_OF); for night in $$(seq $(NIGHTS)); do \
	  $(BIN)/python jobs/nightly.py --conf conf/simulated.yaml --as-of $$day $(ARGS) && \
	  $(BIN)/python jobs/replay_storefront.py --day $$day || exit 1; \
	  day=$$($(BIN)/python -c 'import sys, datetime as d; print(d.date.fromisoformat(sys.argv[1]) + d.timedelta(1))' $$day); done; \
	PYTHONPATH=$(CURDIR) $(SUBMIT) tests/benchmark/simulated_delivery.py --conf conf/simulated.yaml --as-of $$day

desk: $(READY)
	@$(BIN)/python jobs/serve_desk.py --conf $(CONF) $(ARGS)

search: $(READY)
	@$(BIN)/python jobs/serve_search.py --conf $(CONF) $(ARGS)

page-picture: $(READY)
	@$(BIN)/python -m jobs.report.page.picture --conf $(CONF) $(ARGS)

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

# One lock for tests and benchmarks, and of it the part that a night needs: what executors and drivers of a cluster get.
LOCK = $(BIN)/uv pip compile --quiet --no-header --generate-hashes --python $(BIN)/python --python-version 3.11
lock: $(READY)
	@$(LOCK) --extra dev --output-file requirements.lock pyproject.toml
	@$(LOCK) --extra jobs --extra s3 --no-annotate --constraint requirements.lock --output-file requirements-jobs.lock pyproject.toml

setup: java $(JARS)

java:
	@command -v java >/dev/null 2>&1 || { echo "Java is missing: install JDK 17 (Debian: apt-get install openjdk-17-jdk-headless)." >&2; exit 2; }
	@java -version 2>&1 | grep -Eq 'version "(17|21)[."]' || { echo "Spark 4.2 runs on Java 17 or 21, this is $$(java -version 2>&1 | grep -m1 version): put a JDK 17 first on the PATH or set JAVA_HOME." >&2; exit 2; }

$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "Python 3.11 is missing: install it, or name it with make PYTHON=/path/to/python3.11." >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "$(PYTHON) is $$($(PYTHON) -V), Longtail needs Python 3.11: name one with make PYTHON=/path/to/python3.11." >&2; exit 2; }
	@echo "Python environment in $(VENV): about 7 GB the first time, 2 to 5 minutes ..." >&2
	@mkdir -p $(VENV) && date +%s >$(VENV)/.began
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check "$$(sed -n 's/^\(uv==[^ ]*\).*/\1/p' requirements.lock)"
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@echo "  done in $$(($$(date +%s) - $$(cat $(VENV)/.began))) seconds" >&2
	@touch $@

# Resolves Delta's JARs once through Spark's own package mechanism; they stay in its cache. Java writes CLASSES at its end.
$(JARS): $(READY) conf/spark-local.conf
	@echo "Delta's JARs, then a first start of Spark: about 170 MB the first time, 1 minute ..." >&2
	@date +%s >$(VENV)/.began
	@rm -f "$(CLASSES)"
	@SPARK_SUBMIT_OPTS='"-XX:ArchiveClassesAtExit=$(CLASSES)"' $(BIN)/python jobs/runtime/warm_up.py >$(VENV)/jars.log 2>&1 || { tail -n 5 $(VENV)/jars.log >&2; echo "Spark with Delta did not start. See $(VENV)/jars.log; check the network and the Maven settings, then run make again." >&2; exit 1; }
	@echo "  done in $$(($$(date +%s) - $$(cat $(VENV)/.began))) seconds" >&2
	@touch $@

clean:
	rm -rf dist build warehouse
