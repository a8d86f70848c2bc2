"""The handler of the logger `ami_typed`: a program that configures no logging has no warnings on its standard error.

Rules of this module:

- It is loaded with `logging`, when there is something to say.
- What a callback or an observer raised (ERROR) is printed all the same if no other handler takes it, as Python does
  with what no program catches: it would be lost without a trace.
"""

from __future__ import annotations

import logging

__all__ = ["Quiet", "hush"]


class Quiet(logging.NullHandler):
    """Takes records of warnings and below, so that `logging` does not print them as its last resort."""

    def handle(self, record: logging.LogRecord) -> bool:
        """Print an error that no other handler takes."""
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
    """Give a logger such a handler, unless it has one."""
    if not any(isinstance(handler, Quiet) for handler in logger.handlers):
        logger.addHandler(Quiet())
    return logger
