# Everything is set up on first use: Python 3.11 or later, make and git are enough. Where npm is there, too, the
# tests also drive the real clients (Claude Code, Codex, Gemini CLI, Copilot CLI, OpenCode) and the MCP
# Inspector: 1.4 GB, in .clients.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CLIENTS := .clients

.PHONY: demo test lint docs bench clients clean

demo: $(READY)
	@$(BIN)/python examples/demo.py

# A file to a process: a story of a real client is told once for all of its tests. (xdist_group would say that,
# but pytest 9 takes no notice of how xdist 3.8 marks it.)
test: lint clients
	$(BIN)/pytest -q -n 2 --dist loadfile

lint: $(READY)
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(READY)
	$(BIN)/python docs/generate.py

bench: $(READY)
	$(BIN)/python bench/run.py

clients: $(CLIENTS)/.ready

clean:
	rm -rf $(VENV) $(CLIENTS) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(READY): pyproject.toml models/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "memcairn needs Python 3.11 or later; make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet ./models
	$(BIN)/python -m pip install --quiet --editable '.[mcp,semantic]' --group dev
	@touch $@

# Not `npm ci`: a registry may lack packages for other platforms. Without npm, or without a network, the tests
# of clients are skipped; the next run tries again.
$(CLIENTS)/.ready: tests/clients/package.json tests/clients/package-lock.json
	@mkdir -p $(CLIENTS) && cp tests/clients/package.json tests/clients/package-lock.json $(CLIENTS)
	@if ! command -v npm >$(CLIENTS)/npm.log; then \
		echo 'npm is not there: tests with real clients are skipped'; \
	elif (cd $(CLIENTS) && npm install --no-audit --no-fund --fetch-retry-mintimeout=1000 >npm.log 2>&1); then \
		touch $@; \
	else \
		echo 'the real clients cannot be installed ($(CLIENTS)/npm.log): their tests are skipped'; \
	fi
