# `make demo` and `make test` need nothing but Python >= 3.11 (with venv) and make.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.ONESHELL:

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
JOBS ?= 2

.PHONY: help .venv demo test check rules pending schema permissions lock test-servers graphiql audits audit-packages conformance fuzz live-clients schema-tools soak clean bench bench-gate

help: ## this list
	@grep -hE '^[a-z.-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

.venv: $(READY) ## the set-up alone

# The mark is written last, so an interrupted set-up is done again from the start.
$(READY): requirements.lock
	@echo "Setting up .venv from requirements.lock: a minute or more, this once ..."
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	$(PYTHON) -c 'import ensurepip, venv' || { echo "Python has no venv: install python3-venv" >&2; exit 1; }
	rm -f $(READY)
	$(PYTHON) -m venv --clear .venv
	export PIP_DISABLE_PIP_VERSION_CHECK=1
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $(READY)

demo: $(READY) ## the demo company on http://127.0.0.1:8000 (PORT=8001 for another port)
	@exec $(BIN)/lychgate demo $(if $(PORT),--port $(PORT))

test: $(READY) ## every check, then every test
	@$(MAKE) --no-print-directory check
	# What failed on a busy machine is asked once more, alone; what fails twice is a failure.
	$(BIN)/pytest -n $(JOBS) || $(BIN)/pytest --last-failed --last-failed-no-failures none

check: $(READY) ## style, types, borders, schema, permissions, migrations, rules, packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m scripts.check_schema
	$(BIN)/python -m scripts.contract
	$(BIN)/python -m scripts.permissions --check
	$(BIN)/python -m scripts.check_migrations
	$(BIN)/python -m scripts.rules
	$(BIN)/python -m scripts.audit_packages

rules: $(READY) ## how far the tests prove docs/rules.md
	@$(BIN)/python -m scripts.rules

pending: $(READY) ## write down what the contract and the rules still miss
	@$(BIN)/python -m scripts.contract --write
	$(BIN)/python -m scripts.rules --write

schema: $(READY) ## write schema.graphql
	$(BIN)/lychgate schema > schema.graphql.new
	mv schema.graphql.new schema.graphql

permissions: $(READY) ## write docs/permissions.md
	$(BIN)/python -m scripts.permissions

lock: ## renew requirements.lock (needs uv)
	@command -v uv >/dev/null || { echo "uv is needed: pip install uv" >&2; exit 1; }
	uv pip compile --universal --generate-hashes --python-version 3.11 --group dev pyproject.toml \
		-o requirements.lock --no-annotate --custom-compile-command 'make lock' $(UPGRADE)

test-servers: $(READY) ## every test against a PostgreSQL 15 and a Redis of the system
	@$(BIN)/python -m scripts.test_servers -- $(BIN)/pytest -n $(JOBS) -m 'not embedded' $(ARGS)

graphiql: ## fetch GraphiQL's vendored files again and compare their sums (needs npm)
	@S=app/engine/graphiql/static; tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT
	for p in graphiql@3.9.0 react@18.3.1 react-dom@18.3.1 graphql-ws@5.16.2; do
	  (cd "$$tmp" && npm pack --silent "$$p" >/dev/null && mkdir "$${p%@*}" && tar xzf "$${p%@*}"-*.tgz -C "$${p%@*}" --strip-components 1)
	  rm "$$tmp"/*.tgz; cp "$$tmp/$${p%@*}"/LICENSE* "$$S/LICENSE.$${p%@*}"
	done
	cp "$$tmp"/graphiql/graphiql.min.{js,css} "$$tmp"/react/umd/react.production.min.js "$$tmp"/react-dom/umd/react-dom.production.min.js "$$tmp"/graphql-ws/umd/graphql-ws.min.js "$$S"/
	cd "$$S" && sed -nE 's/^\| `([^`]+)`.*`([0-9a-f]{64})` \|$$/\2  \1/p' README.md | sha256sum -c

mails: $(READY) ## take the pictures of docs/mails.md again (needs Chromium)
	@$(BIN)/python -m scripts.mail_gallery

audits: $(READY) ## graphql-http's audits (needs npm)
	@$(BIN)/python -m tests.conformance.audit_http

live-clients: $(READY) ## graphql-ws, graphql-sse, Apollo Client and urql: ask, change, send files, subscribe, drop, resume (needs npm)
	@$(BIN)/python -m tests.conformance.live_clients

schema-tools: $(READY) ## GraphQL ESLint, relay-compiler and a typed TypeScript client on schema.graphql (needs npm)
	@$(BIN)/python -m tests.conformance.tools

conformance: audits live-clients schema-tools ## all that outside suites and clients say

fuzz: $(READY) ## 10,000 guessed operations as everybody (CASES=500 for fewer, SEED=1 for the same again)
	@$(BIN)/python -m tests.conformance.fuzz --cases $(or $(CASES),10000) $(if $(SEED),--seed $(SEED))

audit-packages: $(READY) ## known faults of the packages in requirements.lock (ARGS=--strict fails without an index)
	@$(BIN)/python -m scripts.audit_packages $(ARGS)

soak: $(READY) ## an hour of writers, readers that drop and resume, and servers that die (MINUTES=5 for less)
	@$(BIN)/python -m tests.conformance.soak --minutes $(or $(MINUTES),60)

clean: ## forget the set-up and all caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

bench: $(READY) ## W1 to W5 of docs/performance.md against the floor (ARGS="--accounts 20 --computers 20000" for a quick look)
	@$(BIN)/python -m bench.api $(ARGS)
	$(BIN)/python -m bench.live --peer

bench-gate: $(READY) ## the same, small, failing where CPU per request is over its gate
	@$(BIN)/python -m bench.api --gate --accounts 20 --computers 20000 --rounds 3 --seconds 1 $(ARGS)
	$(BIN)/python -m bench.live --gate --sockets 1000 --accounts 1

bench-worst: $(READY) ## the worst queries inside the limits: seconds and memory, failing over the bar of docs/security.md
	@$(BIN)/python -m bench.worst

bench-farms: $(READY) ## a sweep of 1,000 farms that are due, among 1,000,000 and among 1,000
	@$(BIN)/python -m bench.farms

bench-keys: $(READY) ## a dashboard of 500 keys and 100,000 computers: counters against counting
	@$(BIN)/python -m bench.keys

bench-mails: $(READY) ## 10,000 mails through the outbox, against a loop of bare aiosmtplib
	@$(BIN)/python -m bench.mails

bench-live: $(READY) ## W5 alone: events to 2,000 websockets of one account and of 200 (ARGS="--sockets 10000 --accounts 1")
	@$(BIN)/python -m bench.live $(ARGS)

bench-growth: $(READY) ## how costs grow with computers and with websockets: figures and pictures in docs/performance (needs the network for matplotlib)
	@$(BIN)/python -m bench.growth $(ARGS)
	tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT
	$(PYTHON) -m venv "$$tmp/venv"
	"$$tmp/venv/bin/pip" install --quiet --disable-pip-version-check matplotlib
	"$$tmp/venv/bin/python" bench/pictures.py docs/performance/growth.json
