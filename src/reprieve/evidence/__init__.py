"""Evidence: every published study as open data, effect sizes and pooling, the answer, the ledger of claims."""
