# What a developer does with steptrace; `make help` lists it.

SWIFT ?= swift
SOURCES = find Package.swift Sources Tests Benchmarks -name '.build*' -prune -o -name '*.swift' \
	! -path '*/Generated/*' -print0

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: packages ## Replay recorded runs through the gateway and draw their traces; BACKEND=URL sends them on to a Jaeger.
	$(SWIFT) build --product steptrace
	"$$($(SWIFT) build --show-bin-path)/steptrace" demo $(if $(BACKEND),--backend $(BACKEND))

# All tests at once keep those with timeouts waiting for the property tests.
PARALLEL := --experimental-maximum-parallelization-width 8

.PHONY: test
test: peers ## Build everything and run all tests: the modules', then those that run the built program.
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --disable-xctest --skip EndToEndTests $(PARALLEL)
	$(SWIFT) test --skip-build --disable-xctest --filter EndToEndTests

.PHONY: check-deploy
check-deploy: ## Check manifests, chart, sample configurations, dashboard and alerts in deploy/.
	@Scripts/install-packages --tests
	$(SWIFT) build --product steptrace
	Scripts/check-deploy

.PHONY: lint
lint: ## Check format, style, scripts and the links of the documents; builds nothing.
	$(SOURCES) | xargs -0 $(SWIFT) format lint --strict --parallel
	Scripts/lint-text

.PHONY: format
format: ## Format all Swift sources in place.
	$(SOURCES) | xargs -0 $(SWIFT) format --in-place --parallel

.PHONY: build
build: packages ## Build for debugging.
	$(SWIFT) build

# Relocations are packed where libc can read them (glibc 2.36): 4 MB less memory for the running program.
RELR := $(shell getconf GNU_LIBC_VERSION 2>/dev/null | awk '{ split($$2, v, "."); if (v[1] * 100 + v[2] >= 236) print "yes" }')
RELEASE = -c release --product steptrace --static-swift-stdlib -Xswiftc -use-ld=lld -Xlinker --strip-debug \
	-Xlinker --no-export-dynamic $(if $(RELR),-Xlinker -z -Xlinker pack-relative-relocs)

.PHONY: release
release: packages ## Build .build/release/steptrace, optimized, with Swift's runtime inside.
	$(SWIFT) build $(RELEASE)

.PHONY: bench
bench: packages ## Measure CPU, throughput, memory and latency (takes minutes; see docs/benchmarks.md); BENCH=OPTIONS.
	Benchmarks/run $(BENCH)

.PHONY: protos
protos: packages ## Generate Sources/OTLP/Generated from protos/ (needs protoc).
	Scripts/generate-protos

.PHONY: clean
clean: ## Remove what was built.
	rm -rf .build Benchmarks/.build

.PHONY: packages
packages:
	@Scripts/install-packages

.PHONY: peers
peers:
	@Scripts/install-packages --tests
	@Scripts/install-peers
