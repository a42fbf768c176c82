# `make` lists the targets. Everything happens in a virtual environment of the project's own, .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
INSTALL := -m pip install --quiet --disable-pip-version-check --no-build-isolation
LOCKED := --require-hashes --no-deps -r
PIP    := $(BIN)/python $(INSTALL) -c constraints.txt
TOOLS  := $(VENV)/tools
LOCK   := $(TOOLS)/bin/uv pip compile -c constraints.txt --universal --python-version 3.11.5 --generate-hashes --no-annotate \
          --custom-compile-command 'make lock' --quiet
SITE_ENV := $(VENV)/.installed-site
FULL_ENV := $(VENV)/.installed-all
TOOL_ENV := $(TOOLS)/.installed
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYTHONHASHSEED := 0
export PYTHONUTF8 := 1
export NO_MKDOCS_2_WARNING := 1

.DEFAULT_GOAL := help
.PHONY: help serve site test lint fresh repro new rate bench fuzz faults memory mutants screenshots audit links lock sbom vulnerabilities clean

help: ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 22

serve: site ## Build the site from committed results and serve it on a free port
	@$(BIN)/python -m docs serve site

site: $(SITE_ENV) ## Build the site into site/
	@echo "Checking the bibliography and building the site …"
	@$(BIN)/python -m bibliography check
	@$(BIN)/mkdocs build --strict --quiet
	@echo "The site is in site/."

test: $(FULL_ENV) ## Run every check and test: lint, types, tests, freshness, strict build, browser
	@echo "== lint and types" && $(MAKE) --no-print-directory lint
	@echo "== bibliography and site" && $(MAKE) --no-print-directory site
	@echo "== freshness of the pipelines" && $(MAKE) --no-print-directory fresh
	@echo "== tests" && $(BIN)/python -m pytest -n 2

lint: $(FULL_ENV) ## Run what the pre-commit hooks run
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet . && $(BIN)/mypy

fresh: $(FULL_ENV) ## Fail if a committed result is older than its code, data or parameters
	@$(BIN)/dvc repro -P --allow-missing --dry | tee $(VENV)/fresh.log | tail -n 1
	@grep -q "Data and pipelines are up to date." $(VENV)/fresh.log || { cat $(VENV)/fresh.log; \
	  echo "got a stale result; expected all pipelines up to date; run 'dvc repro' in the folder named above and commit results/ and dvc.lock"; exit 1; }

repro: $(FULL_ENV) ## Rerun one replication: make repro NAME=ioi
	@case "$$NAME" in *[!a-z0-9_]*|"") false;; *) test -f "replications/$$NAME/dvc.yaml";; esac || \
	  { echo "got NAME='$$NAME'; expected a folder of replications/, such as NAME=ioi"; exit 2; }
	@cd "replications/$$NAME" && { dvc pull --quiet dvc.yaml || { \
	    echo "An object of store/ is missing, or not what its hash says: taking those that git has from there again." && \
	    git restore "$(CURDIR)/store" && dvc pull --quiet dvc.yaml; } || \
	  echo "Some cached results are not in the store; they are computed now."; } && dvc repro

new: $(FULL_ENV) ## Start a replication: make new NAME=… KEY=…
	@$(BIN)/python -m replications.common.scaffold "$$NAME" "$$KEY"

rate: $(FULL_ENV) ## Rate features and neurons blind: make rate, then make rate RATINGS=ratings.json
	@$(BIN)/python -P -m replications.monosemanticity.rate $(RATINGS)
	@test -z "$(RATINGS)" || { $(BIN)/python -P -m replications.common.judge monosemanticity laptop-rated && dvc repro -q ledger@monosemanticity; }

bench: $(FULL_ENV) ## Measure speed against the peers: make bench, or make bench NAME=site
	@$(BIN)/python -m benchmarks $${NAME:+"$$NAME"}

CASES ?= 10000
fuzz: $(FULL_ENV) ## Feed files of any content to all that reads them: make fuzz CASES=10000 (of each reader)
	@$(PIP) -e '.[fuzz]'
	@$(BIN)/python -m tests.fuzz --cases $(CASES)

faults: $(FULL_ENV) ## Kill every stage up to twenty times, rerun it and compare (an hour): make faults, or make faults NAME=ioi
	@$(BIN)/python -m benchmarks.faults $${NAME:+"$$NAME"}

memory: $(FULL_ENV) ## Run a replication from nothing and measure what all its processes hold: make memory NAME=ioi
	@$(BIN)/python -m benchmarks.memory "$$NAME"

mutants: $(FULL_ENV) ## Change the code in small ways and count the changes that the tests notice (an hour or two)
	@$(BIN)/python -m benchmarks.mutants

screenshots: $(FULL_ENV) site ## Write screenshots of the main pages to screenshots/
	@$(BIN)/python -m tests.browser.screenshots screenshots

audit: $(FULL_ENV) site ## Measure the main pages with Lighthouse (needs Node.js and the npm registry; some minutes)
	@$(BIN)/python -m tests.browser.audit benchmarks/results/lighthouse.json

links: $(SITE_ENV) ## Look whether every link of the reading list is alive; the report goes to links.json
	@$(BIN)/python -m bibliography links --json links.json

lock: $(TOOL_ENV) ## Write locks/: the versions of constraints.txt, each with its hashes
	@$(LOCK) pyproject.toml --extra site --group build -o locks/site.txt
	@$(LOCK) pyproject.toml --extra site --extra replications --extra test --group build -o locks/all.txt
	@$(LOCK) --group tools -o locks/tools.txt
	@# torch of one version comes in several builds (CPU, CUDA), and what it needs depends on the build: no hash fits all.
	@awk '/^[a-z]/ {of_torch = /^(torch==|triton|cuda-|nvidia-)/} !of_torch' locks/all.txt > $(TOOLS)/all.txt
	@mv $(TOOLS)/all.txt locks/all.txt

sbom: $(FULL_ENV) $(TOOL_ENV) ## Write sbom.cdx.json, the software bill of materials
	@$(TOOLS)/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --short-PURLs $(BIN)/python \
	  | $(BIN)/python -m docs.licences > $(TOOLS)/sbom.json
	@mv $(TOOLS)/sbom.json sbom.cdx.json

vulnerabilities: $(TOOL_ENV) ## Ask pip-audit's service for known vulnerabilities of what is pinned
	@$(TOOLS)/bin/pip-audit --strict --progress-spinner off --disable-pip --no-deps -r constraints.txt
	@$(TOOLS)/bin/pip-audit --strict --progress-spinner off --disable-pip -r locks/all.txt -r locks/tools.txt

clean: ## Remove the virtual environment, the built site and caches
	rm -rf $(VENV) site screenshots links.json .mypy_cache .ruff_cache .pytest_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11, 5) else f"got Python {v.major}.{v.minor}.{v.micro}; expected 3.11.5 or newer; set PYTHON=python3.12")'
	@echo "Making the virtual environment .venv …"
	@$(PYTHON) -m venv $(VENV)

$(SITE_ENV): pyproject.toml constraints.txt locks/site.txt | $(BIN)/python
	@echo "Installing what the site needs …"
	@$(BIN)/python $(INSTALL) $(LOCKED) locks/site.txt
	@$(PIP) --no-deps -e .
	@touch $@

$(FULL_ENV): pyproject.toml constraints.txt locks/all.txt | $(SITE_ENV)
	@echo "Installing the rest: torch, TransformerLens, DVC, test tools (some minutes the first time) …"
	@$(BIN)/python $(INSTALL) $(LOCKED) locks/all.txt
	@$(PIP) -e '.[site,replications,test]' # what is left to install is torch, see `make lock`
	@sh tests/browser/install-chromium.sh
	@touch $@ $(SITE_ENV)

$(TOOL_ENV): locks/tools.txt | $(BIN)/python
	@echo "Installing uv, cyclonedx-py and pip-audit in an environment of their own …"
	@$(BIN)/python -m venv $(TOOLS)
	@$(TOOLS)/bin/python $(INSTALL) $(LOCKED) locks/tools.txt
	@touch $@
