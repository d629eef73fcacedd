# SPDX-License-Identifier: MIT
#
# The front door. Every target works from a fresh clone and installs what it lacks (Debian, Ubuntu).
PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc)
# Many tests wait for a process more than they compute.
TEST_JOBS ?= $(shell expr 2 \* $(JOBS))
BUILD ?= build/release
export PREFIX DESTDIR

.DEFAULT_GOAL := build
.PHONY: help build demo test check bench soak lint format deps install uninstall package clean

help: ## show this list
	@echo "memtrack: which source lines hold a program's memory"
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 18

build: ## build build/release/memtrack
	@scripts/deps build
	@cmake --preset release >/dev/null
	@cmake --build --preset release -j $(JOBS) -- --quiet

demo: build ## track a real program and print which of its lines hold memory at the peak
	@scripts/deps demo
	@scripts/demo build/release/memtrack

test: ## after each change: unit tests, format, layers, names; under a minute
	@scripts/deps build test
	@cmake --preset ci >/dev/null
	@cmake --build --preset ci -j $(JOBS) -- --quiet
	@ctest --preset ci -L 'unit|quick' -j $(TEST_JOBS)

check: ## build everything, warnings as errors, and run every test
	@scripts/deps build check page
	@cmake --preset ci >/dev/null
	@cmake --build --preset ci -j $(JOBS) -- --quiet
	@ctest --preset ci -j $(TEST_JOBS)

bench: build ## measure native, memtrack and heaptrack side by side
	@scripts/deps bench
	@python3 bench/run.py build/release

soak: ## run long: storms and faults many times over, sanitizers and fuzzers on what reads files
	@scripts/deps build check soak
	@for preset in ci asan tsan fuzz; do \
		cmake --preset $$preset >/dev/null && cmake --build --preset $$preset -j $(JOBS) -- --quiet || exit; \
	done
	@MEMTRACK_SOAK=1 ctest --preset ci -R '^(storm|fault)/|^oracle/test_(cut|scopes)|^install/test_packages'
	@ctest --preset asan
	@ctest --preset tsan
	@ctest --preset fuzz

lint: ## only the checks of the source: format, layers, clang-tidy, cppcheck, symbols, docs
	@scripts/deps build check page
	@cmake --preset ci >/dev/null
	@cmake --build --preset ci -j $(JOBS) -- --quiet
	@ctest --preset ci -L lint

format: ## rewrite the C files as .clang-format says
	@git ls-files -z '*.[ch]' '*.cpp' '*.hpp' | xargs -0 clang-format -i

deps: ## install everything that building, checking and measuring need
	@scripts/deps build demo check page package soak bench

install: build ## install below PREFIX (/usr/local); says what, before it calls sudo
	@scripts/install "$(BUILD)"

uninstall: ## remove what install put below PREFIX, and nothing else
	@scripts/install --remove

package: build ## Debian packages, and an archive that runs where it is unpacked
	@scripts/deps package
	@cd build/release && cpack >/dev/null
	@ls build/release/*.deb build/release/*.tar.gz

clean: ## remove build/
	rm -rf build
