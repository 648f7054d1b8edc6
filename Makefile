# Each target installs what it needs on first use. Python 3.11 or later, make and git are required. If npm is
# installed, the tests also run the real clients (Claude Code, Codex, Gemini CLI, Copilot CLI, OpenCode) and the
# MCP Inspector; they take 1.4 GB in .clients. The tests of the page need Chromium and chromedriver.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CLIENTS := .clients
BROWSER := .browser
PAGES := README.md CHANGELOG.md CONTRIBUTING.md AGENTS.md bench/README.md models/README.md 'docs/*.md' 'docs/*.svg' 'docs/screenshots/*.png'

.PHONY: demo test torture lint docs man site mcpb bench clients clean

demo: $(READY)
	@$(BIN)/python examples/demo.py

# loadfile: the tests of one file share the session of a real client. (xdist_group would express that, but
# pytest 9 ignores the way xdist 3.8 marks it.)
# Users' Pythons write bytecode; without it each of the thousands of processes of the tests compiles the package.
test: export PYTHONDONTWRITEBYTECODE =
test: lint clients browser
	$(BIN)/pytest -q -n 2 --dist loadfile

# Faults at every change of the disk, concurrency and fuzzing; prints what was tried and what was lost.
MINUTES ?= 10
torture: export PYTHONDONTWRITEBYTECODE =
torture: $(READY)
	$(BIN)/python tests/torture/torture.py --minutes $(MINUTES)

lint: $(READY)
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/words.py

docs: $(READY)
	$(BIN)/python docs/generate.py

# Into build/man; `man -l build/man/memcairn.1` shows one.
man: $(READY)
	$(BIN)/python docs/man.py

# The pages keep the layout that they have in the repository, so that the same links work here and there.
site: docs
	$(BIN)/python -m pip install --quiet --group docs
	rm -rf build/pages build/site && mkdir -p build/pages
	git ls-files --cached --others --exclude-standard -- $(PAGES) | tar -cf - -T - | tar -xf - -C build/pages
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

# The bundle for Claude Desktop, into build.
mcpb: $(READY)
	rm -rf build/wheel
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir build/wheel .
	$(BIN)/python plugins/claude-desktop/build.py build/wheel/*.whl

bench: $(READY)
	$(BIN)/python bench/run.py

clients: $(CLIENTS)/.ready

# Debian's Chromium and its driver, where this user may install packages, and axe-core from npm. What is missing
# afterwards is named by the tests that are skipped.
APT := -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120
browser: $(BROWSER)/.ready
	@if ! command -v chromedriver >/dev/null && command -v apt-get >/dev/null; then \
		sudo=$$([ "$$(id -u)" = 0 ] || echo sudo -n); \
		($$sudo apt-get $(APT) update && $$sudo apt-get $(APT) install -y --no-install-recommends chromium chromium-driver) \
			>$(BROWSER)/apt.log 2>&1 || echo 'Chromium could not be installed: see $(BROWSER)/apt.log'; \
	fi

# Every page of the demo at 1280 and 360 pixels, into build/screenshots; those of the documentation into docs.
screenshots: $(READY) browser
	$(BIN)/python docs/screenshots.py

clean:
	rm -rf $(VENV) $(CLIENTS) $(BROWSER) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "memcairn needs Python 3.11 or later; make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

# Not `npm ci`: a registry may lack packages for other platforms. Without npm or a network, the tests of real
# clients are skipped, and the next run tries again.
$(CLIENTS)/.ready: tests/clients/package.json tests/clients/package-lock.json
	@mkdir -p $(CLIENTS) && cp tests/clients/package.json tests/clients/package-lock.json $(CLIENTS)
	@if ! command -v npm >$(CLIENTS)/npm.log; then \
		echo 'npm is not installed: the tests of real clients are skipped'; \
	elif (cd $(CLIENTS) && npm install --no-audit --no-fund --fetch-retry-mintimeout=1000 >npm.log 2>&1); then \
		touch $@; \
	else \
		echo 'the real clients could not be installed (see $(CLIENTS)/npm.log): their tests are skipped'; \
	fi

$(BROWSER)/.ready: tests/ui/package.json tests/ui/package-lock.json
	@mkdir -p $(BROWSER) && cp tests/ui/package.json tests/ui/package-lock.json $(BROWSER)
	@if (cd $(BROWSER) && npm ci --no-audit --no-fund) >$(BROWSER)/npm.log 2>&1; then \
		touch $@; \
	else \
		echo 'axe-core could not be installed (see $(BROWSER)/npm.log): the tests with it are skipped'; \
	fi
