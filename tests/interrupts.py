"""Signals that strike a call at one chosen bytecode instruction, one after the other.

    for interrupt in sweep(raising, every=1):
        with interrupt:
            manager.execute(...)

A signal is tripped as the instruction begins, in C, so that CPython runs its handler where it looks for signals next, as
it does for signals that come from outside: not between any two instructions, and not in the middle of the tracing.
"""

from __future__ import annotations

import ctypes
import functools
import gc
import itertools
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType, TracebackType
    from typing import Self

_trip = ctypes.PYFUNCTYPE(None, ctypes.c_int, ctypes.py_object, ctypes.py_object, ctypes.py_object)(
    ("PyErr_SetInterruptEx", ctypes.pythonapi)
)
"""Trips a signal. What a trace function is given besides is for nobody."""


class Interrupt:
    """Strikes the code of its block, at the instruction of a number.

    Args:
        number: Which instruction.
        handler: What the signal calls, without arguments.
        inside: What is part of the path of each file whose instructions count.

    Attributes:
        struck: Whether the signal was handled; where the block is over before, it was not.
        where: The function and line that were interrupted.
    """

    def __init__(self, number: int, handler: Callable[[], object], inside: str = "") -> None:
        self.struck = False
        self.where = ""
        self._left = number
        self._handler = handler
        self._inside = inside
        self._armed: Any = functools.partial(_trip, signal.SIGUSR1)

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGUSR1, self._strike)
        gc.disable()  # what a collection calls is nobody's to interrupt
        sys.settrace(self._trace)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.settrace(None)
        gc.enable()
        signal.signal(signal.SIGUSR1, self._before)

    def _strike(self, number: int, frame: FrameType | None) -> None:
        sys.settrace(None)
        if self.struck:
            return
        self.struck = True
        if frame is not None:
            self.where = f"{frame.f_code.co_filename.rpartition('/')[2]}:{frame.f_lineno} {frame.f_code.co_name}"
            if self._inside not in frame.f_code.co_filename:  # the instruction was a call of somebody else's function
                return
        self._handler()

    def _trace(self, frame: FrameType, event: str, arg: object) -> Any:
        file = frame.f_code.co_filename
        if file in {__file__, threading.__file__} or self._inside not in file:  # Thread.start() cannot be interrupted
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        if sys.version_info >= (3, 12):
            sys.settrace(self._trace)  # else the first frame with these settings is traced without its instructions
        return self._count

    def _count(self, frame: FrameType, event: str, arg: object) -> Any:
        if event == "opcode":
            self._left -= 1
            if self._left == 0:
                return self._armed
        return self._count


def sweep(handler: Callable[[], object], first: int = 1, step: int = 1, inside: str = "") -> Iterator[Interrupt]:
    """Yield an interrupt for each instruction, or each so many, until many in a row come too late for their block.

    One alone may, because a block does not do the same each time: another thread may have been faster.
    """
    late = 0
    for number in itertools.count(first, step):
        interrupt = Interrupt(number, handler, inside)
        yield interrupt
        late = 0 if interrupt.struck else late + 1
        if late > 30:
            return
