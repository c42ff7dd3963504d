"""Fast, exact simulation of the chain from a schedule to synapses: one method, two executors, one door."""
