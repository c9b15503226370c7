# Four commands: demo, test, check, bench. Each sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
VENDOR := mobilize/web/static/vendor/.copied
VOLUNTEERS ?= 3000
SEED ?= 7

.PHONY: demo demo-reset test check bench setup browser clean

demo: setup
	@$(BIN)/python -m mobilize.demo.start --volunteers $(VOLUNTEERS) --seed $(SEED)

demo-reset: setup
	@$(BIN)/python -m mobilize.demo.start --reset --volunteers $(VOLUNTEERS) --seed $(SEED)

test: setup browser
	$(BIN)/python -m pytest -n auto

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/docs

bench: setup
	$(BIN)/python -m bench select

setup: $(STAMP) $(VENDOR)

$(STAMP): requirements.txt requirements-dev.txt
	@echo "Setting up Python in $(VENV) (about a minute the first time) ..."
	@$(PYTHON) -c 'import sys; sys.exit("Mobilize needs Python 3.11 or newer; PYTHON=/path/to/python3.11 make ...") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $(STAMP)

$(VENDOR): package.json package-lock.json $(STAMP)
	@echo "Setting up the pages' libraries ..."
	@$(BIN)/python -m mobilize.web.vendor
	@touch $(VENDOR)

# Browser tests need a Chromium; on Debian it can be installed here if we may.
browser:
	@command -v chromium >/dev/null || (command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null) || \
		echo "No chromium found: the browser tests will fail. Install Debian's chromium package."

clean:
	rm -rf $(VENV) node_modules mobilize/web/static/vendor instance
