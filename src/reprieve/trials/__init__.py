"""Published trials run again with virtual patients, and trials that are still a design."""
