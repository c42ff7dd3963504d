"""Effect sizes, pooling, heterogeneity, regression, bias: what R metafor does, under frozen results."""
