"""The conformance scenario: makes a real server send and answer what it can, and judges every message against its class."""
