# One command each: `make run` opens the workbench, `make test` checks everything.

SHELL := /bin/bash
# Tests see inside modules, so everything is built for testing: one build serves all.
BUILD := swift build -c release -Xswiftc -enable-testing --explicit-target-dependency-import-check error
OCTET := .build/release/octet
VENV := .venv
PEERS := .venv-peers
SOURCES := $(shell git ls-files 'Sources/*.swift' 'Tests/*.swift' 'Benchmarks/*.swift' Package.swift | grep -v '\.pb\.swift$$')
C_SOURCES := $(shell git ls-files 'Sources/*.c' 'Sources/*.h' 'Tests/*.c' 'Tests/*.h')

.PHONY: run build test unit cross-kernels judges fuzz conformance journeys check format snapshots golden bench bench-peers bench-training bench-calibration bench-distillation size install install-test clean

run: build
	@$(OCTET) $(or $(MODEL),sessions/mnist_cnn.octet.json)

build: install
	@$(BUILD) --product octet

install:
	@Scripts/install-dependencies build

install-test:
	@Scripts/install-dependencies test

test: install-test
	$(BUILD) --build-tests
	@$(MAKE) --no-print-directory unit cross-kernels judges journeys
	@$(MAKE) --no-print-directory fuzz COUNT=200 SEED=1

# Unit, property, golden and snapshot tests.
unit:
	swift test -c release -Xswiftc -enable-testing --skip-build

# C kernels against their reference, here and on AArch64 in QEMU. SEED chooses the cases.
cross-kernels:
	@$(if $(SEED),SEED=$(SEED) )Tests/CrossKernels/run

# onnx.checker and ONNX Runtime judge what Octet imports, computes and exports.
judges: $(VENV)/ready
	$(VENV)/bin/python -m pytest -q Tests/Judges

# ONNX's own node tests; writes Documentation/Operators.md. ONLY=REGEX chooses and writes nothing.
conformance: $(VENV)/ready
	@$(VENV)/bin/python Tests/Conformance/conformance.py $(if $(ONLY),--only '$(ONLY)')

# Models that were broken at random; prints the seed. COUNT and SEED choose.
fuzz: $(VENV)/ready
	@$(VENV)/bin/python Tests/Fuzz/fuzz.py $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED))

# Real keys in a real terminal.
journeys: $(VENV)/ready
	$(VENV)/bin/python -m pytest -q Tests/Journeys

$(VENV)/ready: Tests/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r Tests/requirements.txt
	@touch $@

# What is judged without running anything: format, warnings, who imports whom.
check:
	@swift format lint --strict --configuration .swift-format $(SOURCES)
	@clang-format --dry-run --Werror $(C_SOURCES)
	@Scripts/check-imports
	$(BUILD)

format:
	@swift format format -i --configuration .swift-format $(SOURCES)
	@clang-format -i $(C_SOURCES)

# Records the screens anew; look at the difference before committing it.
snapshots:
	OCTET_RECORD_SNAPSHOTS=1 swift test -c release -Xswiftc -enable-testing --filter ScreensTests

# Only the golden vectors; OCTET_GOLDEN names another set of the same schema.
golden:
	swift test -c release -Xswiftc -enable-testing --filter Golden

# Inference against ONNX Runtime and OpenVINO, training against PyTorch: MODELS="NAME ..." chooses,
# THREADS=N, ISA=avx2 for inference, WRITE=1 updates the report.
bench-peers: build $(PEERS)/ready
	$(PEERS)/bin/python Benchmarks/peers.py --threads $(or $(THREADS),1) \
	  $(if $(ISA),--isa $(ISA)) $(if $(MODELS),--models $(MODELS)) $(if $(WRITE),--write)
	@$(MAKE) --no-print-directory bench-training

# Training alone; THREADS="N ..." chooses, both one and two by default.
bench-training: build $(PEERS)/ready
	@$(BUILD) --product octet-benchmarks
	$(PEERS)/bin/python Benchmarks/training.py $(if $(THREADS),--threads $(THREADS)) \
	  $(if $(MODELS),--models $(MODELS)) $(if $(WRITE),--write)

# Calibration against ONNX Runtime's quantize_static, and octet's start; needs OCTET_FIXTURES.
# ROUNDS=N, THREADS=N, WRITE=1 updates the report.
bench-calibration: build $(PEERS)/ready
	$(PEERS)/bin/python Benchmarks/calibration.py --threads $(or $(THREADS),2) \
	  --rounds $(or $(ROUNDS),3) $(if $(WRITE),--write)

# What training without labels gives back of an int8 model; needs OCTET_FIXTURES. WRITE=1 updates
# the report.
bench-distillation: build $(PEERS)/ready
	$(PEERS)/bin/python Benchmarks/distillation.py $(if $(WRITE),--write)

$(PEERS)/ready: Benchmarks/requirements.txt
	python3 -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check -r Benchmarks/requirements.txt
	@touch $@

# The same, then what a person waits for: MODEL, DATA and PREPROCESS as octet takes them.
bench: bench-peers
	.build/release/octet-benchmarks $(or $(MODEL),sessions/mnist_cnn.onnx) \
	  --data $(or $(DATA),sessions/mnist5k_data.npz) --preprocess '$(PREPROCESS)'

# Lines per module.
size:
	@for module in Sources/*/; do \
	  printf '%7d  %s\n' "$$(git ls-files "$$module" | grep -E '\.(swift|c|h)$$' | grep -v '\.pb\.swift$$' | xargs cat | wc -l)" "$$module"; \
	done

clean:
	rm -rf .build $(VENV) $(PEERS)
