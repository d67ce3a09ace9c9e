# PhiFleet's rules:
#
#   make help        this list
#   make setup       install the Debian packages that are missing (build, device and test)
#   make build       the programs for this machine: .build/release/{phi-agent,phi-aggregator,fleet}
#   make device      the agent for the device: .build/device/phi-agent (aarch64, static, at most 5.5 MB)
#   make device-amd64  the same for x86 devices: .build/device-amd64/phi-agent
#   make sdk         only the Swift SDK that the device's agent is built with (kept in ~/.cache/phifleet)
#   make sdk-update  build the SDKs afresh and record their packages in toolchains/packages-ARCH.lock
#   make test        setup, both builds, all tests
#   make bench-pool  the tensor pool beside Gorilla, zstd and raw: size, time, instructions (TRACES=FOLDER: your CSV files)
#   make bench-chamber  the chamber in closed loop, its forecasts and its learning, in simulation
#   make bench-sensing  a cycle of sensing beside a bare C loop that reads the same files
#   make bench-agent  the agent's memory, CPU, start and writes beside other agents (as root)
#   make lab         an emulated Raspberry Pi with systemd: boots it (Tests/Lab; needs root once)
#   make lab-figures  in a board: the device build's memory over HTTP and HTTPS beside the peers'
#   make lab-cycles  in a board: instructions of a cycle, the kernel's too, beside C loops and collectd
#   make lab-trial   in a board: what a leaking workload gets done ungoverned, governed, heeding
#   make steady-functions  record which functions the linker puts side by side (toolchains/steady-functions.txt)
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

.PHONY: help setup build device device-amd64 sdk sdk-update test demo deb deb-test bench-pool bench-chamber \
  bench-sensing bench-agent lab lab-figures lab-cycles lab-trial steady-functions clean swift setup-build setup-device setup-lab

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

# A scratch folder of its own for each SDK: with one, each build would undo the other's. It begins anew
# with another SDK, of whose flags SwiftPM takes no notice, and links anew with another order of functions.
# $(1): architecture, $(2): the SDK's name in it, $(3): the folder of the result.
order := toolchains/steady-functions.txt toolchains/steady.ld
define static_agent
	@sdks=$$(toolchains/sdk.sh $(1)); scratch=$(3)-build; \
	if [ "$$(cat $$scratch/sdk 2>/dev/null)" != "$$sdks" ]; then \
	  rm -rf $$scratch; mkdir -p $$scratch; echo "$$sdks" > $$scratch/sdk; \
	fi; \
	mkdir -p $(3); \
	for file in $(order); do \
	  if [ $$file -nt $$scratch/release/phi-agent ]; then rm -f $$scratch/release/phi-agent; fi; \
	done; \
	swift build --swift-sdks-path "$$sdks" --swift-sdk $(2) --scratch-path $$scratch \
	  -c release -debug-info-format none -Xlinker -Map=$(CURDIR)/$(3)/phi-agent.map \
	  -Xlinker --symbol-ordering-file=$(CURDIR)/toolchains/steady-functions.txt -Xlinker --no-warn-symbol-ordering \
	  -Xlinker -T -Xlinker $(CURDIR)/toolchains/steady.ld --product phi-agent; \
	toolchains/check-device.sh $$scratch/release/phi-agent $(1) $(CURDIR)/$(3)/phi-agent.map; \
	cp $$scratch/release/phi-agent $(3)/phi-agent.new; \
	mv $(3)/phi-agent.new $(3)/phi-agent
endef

device: swift setup-device
	@echo "device: the agent for aarch64"
	$(call static_agent,arm64,pi-aarch64,$(device))

device-amd64: swift setup-device
	@echo "device: the agent for x86_64"
	$(call static_agent,amd64,static-x86_64,$(device)-amd64)

sdk: swift setup-device
	@toolchains/sdk.sh arm64

sdk-update: swift setup-device
	@toolchains/sdk.sh arm64 --update-lock
	@toolchains/sdk.sh amd64 --update-lock

# One after the other, also under make -j: two SwiftPMs would compete for the machine. Plain
# `swift test` runs Swift Testing's tests in parallel and ends with its summary.
test: swift
	@$(MAKE) --no-print-directory setup
	@$(MAKE) --no-print-directory build
	@$(MAKE) --no-print-directory device
	@echo "test: building the tests (some minutes the first time), then running them"
	swift test

# Instructions are counted by callgrind and by qemu with a plugin. What is missing leaves its figures
# out, and says so; it doesn't end the bench.
bench-pool: swift setup-build
	@toolchains/setup.sh bench || echo "bench-pool: goes on without what is missing" >&2
	@mkdir -p bench/results .build/bench
	swift build -c release --static-swift-stdlib --product pool-bench
	swift build -c release --static-swift-stdlib --product pool-kernel
	@# valgrind can't read Swift's debug information, and needs none.
	@objcopy --strip-debug $(host)/pool-kernel .build/bench/pool-kernel
	@clang -shared -fPIC -O2 -o .build/bench/count-instructions.so toolchains/count-instructions.c
	@$(MAKE) --no-print-directory device && \
	  swift build --swift-sdks-path "$$(toolchains/sdk.sh arm64)" --swift-sdk pi-aarch64 \
	    --scratch-path $(device)-build -c release -debug-info-format none --product pool-kernel || \
	  echo "bench-pool: no device build, so no instructions on aarch64" >&2
	$(host)/pool-bench $(if $(TRACES),--traces $(TRACES)) --results bench/results/pool.jsonl \
	  --kernel .build/bench/pool-kernel --plugin .build/bench/count-instructions.so \
	  $$([ -f $(device)-build/release/pool-kernel ] && echo --device-kernel $(device)-build/release/pool-kernel)

bench-sensing: swift
	swift build -c release --static-swift-stdlib --product sensing-bench
	$(host)/sensing-bench

bench-chamber: swift
	@mkdir -p bench/results
	swift build -c release --static-swift-stdlib --product chamber-bench
	toolchains/count-cycles.sh $(host)/chamber-bench > bench/results/chamber-counts.txt
	$(host)/chamber-bench --out bench/results/chamber.jsonl --plot bench/results/chamber.svg --counts bench/results/chamber-counts.txt

bench-agent: build device device-amd64
	@toolchains/setup.sh bench
	@mkdir -p bench/results
	Tests/Lab/agent_bench.py --results bench/results/agent.jsonl

# What the linker puts side by side; to be recorded anew when check-device.sh finds that too many have gone.
steady-functions: export PHI_ORDER_SHARE_MIN := 0
steady-functions: build device device-amd64
	@toolchains/setup.sh bench
	Tests/Lab/steady.py

setup-lab:
	@toolchains/setup.sh lab

# The board stays: Tests/Lab/lab.py run pi COMMAND, and `make -s lab` again finds it running.
lab: setup-lab
	Tests/Lab/lab.py boot pi

lab-figures: build device setup-lab
	@mkdir -p bench/results
	Tests/Lab/figures.py --results bench/results/lab.jsonl

lab-cycles: device setup-lab
	@mkdir -p bench/results
	Tests/Lab/cycles.py --results bench/results/cycles.jsonl

lab-trial: device setup-lab
	@mkdir -p bench/results
	Tests/Lab/trial.py --results bench/results/trial.jsonl

demo: build
	fleet/demo.sh

# The static programs: the package needs no library, and is the same on each Debian.
deb: device device-amd64
	@toolchains/setup.sh deb
	@native=$(device)-amd64/phi-agent; if [ "$$(uname -m)" = aarch64 ]; then native=$(device)/phi-agent; fi; \
	fleet/debian/build.sh amd64 $(device)-amd64/phi-agent "$$native" .build/deb; \
	fleet/debian/build.sh arm64 $(device)/phi-agent "$$native" .build/deb

deb-test: deb
	@fleet/debian/try.sh .build/deb/phi-agent_*_amd64.deb

clean:
	rm -rf .build
