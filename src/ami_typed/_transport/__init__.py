"""Sockets, TLS, threads, tasks and addresses: everything that does I/O."""
