"""Sans-I/O protocol: framing, requests and answers, log-in. Bytes and timestamps in, messages and results out."""
