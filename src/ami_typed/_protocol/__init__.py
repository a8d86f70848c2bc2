"""One conversation with a server, without I/O: bytes and times in, messages and results out."""
