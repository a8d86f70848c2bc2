"""`Simulator`: an Asterisk for tests.

Rules of this module:

- A simulator runs on the event loop of its ``async with``, or on one background thread that all others share.
- Its methods may be called from any thread. What a test does is done before the next action of a client is handled.
- Misuse raises a sentence that says what to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import quote

from ami_typed.messages import Event, is_family
from ami_typed.quantities import seconds
from ami_typed.registry import event_class
from ami_typed.testing.clocks import RealClock
from ami_typed.testing.recordings import Recording
from ami_typed.testing.simulator.answers import checked
from ami_typed.testing.simulator.connection import Connection
from ami_typed.testing.simulator.desk import Desk
from ami_typed.testing.simulator.dialect import Dialect, headers_of, release_of
from ami_typed.testing.simulator.faults import Faults, name_of
from ami_typed.testing.simulator.loops import Place, borrowed, given_back
from ami_typed.testing.simulator.placed import Placed, simulated
from ami_typed.testing.simulator.received import Received, Recorder
from ami_typed.testing.simulator.replaying import Replayed
from ami_typed.testing.simulator.session import SentEvent
from ami_typed.testing.simulator.settings import Settings
from ami_typed.testing.simulator.tls import client_context, server_context
from ami_typed.testing.simulator.users import User

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Sequence
    from os import PathLike
    from types import TracebackType
    from typing import Self

    from ami_typed.quantities import Seconds
    from ami_typed.releases import Release
    from ami_typed.testing.clocks import SteppedClock
    from ami_typed.testing.seam import Emittable, Handler, HeaderLines, ReceivedAction, Telephony, TelephonyFactory
    from ami_typed.testing.simulator.answers import Answerable
    from ami_typed.testing.simulator.faults import Subject
    from ami_typed.testing.telephony import SimulatedPbx

__all__ = ["Simulator"]

T = TypeVar("T")


class Simulator:
    """A stand-in for an Asterisk server, which answers every action and sends every event.

    ```python
    with testing.Simulator(asterisk="22") as simulator, ami.Manager() as manager:
        manager.connect(simulator.host, simulator.port)
        manager.login(simulator.user, simulator.secret)
        simulator.emit(events.Hangup(channel="PJSIP/alice-00000001", cause=16))
    ```

    Enter it with ``with`` to run it on a background thread, or with ``async with`` on the current event loop.

    Args:
        asterisk: The release that it speaks like: ``"22"``, ``"16.28.0"``.
        users: Its users; by default one that may do everything.
        telephony: Creates the telephony behind it, which answers actions and emits events; by default a simulated
            telephone system, which `pbx` controls. `None` for none: every action then has its default answer.
        clock: Its clock, `SteppedClock` to let the test decide how time passes; by default the real time.
        tls: Whether to use TLS, with a certificate for loopback addresses that `client_context` trusts; or a context.
        settings: Further settings of the server.
        host: The address to listen on.
        port: The port to listen on; 0 for one that is free.

    Attributes:
        release: The release that it speaks like.
        clock: Its clock.
        faults: Faults on demand.
        telephony: The telephony behind it, or `None`.

    Raises:
        ValueError: This package does not know the release, or two users have the same name.
    """

    def __init__(
        self,
        *,
        asterisk: str | float | Release = "22",
        users: Iterable[User] = (User("admin", "secret"),),
        telephony: TelephonyFactory | None = simulated,
        clock: RealClock | SteppedClock | None = None,
        tls: bool | ssl.SSLContext = False,
        settings: Settings | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.release: Release = release_of(asterisk)
        self.clock: RealClock | SteppedClock = RealClock() if clock is None else clock
        self._users = list(users)
        if not self._users or len({user.name for user in self._users}) < len(self._users):
            raise ValueError(
                "A simulator needs at least one user, and each name once: users=[testing.User(name, secret)]."
            )
        self._recorder = Recorder()
        self._desk = Desk(Dialect(self.release), self.clock, settings or Settings(), self._users, self._recorder)
        self.faults = Faults(self.clock, lambda: [session.outlet for session in self._desk.sessions], self.emit)
        self._desk.faults = self.faults
        self._tls = server_context() if tls is True else tls or None
        self._wanted = (host, port)
        self._is_simulated = telephony is simulated
        self._server: asyncio.Server | None = None
        self._place: Place | None = None
        self.telephony: Telephony | None = None
        if telephony is not None:
            self.telephony = telephony(self.release, self.clock, self._desk.emit)
            self._desk.telephony = {name.lower(): each for name, each in self.telephony.handlers().items()}
        self._pbx = Placed(self.telephony, self.clock)

    # Where it is

    @property
    def host(self) -> str:
        """The address it listens on."""
        return self._desk.local[0]

    @property
    def port(self) -> int:
        """The port it listens on."""
        self._started()
        return self._desk.local[1]

    @property
    def user(self) -> str:
        """The name of its first user."""
        return self._users[0].name

    @property
    def secret(self) -> str:
        """The secret of its first user."""
        return self._users[0].secret

    @property
    def url(self) -> str:
        """The URL for `Manager.from_url`, with the credentials of its first user."""
        scheme = "ami" if self._tls is None else "amis"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{quote(self.user, safe='')}:{quote(self.secret, safe='')}@{host}:{self.port}"

    @staticmethod
    def client_context() -> ssl.SSLContext:
        """Return a TLS context for clients that trusts the certificate of simulators with ``tls=True``."""
        return client_context()

    @property
    def pbx(self) -> SimulatedPbx:
        """The simulated telephone system: its telephones, queues and dialplan, and the calls of a test.

        Raises:
            RuntimeError: The simulator was created with another telephony, or without one.
        """
        if self._is_simulated:
            return cast("SimulatedPbx", self._pbx)
        raise RuntimeError("This simulator has no simulated telephone system; create it without `telephony=`.")

    @property
    def tls_for_clients(self) -> ssl.SSLContext | bool:
        """The argument ``tls`` of `Manager.connect` for this simulator."""
        return client_context() if self._tls is not None else False

    # From beginning to end

    def start(self) -> None:
        """Listen, on the background thread.

        Raises:
            OSError: The address cannot be listened on.
            RuntimeError: It has been started already.
        """
        self._check_idle()
        place = borrowed()
        try:
            asyncio.run_coroutine_threadsafe(self._listen(place), place.loop).result()
        except BaseException:
            given_back()
            raise

    def stop(self) -> None:
        """Close all connections and stop listening. Has no effect if it is not running.

        Raises:
            Exception: What a handler of the test has raised.
        """
        self._stop()
        self._raise_failure(None)

    def _stop(self) -> None:
        place = self._place
        if place is not None:
            asyncio.run_coroutine_threadsafe(self._shut(), place.loop).result()
            given_back()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        self._raise_failure(error)

    async def __aenter__(self) -> Self:
        self._check_idle()
        await self._listen(Place(asyncio.get_running_loop(), threading.get_ident()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._shut()
        self._raise_failure(error)

    async def _listen(self, place: Place) -> None:
        if isinstance(self.clock, RealClock):
            self.clock.use(place.loop, self._desk.fail)
        host, port = self._wanted
        self._server = await place.loop.create_server(lambda: Connection(self._desk, place.loop, self._tls), host, port)
        self._desk.local = self._server.sockets[0].getsockname()[:2]
        self._desk.started = self.clock.now
        self.clock.place(place.run)
        self._place = place

    async def _shut(self) -> None:
        server, self._server, self._place = self._server, None, None
        self.clock.place(None)
        if server is None:
            return
        server.close()
        for session in list(self._desk.sessions):
            session.outlet.drop(reset=True)
        await asyncio.sleep(0)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(server.wait_closed(), 1)

    def _check_idle(self) -> None:
        if self._place is not None:
            raise RuntimeError("This simulator runs already; enter it once, or create another one.")

    def _started(self) -> Place:
        if self._place is None:
            raise RuntimeError("This simulator does not run; enter it first: `with testing.Simulator() as simulator:`.")
        return self._place

    def _raise_failure(self, error: BaseException | None) -> None:
        failure, self._desk.failure = self._desk.failure, None
        if failure is not None and error is None:
            raise failure

    # What it does

    def emit(self, event: Emittable | type[Event] | str, headers: HeaderLines = ()) -> None:
        """Send an event to every session that may and wants to receive it.

        Args:
            event: The event, ``events.Hangup(channel="PJSIP/100-1")``; its class, for blank headers; or its name.
            headers: Its headers if only its name is given, in the order of the wire.

        Raises:
            TypeError: The argument is no event, or its class is a family of several.
            ValueError: The simulated release has no such event, or a header contains a CR or LF.
        """
        place = self._started()
        prepared = self._desk.prepare(self._emittable(event, headers))
        place.post(lambda: self._desk.deliver(prepared))

    def emit_raw(self, octets: bytes) -> None:
        """Send bytes to every session that is logged in, whatever its privileges and filters."""
        event = SentEvent("", bytes(octets), frozenset())
        self._started().post(lambda: self._desk.deliver(event))

    def _emittable(self, event: Emittable | type[Event] | str, headers: HeaderLines) -> Emittable:
        named = _named((event, headers) if isinstance(event, str) else event)
        made: Any = event
        if isinstance(made, type) and issubclass(made, Event) and not is_family(made) and made is not Event:
            made = made()
        if isinstance(made, Event):
            self._check_release(type(made), made.event)
            return made
        if named is not None:
            self._check_release(event_class(named[0]), named[0])
            return named[0], headers_of(named[1])
        raise TypeError(
            f"emit() takes an event such as events.Hangup(channel=...), or a name with headers; {made!r} is neither."
        )

    def _check_release(self, cls: type[Event], name: str) -> None:
        if self.release not in cls.releases:
            raise ValueError(f"Asterisk {self.release} does not send {name}: it is an event of {cls.releases}.")

    def answer(self, action: Subject, answer: Answerable) -> None:
        """Give the answer to an action from now on.

        Args:
            action: The action's class, or its name.
            answer: A text for ``Message``, headers, an answer (``responses.CoreSettings(...)``), an aggregate or a list
                of events for an action with a list, lines of output for Command, a `Refusal`, or a function of the
                action that returns one of these. `None` restores the default.

        Raises:
            TypeError: This is no action, or no answer.
            ValueError: The simulated release has no such action.
        """
        name = self._action(action)
        checked(name, answer)

        def give() -> None:
            self._desk.given.pop(name.lower(), None)
            if answer is not None:
                self._desk.given[name.lower()] = answer

        self.clock.run(give)

    def command(self, command: str, output: Sequence[str]) -> None:
        """Give the output of one command of the command line, such as ``core show channels``, in lines."""
        self.clock.run(lambda: self._desk.commands.update({" ".join(command.split()): list(output)}))

    def handle(self, action: Subject, handler: Handler) -> None:
        """Have a function handle an action from now on, with full control of its answer; see `seam.Reply`."""
        name = self._action(action)
        self.clock.run(lambda: self._desk.handled.update({name.lower(): handler}))

    def _action(self, action: Subject) -> str:
        from ami_typed.registry import action_class

        name = name_of(action)
        cls = action_class(name)
        if not name or (isinstance(action, type) and issubclass(action, Event)):
            raise TypeError(f"This takes the class of an action such as actions.Ping, or its name; {action!r} is none.")
        if self.release not in cls.releases:
            raise ValueError(f"Asterisk {self.release} has no {name}: it is an action of {cls.releases}.")
        return name

    def run(self, function: Callable[[], T]) -> T:
        """Run a function on the simulator's event loop, and return its result or raise its exception."""
        return self._started().run(function)

    def replay(self, recording: str | PathLike[str] | Recording, *, speed: float = 1.0) -> None:
        """Play a recording: its events come at their times, and its actions are answered as they were.

        The time begins with the next log-in, or now if a client is logged in.

        Args:
            recording: The recording, or its file; see `ami-typed record` and `Tap`.
            speed: How much faster than it was recorded: 60 for a minute in a second, infinity for all at once.

        Raises:
            RecordingError: The file is not a recording.
            OSError: The file cannot be read.
            ValueError: The speed is not above 0.
        """
        if not speed > 0:
            raise ValueError("replay() takes a speed above 0, such as 60 or math.inf.")
        replayed = Replayed(recording if isinstance(recording, Recording) else Recording.read(recording))

        def begin() -> None:
            for line in replayed.lines:
                self.clock.call_later(line.time / speed, functools.partial(self._desk.send_recorded, line.octets))

        def prepare() -> None:
            self._desk.replayed = replayed
            if any(session.user is not None for session in self._desk.sessions):
                begin()
            else:
                self._desk.after_login.append(begin)

        self.clock.run(prepare)

    def boot(self) -> None:
        """Finish starting, if it was told to be starting: sends FullyBooted."""
        self._started().run(self._desk.boot)

    def unboot(self) -> None:
        """Be starting from now on: sessions that log in receive no FullyBooted until `boot`."""

        def unboot() -> None:
            self._desk.is_booted = False

        self.clock.run(unboot)

    def kick(self, user: str) -> int:
        """Close all sessions of a user. Return how many there were (``manager kick session``)."""

        def kick() -> int:
            sessions = [each for each in self._desk.sessions if each.user is not None and each.user.name == user]
            for session in sessions:
                session.close()
            return len(sessions)

        return self._started().run(kick)

    @property
    def sessions(self) -> list[str]:
        """The names of the users who are logged in, one for each session."""
        return self._started().run(lambda: [each.user.name for each in self._desk.sessions if each.user is not None])

    # What it has received

    def received(self, action: Subject = None, **parameters: Any) -> Received:
        """Return the actions that clients have sent.

        Such as ``assert simulator.received(actions.Originate, channel="PJSIP/100")``.

        Args:
            action: The action's class or name; `None` for every action.
            parameters: Parameters of the action with their values, as in its constructor; of an action without a class,
                headers with their texts.

        Returns:
            The actions in order of arrival; if there are none, an empty list whose ``repr`` says what did arrive.

        Raises:
            TypeError: The action has no such parameter, or its value has the wrong type.
        """
        return self._recorder.find(action, parameters)

    def wait_received(self, action: Subject = None, timeout: Seconds = 5, **parameters: Any) -> Received:
        """Return the same as `received`, waiting until there is one. Not on the simulator's own event loop.

        Raises:
            AssertionError: None arrives in time; the message says what did arrive.
            RuntimeError: The caller is on the simulator's event loop, where waiting would stop the simulator.
        """
        if self._started().is_here:
            raise RuntimeError(
                "wait_received() would block the simulator's event loop; await your client, then use received()."
            )
        found = self._recorder.wait(action, parameters, seconds(timeout, "timeout"))
        if not found:
            raise AssertionError(f"{found.explanation[:1].upper()}{found.explanation[1:]}.")
        return found

    def conversation(self) -> str:
        """Return all recorded actions, one a line, without secrets."""
        return self._recorder.listed()

    def observe(self, observer: Callable[[ReceivedAction], object]) -> None:
        """Call a function, on the simulator's event loop, with each action that a client sends from now on."""
        self.clock.run(lambda: self._desk.observers.append(observer))

    def after_login(self, function: Callable[[], object]) -> None:
        """Call a function once, on the simulator's event loop, after the next client has logged in."""
        self.clock.run(lambda: self._desk.after_login.append(function))

    def forget(self) -> None:
        """Forget all recorded actions."""
        self._recorder.clear()


def _named(event: object) -> tuple[str, HeaderLines] | None:
    """Return an event that is given as its name and its headers, `None` if it is given otherwise."""
    match event:
        case (str() as name, object() as headers) if name:
            return name, cast("HeaderLines", headers)
        case _:
            return None
