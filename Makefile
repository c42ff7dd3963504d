# Everything is installed inside this folder: uv in .uv, the environment in .venv.
# The second call of any target finds both in place and starts at once.

UV_VERSION := 0.13.9

PYTHON := .venv/bin/python
UV_READY := .uv/ready-$(UV_VERSION)
ENV_READY := .venv/ready
TEST_READY := .venv/ready-test
BENCH_READY := .venv/ready-bench

.PHONY: help demo test lint docs bench clean distclean

help:
	@echo "make demo    six infusions of a published trial, re-simulated; writes demo/report.html"
	@echo "make test    the whole test suite (ARGS=... is passed to pytest)"
	@echo "make lint    ruff, mypy, floors of the house"
	@echo "make docs    documentation into docs/_build/html"
	@echo "make bench   speed and accuracy against other solvers"
	@echo "make clean   removes what was written; make distclean also removes .venv and .uv"

# SERVE is accepted for the day when the demo goes on to serve pages; it ends after the report for now.
SERVE ?= 1
demo: $(ENV_READY)
	@mkdir -p demo
	.venv/bin/reprieve demo --out demo/report.html

test: $(TEST_READY)
	$(PYTHON) -m pytest -n 2 $(ARGS)

lint: $(ENV_READY)
	.venv/bin/ruff check
	.venv/bin/mypy
	.venv/bin/lint-imports

docs: $(ENV_READY)
	.venv/bin/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

bench: $(BENCH_READY)
	$(PYTHON) -m benchmarks $(ARGS)

clean:
	rm -rf demo dist docs/_build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	find src tests docs scripts benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

distclean: clean
	rm -rf .venv .uv

$(UV_READY): scripts/get-uv scripts/find-python
	scripts/get-uv $(UV_VERSION)
	@touch $@

$(ENV_READY): $(UV_READY) pyproject.toml uv.lock scripts/make-environment
	scripts/make-environment
	@touch $@

# The demo does without the samplers and the cluster; the tests need them.
$(TEST_READY): $(ENV_READY)
	scripts/make-environment --extra calibrate --extra cluster
	@touch $@

$(BENCH_READY): $(ENV_READY) scripts/need-compilers
	scripts/need-compilers
	scripts/make-environment --group bench
	@touch $@
