# Two commands are all a person types: `make run` and `make test`. Each installs what it needs first.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# Bytecode is compiled once, also where this is set: without it every synth recompiles 237 MB of source.
unexport PYTHONDONTWRITEBYTECODE
unexport VIRTUAL_ENV

TOOLS  := build/tools
UV     := $(TOOLS)/bin/uv
PYTHON := .venv/bin/python
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export UV_COMPILE_BYTECODE := 1
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
export CDK_DISABLE_CLI_TELEMETRY := true
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 1

help: ## what there is to type
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# ---- what everything needs -------------------------------------------------------------------------------------
build/.tools: Makefile
	@PY=$$(command -v python3.13 || command -v python3); \
	 $$PY -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null || { \
	   echo "Python 3.13 is needed: pyenv install 3.13, or your system's package python3.13"; exit 1; }; \
	 $$PY -m venv $(TOOLS) && $(TOOLS)/bin/python -m pip install --quiet uv==0.13.9
	@touch $@

build/.python: build/.tools pyproject.toml uv.lock
	@$(UV) sync --frozen --quiet --python $(TOOLS)/bin/python
	@touch $@

build/.emulator: build/.tools pyproject.toml uv.lock
	@UV_PROJECT_ENVIRONMENT=build/emulator $(UV) sync --frozen --quiet --python $(TOOLS)/bin/python --only-group local
	@touch $@

build/.node: build/.python package.json package-lock.json
	@npm ci --no-audit --no-fund --silent
	@touch $@

install: build/.python build/.emulator build/.node ## install everything, and nothing outside this folder

# The web apps' types are made from the documents that the resolvers emit.
build/web/.types: build/.python build/.node $(shell find lambdas -name '*.py')
	@$(PYTHON) -W ignore -m lambdas.openapi build/web > /dev/null
	@for api in member manager; do openapi-typescript build/web/$$api.json --output build/web/$$api.d.ts > /dev/null || exit; done
	@touch $@

build/portal/index.html: build/web/.types $(shell find web/portal web/shared -type f)
	@vite build --config web/portal/vite.config.mts --logLevel warn

build/manager/index.html: build/web/.types $(shell find web/manager web/shared -type f)
	@vite build --config web/manager/vite.config.mts --logLevel warn

browser: ## the system's headless Chromium for the web tests, by Debian's package manager, if there is none
	@command -v chromium-headless-shell chromium google-chrome > /dev/null || { \
	   $$([ "$$(id -u)" = 0 ] || echo sudo) apt-get update -qq -o Acquire::Retries=3 && \
	   $$([ "$$(id -u)" = 0 ] || echo sudo) apt-get install -y -qq -o Acquire::Retries=3 chromium-headless-shell > /dev/null; }

ocr: ## Debian's tesseract for scanned invoices, if there is none
	@command -v tesseract > /dev/null || { \
	   $$([ "$$(id -u)" = 0 ] || echo sudo) apt-get update -qq -o Acquire::Retries=3 && \
	   $$([ "$$(id -u)" = 0 ] || echo sudo) apt-get install -y -qq --no-install-recommends -o Acquire::Retries=3 tesseract-ocr tesseract-ocr-deu > /dev/null; }

SPARK := build/spark/bin/python
spark: build/.tools ## Spark as Glue 5.1 has it, in an environment of its own, with Debian's Java and JDBC driver (some 800 MB)
	@test -e /usr/share/java/postgresql.jar && command -v java > /dev/null || { \
	   $$([ "$$(id -u)" = 0 ] || echo sudo) apt-get update -qq -o Acquire::Retries=3 && \
	   $$([ "$$(id -u)" = 0 ] || echo sudo) apt-get install -y -qq --no-install-recommends -o Acquire::Retries=3 openjdk-17-jre-headless libpostgresql-jdbc-java > /dev/null; }
	@$(SPARK) -c 'import pyspark' 2> /dev/null || { \
	   $(UV) venv --quiet --clear --python $(TOOLS)/bin/python build/spark && \
	   UV_COMPILE_BYTECODE=0 $(UV) pip install --quiet --python $(SPARK) pyspark==3.5.6; }

web: build/portal/index.html build/manager/index.html ## the portal's and the manager app's bundles, into build/

# ---- deliver ---------------------------------------------------------------------------------------------------
preflight: install ## what is still missing before an environment is deployed; reads only: make preflight ENV=prod (ARGS=--policy)
	@$(PYTHON) -W ignore -m delivery.preflight $(or $(ENV),prod) $(ARGS)

gate: install ## what this checkout would lose of what BASE made (origin/main): make gate BASE=v12, or DEPLOYED=1 ENV=prod; ALLOW="stack/Id …"
	@$(PYTHON) -W ignore -m delivery.gate $(if $(DEPLOYED),--deployed,--base $(or $(BASE),origin/main)) --env $(or $(ENV),full) $(if $(ALLOW),--allow $(ALLOW))

diff: install web ## what a deployment would change, by CDK: make diff ENV=prod
	@cdk diff $(if $(CI),--method=template) -c env=$(or $(ENV),prod)

deploy: install web ## deploy an environment: make deploy ENV=prod (after `make preflight`; docs/operations/deploy.md)
	@cdk deploy --all -c env=$(or $(ENV),prod) --require-approval $(if $(CI),never,broadening)

drift: install web ## what stands otherwise than it was deployed: make drift ENV=prod
	@cdk drift --fail -c env=$(or $(ENV),prod)

images: install ## put digests of pushed images into a config: make images ENV=prod IMAGES="orders=…@sha256:… …"
	@$(PYTHON) -m delivery.images $(or $(ENV),prod) $(IMAGES)

# ---- use -------------------------------------------------------------------------------------------------------
run: install web ## deploy the app to a local cloud, keep it running, show the status page (Ctrl-C stops all)
	@$(PYTHON) -m local.run

demo: install web ## a real programme's members and purchases, then journeys, then the proof (QUICK=1: 50 households; STORY=phone, angry-call, what-if, close-the-month)
	@$(PYTHON) -m local.demo$(if $(STORY),.$(subst -,_,$(STORY))) $(if $(QUICK),--quick)

trace: install ## one redemption across API, machine, workers, simulators and journal: make trace ID=…
	@$(PYTHON) -m local.trace "$(ID)"

redeem: install ## one member of the running cloud redeems one product, every request shown (MONEY=1: half with money)
	@$(PYTHON) -m local.redeem $(if $(MONEY),--money) $(if $(SEARCH),--search "$(SEARCH)")

night: install ## a night of the lake now, on the running cloud: into the warehouse, table by table, and its analysis
	@$(PYTHON) -m local.night && $(PYTHON) -m local.insight

plug: install ## pull the running cloud's plug while members redeem, count each redemption to its ending (MEMBERS=50)
	@$(PYTHON) -m local.plug "$(MEMBERS)"

screens: install browser web ## a picture of every page, the portal at both widths and the manager app, into docs/screens/
	@$(PYTHON) -m local.screens

cost: install ## a month's cost of a config, estimated: ENV=prod MEMBERS=100000 SET="active_share=0.3" JSON=1 DOCS=1
	@$(PYTHON) -W ignore -m cost --env $(or $(ENV),prod) $(if $(MEMBERS),--members $(MEMBERS)) $(foreach pair,$(SET),--set $(pair)) $(if $(JSON),--json) $(if $(DOCS),--docs)

token: install ## an access token of one of the local cloud's people: make token EMAIL=ada@members.example
	@$(PYTHON) -m local.token "$(EMAIL)"

clean: ## forget the local cloud's state
	@$(PYTHON) -m local.clean

# ---- prove -----------------------------------------------------------------------------------------------------
test: install web ## all tests, with the time of each folder
	@$(PYTHON) -m pytest -n 2 --dist loadgroup

prove: install ## the same in large: every proof, a table, one line last (about 70 minutes; MINUTES=20 of fuzzing)
	@$(PYTHON) -m proofs

prove-ledger: install ## the ledger's: model, 32 clients, kill -9, seeded bugs (OPS=2000000 KILLS=200 EXAMPLES=10000 ONLY=…)
	@$(PYTHON) -m proofs.ledger

load-model: install ## how much a deployment carries, thousands of members to ten million: a model, docs/load-model.md
	@$(PYTHON) -m load.model

load: install web ## 64 devices of 2,000 members on a cloud of its own, a quarter of an hour (QUICK=1: a few minutes)
	@$(PYTHON) -m load $(if $(QUICK),--quick,&& $(PYTHON) -m load.model > /dev/null)

storm: install ## whole redemptions under every fault, by seed: SEEDS=2000 SEED=1; FAULT=F33 one by name; MUTANTS=1
	@SEEDS="$(SEEDS)" SEED="$(SEED)" FAULT="$(FAULT)" MUTANTS="$(MUTANTS)" $(PYTHON) -W ignore -m tests.faults

check: install web ## lint, types, synth, nag, cfn-lint
	@ruff format --check --quiet . && ruff check --quiet .
	@mypy
	@tsc --project web
	@$(MAKE) --no-print-directory synth
	@cfn-lint --ignore-checks W3005 W3010 -- cdk.out/*.template.json

synth: install web ## the `full` config into cdk.out/, with every rule on
	@$(PYTHON) app.py

# The one step that asks the network about vulnerabilities: nothing of `make check` or `make test` does.
audit: build/.tools ## known vulnerabilities in everything that is locked: Python by OSV, the web by npm
	@for group in api webhooks documents invoices erp reports containers insight local dev; do \
	   $(UV) audit --frozen --preview-features audit --only-group $$group || failed="$$failed $$group"; done; \
	 npm audit --audit-level=moderate || failed="$$failed web"; \
	 test -z "$$failed" || { echo "known vulnerabilities in:$$failed"; exit 1; }

sbom: build/.python ## what is shipped, CycloneDX: a bill for each layer, each image and the web apps, into build/sbom/
	@$(PYTHON) -m stacks.bill_of_materials build/sbom

bench: install web ## ratios, both sides in one run; one JSON line last
	@$(PYTHON) -m bench

bench-web: install browser web ## the portal: Lighthouse, weights, axe; one JSON line last
	@$(PYTHON) -m bench web

bench-ledger: install ## the ledger beside the least PostgreSQL can do (QUICK=1 HISTORY=10000000 SAFETIES=1 PLOT=1: docs)
	@$(PYTHON) -m bench.ledger

bench-invoices: install ocr ## thousands of generated invoices and scans, read and judged; one JSON line last (QUICK=1)
	@$(PYTHON) -m bench.invoices $(if $(QUICK),--quick)

bench-forecast: install ## how well demand is told, beside the field's statistical models; one JSON line last (PANELS=folder ARGS=--quick)
	@$(PYTHON) -W ignore -m bench.forecast $(ARGS)

bench-lake: install ## exports of 10⁶ rows; 10⁵, 10⁶, 10⁷ generated facts in the warehouse on DuckDB; one JSON line last (QUICK=1)
	@$(PYTHON) -m bench.lake $(if $(QUICK),--quick)

bench-outlook: install ## warnings of empty shelves on a generated programme: precision, recall; one JSON line last
	@$(PYTHON) -m bench outlook

bench-recommend: install ## what members buy next, foreseen beside ALS, BPR, item-kNN and counts; one JSON line last (CHOOSE=1)
	@$(PYTHON) -m bench.recommend $(if $(CHOOSE),--choose)

format: install ## write the house style
	@ruff format --quiet . && ruff check --fix --quiet .

.PHONY: help install preflight gate diff deploy drift images browser ocr spark web run demo trace redeem plug screens token clean test prove prove-ledger load storm check synth bench bench-web bench-ledger bench-invoices bench-forecast bench-lake bench-outlook format night bench-recommend audit sbom cost load-model
