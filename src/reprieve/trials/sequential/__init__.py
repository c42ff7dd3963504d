"""Looks at a trial before its end, and the power of trials by formula: what simulated designs are held against."""
