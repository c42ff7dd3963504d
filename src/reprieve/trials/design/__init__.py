"""A trial as a file: what is given to whom, when it is read, and what question it answers."""
