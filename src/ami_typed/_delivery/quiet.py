"""The handler of the logger `ami_typed`: a program that does not configure logging gets no warnings on standard error.

Rules of this module:

- It is imported together with `logging`, for the first record.
- An exception of a callback or an observer (ERROR) is still printed if no other handler accepts it, as Python prints
  uncaught exceptions: otherwise it would be lost without a trace.
"""

from __future__ import annotations

import logging

__all__ = ["Quiet", "hush"]


class Quiet(logging.NullHandler):
    """Accepts records up to WARNING, so that `logging` does not print them as its last resort."""

    def handle(self, record: logging.LogRecord) -> bool:
        """Print an error that no other handler accepts."""
        if record.levelno >= logging.ERROR and logging.lastResort is not None and not _is_taken(record):
            logging.lastResort.handle(record)
        return True


def _is_taken(record: logging.LogRecord) -> bool:
    logger: logging.Logger | None = logging.getLogger(record.name)
    while logger is not None:
        if any(not isinstance(handler, Quiet) for handler in logger.handlers):
            return True
        logger = logger.parent if logger.propagate else None
    return False


def hush(logger: logging.Logger) -> logging.Logger:
    """Add such a handler to a logger, unless it has one. Return the logger."""
    if not any(isinstance(handler, Quiet) for handler in logger.handlers):
        logger.addHandler(Quiet())
    return logger
