# PhiFleet's rules:
#
#   make help        this list
#   make setup       install the Debian packages that are missing (build, device and test)
#   make build       the programs for this machine: .build/release/{phi-agent,phi-aggregator,fleet}
#   make device      the agent for the device: .build/device/phi-agent (aarch64, static, at most 5.5 MB)
#   make sdk         only the Swift SDK that the device's agent is built with (kept in ~/.cache/phifleet)
#   make sdk-update  build that SDK afresh and record its packages in toolchains/packages.lock
#   make test        setup, both builds, all tests
#   make bench-pool  the tensor pool beside Gorilla, zstd and raw (TRACES=FOLDER: on your CSV files)
#   make bench-chamber  the chamber in closed loop, its forecasts and its learning, in simulation
#   make bench-sensing  a cycle of sensing beside a bare C loop that reads the same files
#   make demo        a fleet on this machine, to look at
#   make deb         the agent as Debian packages for amd64 and arm64: .build/deb
#   make deb-test    install, upgrade, remove and purge the package in a fresh Debian root (as root)
#   make clean       remove what was built (the SDK in ~/.cache/phifleet stays)
#
# `make build` and `make device` install what they miss of their own group; nothing when it is there.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

programs := phi-agent phi-aggregator fleet
host := .build/release
device := .build/device
# A scratch folder of its own: with one, each of the two builds would undo the other. It begins anew
# with another SDK, of whose flags SwiftPM takes no notice.
device_scratch := .build/device-build

.PHONY: help setup build device sdk sdk-update test demo deb deb-test bench-pool bench-chamber bench-sensing clean swift setup-build setup-device

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

setup:
	@toolchains/setup.sh build device test

setup-build:
	@toolchains/setup.sh build

setup-device:
	@toolchains/setup.sh device

swift:
	@command -v swift >/dev/null || { \
	  echo "make: swift is not on PATH" >&2; \
	  echo "hint: unpack the Swift 6.3 toolchain for Debian 12 from swift.org and put it on PATH:" >&2; \
	  echo "      export PATH=/where/it/is/usr/bin:\$$PATH" >&2; \
	  exit 1; }

build: swift setup-build
	@echo "build: the programs for this machine (the first time takes some minutes)"
	swift build -c release --static-swift-stdlib
	@for program in $(programs); do \
	  if ldd $(host)/$$program | grep -E 'lib(swift|Foundation|dispatch|_Foundation)'; then \
	    echo "build: error: $$program loads the Swift libraries above, so it needs the toolchain to run" >&2; \
	    exit 1; \
	  fi; \
	  echo "build: $(host)/$$program: $$(stat -Lc %s $(host)/$$program) bytes"; \
	done

device: swift setup-device
	@echo "device: the agent for aarch64"
	@sdks=$$(toolchains/sdk.sh); \
	if [ "$$(cat $(device_scratch)/sdk 2>/dev/null)" != "$$sdks" ]; then \
	  rm -rf $(device_scratch); mkdir -p $(device_scratch); echo "$$sdks" > $(device_scratch)/sdk; \
	fi; \
	swift build --swift-sdks-path "$$sdks" --swift-sdk pi-aarch64 --scratch-path $(device_scratch) \
	  -c release -debug-info-format none --product phi-agent
	@toolchains/check-device.sh $(device_scratch)/release/phi-agent
	@mkdir -p $(device)
	@cp $(device_scratch)/release/phi-agent $(device)/phi-agent.new
	@mv $(device)/phi-agent.new $(device)/phi-agent

sdk: swift setup-device
	@toolchains/sdk.sh

sdk-update: swift setup-device
	@toolchains/sdk.sh --update-lock

# One after the other, also under make -j: two SwiftPMs would compete for the machine. Plain
# `swift test` runs Swift Testing's tests in parallel and ends with its summary.
test: swift
	@$(MAKE) --no-print-directory setup
	@$(MAKE) --no-print-directory build
	@$(MAKE) --no-print-directory device
	@echo "test: building the tests (some minutes the first time), then running them"
	swift test

bench-pool: swift
	@mkdir -p bench/results
	swift build -c release --static-swift-stdlib --product pool-bench
	$(host)/pool-bench $(if $(TRACES),--traces $(TRACES)) --results bench/results/pool.jsonl

bench-sensing: swift
	swift build -c release --static-swift-stdlib --product sensing-bench
	$(host)/sensing-bench

bench-chamber: swift
	@mkdir -p bench/results
	swift build -c release --static-swift-stdlib --product chamber-bench
	toolchains/count-cycles.sh $(host)/chamber-bench > bench/results/chamber-counts.txt
	$(host)/chamber-bench --out bench/results/chamber.jsonl --plot bench/results/chamber.svg --counts bench/results/chamber-counts.txt

demo: build
	fleet/demo.sh

deb: build device
	@toolchains/setup.sh deb
	@fleet/debian/build.sh amd64 $(host)/phi-agent $(host)/phi-agent .build/deb
	@fleet/debian/build.sh arm64 $(device)/phi-agent $(host)/phi-agent .build/deb

deb-test: deb
	@fleet/debian/try.sh .build/deb/phi-agent_*_amd64.deb

clean:
	rm -rf .build
