"""I/O: sockets, TLS, threads, tasks and addresses."""
