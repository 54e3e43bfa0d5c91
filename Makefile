# PI Platform. `make help` lists the targets.

CORPORA ?= ../shared/corpora
DATA    ?= .data
SEED    ?= 0..2000
PI      := target/release/pi
# Built with the features of the whole workspace, so that the tests need no second build.
XTASK   := cargo build --workspace --all-targets --quiet && $${CARGO_TARGET_DIR:-target}/debug/xtask

.DEFAULT_GOAL := help
.PHONY: help dev build run test test-core test-conformance test-full simulate fuzz lint format bench bench-detection coverage docs clean setup

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F'\t' '{printf "  %-18s %s\n", $$1, $$2}'

setup:
	@scripts/setup

dev: setup ## build for development
	cargo build --workspace

build: setup ## build the release binary
	cargo build --release -p pi-cli

run: build ## build, scan examples/, show the verdict, verify the log, replay the run
	@$(PI) --data $(DATA) demo examples

test: setup ## everything that must pass before a change lands
	$(XTASK) ci

test-core: setup ## unit and integration tests of the crates
	cargo nextest run --workspace --exclude pi-conformance --exclude pi-cli

test-conformance: setup ## the specification, rule by rule
	cargo xtask conformance

test-full: setup ## what takes longer: long differential runs, crash tests, both build profiles
	$(XTASK) full

fuzz: setup ## every parser and decoder against a fuzzer: SECONDS=60 for each target
	scripts/fuzz $(or $(SECONDS),60)

simulate: setup ## runs under faults that a seed decides: SEED=N, or a range, each seed twice
	@cargo xtask simulate $(SEED)

lint: setup ## format check and lints
	cargo fmt --all -- --check
	cargo clippy --workspace --all-targets -- -D warnings

format: setup ## format the code
	cargo fmt --all

bench: setup ## the published measurements, beside their peers
	cargo xtask bench

bench-detection: setup ## precision and recall on labelled cases: CORPORA=DIR
	cargo run --release -q -p pi-bench-detection -- $(CORPORA)

coverage: setup ## line coverage, with a gate
	cargo xtask coverage

docs: setup ## regenerate everything that is derived
	cargo xtask generate

clean: ## remove what was built
	cargo clean
	rm -rf $(DATA)
