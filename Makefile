# make demo   sets everything up and runs the main job on real images
# make test   checks formatting, lints, tests and documentation of both programs

# libtorch: a LIBTORCH or LIBTORCH_USE_PYTORCH of your own wins; else the one `make setup` puts into .libtorch.
ifdef LIBTORCH_USE_PYTORCH
unexport LIBTORCH
endif

# The two halves are built in separate calls: libtorch and OpenBLAS must not meet in one program.
TORCH := --no-default-features --features torch

# The test programs that look at libtorch; the others have run with the first half, and are the same.
TORCH_TESTS := $(addprefix --test ,$(sort $(subst /main,,$(patsubst tests/%.rs,%,$(shell grep -l 'feature = "torch"' tests/*.rs tests/*/main.rs)))))

.PHONY: help setup build demo demo-report paper paper-data paper-report paper-keep paper-fashion test lint doc fuzz fixtures clean

help:
	@echo 'make demo    set up, build, and compare three pretraining methods on real images (first time: 7 to 15 minutes)'
	@echo 'make test    set up, build, lint and test everything'
	@echo 'make setup   install OpenBLAS (apt, where missing) and libtorch (into .libtorch)'
	@echo 'make fixtures remake the images and checkpoints under fixtures/ from their sources (an hour or two)'
	@echo 'make paper   pretrain, measure and report the experiment of reports/paper (hours, goes on where it was; SEEDS=0 for one)'
	@echo 'make fuzz    try every reader on hostile bytes, a minute each'
	@echo 'make build   build both programs: target/debug/featscope and target/debug/featscope-extract'

setup:
	@scripts/setup.sh

build: setup
	@echo 'build: both programs into target/debug (first time: 6 to 12 minutes on 2 cores; then seconds)'
	cargo build
	cargo build $(TORCH)

demo: build
	target/debug/featscope run fixtures/demo.toml

# The copy under reports/demo that the README shows.
demo-report: build
	target/debug/featscope run fixtures/demo.toml
	scripts/keep-demo-report.sh

# The paper in small, of these seeds: data (a minute), training (half an hour of two quiet cores each), measuring. The pages are in paper/;
# `make paper-keep` puts them where reports/paper is read.
SEEDS ?= 0 1 2
paper: build paper-data
	fixtures/paper/train.sh $(SEEDS)
	$(MAKE) --no-print-directory paper-report

paper-data: .data/paper/clip-art-test.parquet
.data/paper/clip-art-test.parquet:
	python3 -m venv .data/venv
	.data/venv/bin/python -m pip install --quiet --requirement fixtures/requirements.txt
	.data/venv/bin/python fixtures/make.py --domains

# What is there of it, measured; a part whose models are not trained yet is said and left out.
paper-report: build
	for part in final longer course projector; do \
		target/debug/featscope run fixtures/paper/$$part.toml || echo "paper: $$part is left out" >&2; \
	done
	if [ -f paper/course/results.json ]; then \
		target/debug/featscope correlate paper/course --every-checkpoint -o paper/predictors; fi

paper-keep:
	scripts/keep-paper-report.sh

# The same on other data, one seed: Fashion-MNIST, then MNIST.
paper-fashion: build paper-data
	PAPER=.data/paper/fashion PAPER_DATA=.data/fashion-mnist PAPER_CLASSES= PAPER_LIMIT=3000 \
		PAPER_ONLY='(sl|sl-mlp|simclr) ' fixtures/paper/train.sh 0
	target/debug/featscope run fixtures/paper/fashion.toml

# The images under fixtures/ (seconds), then the three checkpoints (an hour or two), from their sources.
fixtures: build
	python3 -m venv .data/venv
	.data/venv/bin/python -m pip install --quiet --requirement fixtures/requirements.txt
	.data/venv/bin/python fixtures/make.py --wide
	bash fixtures/pretrain.sh

test: build lint
	cargo test --workspace
	cargo test $(TORCH) --lib --bins $(TORCH_TESTS)
	cargo test $(TORCH) --doc
	$(MAKE) --no-print-directory doc

# Hostile bytes for every reader, a minute each (the first time some minutes to build).
FUZZ_SECONDS ?= 60
fuzz:
	fuzz/run.sh $(FUZZ_SECONDS)

lint:
	cargo fmt --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy --all-targets $(TORCH) -- -D warnings

doc:
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps
	RUSTDOCFLAGS='-D warnings' cargo doc --no-deps $(TORCH)

clean:
	cargo clean
