"""The simulator: a server that speaks like Asterisk; see `Simulator`."""
