"""The engine beside adaptive solvers on the same equations, in one run: `python -m benchmarks`."""
