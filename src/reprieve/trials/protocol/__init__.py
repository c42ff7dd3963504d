"""Session rules that steer virtual infusions: paused, slowed, stopped or withheld, each decision with what it saw."""
