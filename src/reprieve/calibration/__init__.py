"""The model learns from the evidence: what is fitted, what stays assumed, and the posterior that is shipped.

Fitting needs the extra `calibrate` (JAX and NumPyro). Reading the shipped posterior needs NumPy alone.
"""
