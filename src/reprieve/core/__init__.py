"""Core: errors, provenance, parameters, random numbers, results, units, instruments, schemas (floor 0)."""
