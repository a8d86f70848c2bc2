"""Durations, counts and other numbers that programs give, and every public parameter that takes one."""

from __future__ import annotations

import asyncio
import inspect
import math
import pkgutil
import re
import threading
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ami_typed as ami
from ami_typed import actions, live
from ami_typed.aiopbx import AsyncChangeStream, AsyncPlacedCall
from ami_typed.pbx import ChangeStream, PlacedCall
from ami_typed.quantities import LONGEST, count, real, seconds, seconds_or_none, whole
from ami_typed.testing import Scenario, StandIn
from tests.faces import FACES, face
from tests.support import PATIENCE, Gadget, Peer, Server, answer, background, message

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from types import ModuleType

    from tests.faces import Make

pytestmark = pytest.mark.usefixtures("gadgets")

NO_DURATIONS = {
    "text": "5",
    "bytes": b"5",
    "empty text": "",
    "yes": True,
    "no": False,
    "not a number": math.nan,
    "list": [5],
    "tuple": (5,),
    "mapping": {"seconds": 5},
    "complex": 5j,
    "decimal": Decimal(5),
    "moment": datetime(2026, 1, 1),
    "class": float,
    "object": object(),
}
"""What no parameter takes for a duration, by what it is."""

LONG = {
    "timedelta": timedelta(minutes=1),
    "fraction": Fraction(121, 2),
    "infinity": math.inf,
    "more than a century": 10**30,
    "more than a float holds": 10**400,
    "the longest timedelta": timedelta.max,
}
"""Durations that nobody waits for to the end, by what they are."""


@given(st.floats(0, LONGEST))
def test_a_number_of_seconds_and_the_same_as_a_timedelta_are_one_duration(number: float) -> None:
    assert seconds(number, "timeout") == number
    assert seconds(timedelta(seconds=number), "timeout") == pytest.approx(number, abs=1e-6)


@pytest.mark.parametrize("duration", [5, 5.0, Fraction(5), timedelta(seconds=5)])
def test_a_duration_becomes_a_float(duration: object) -> None:
    assert (seconds(duration, "timeout"), type(seconds(duration, "timeout"))) == (5.0, float)


@pytest.mark.parametrize("duration", [math.inf, 10**30, 10**400, Fraction(10**400), timedelta.max])
def test_what_is_longer_than_anybody_waits_is_no_limit(duration: object) -> None:
    assert seconds(duration, "timeout") == LONGEST


@pytest.mark.parametrize("duration", NO_DURATIONS.values(), ids=NO_DURATIONS)
def test_what_is_no_duration_is_refused_without_being_shown(duration: object) -> None:
    with pytest.raises(
        (TypeError, ValueError), match=r"^timeout must be a number of seconds or a timedelta, "
    ) as refused:
        seconds(duration, "timeout")
    assert str(refused.value).endswith(".")
    assert repr(duration) not in str(refused.value)


@pytest.mark.parametrize("duration", [-1, -0.001, -math.inf, timedelta(seconds=-1), Fraction(-(10**400))])
def test_less_than_nothing_is_refused_unless_it_is_what_is_left_until_a_deadline(duration: object) -> None:
    with pytest.raises(ValueError, match=r"^first must be a number of seconds or a timedelta, 0 or more\.$"):
        seconds(duration, "first")
    assert seconds(duration, "timeout", passed=True) == 0


def test_zero_is_refused_where_it_makes_no_sense() -> None:
    assert seconds(0, "timeout") == 0
    with pytest.raises(ValueError, match=r"above 0\.$"):
        seconds(0, "interval", above_zero=True)


def test_none_is_a_duration_only_where_there_may_be_no_limit() -> None:
    assert seconds_or_none(None, "timeout") is None
    assert seconds_or_none(3, "timeout") == 3
    with pytest.raises(TypeError, match="not None"):
        seconds(None, "timeout")


@pytest.mark.parametrize("number", [*NO_DURATIONS.values(), 5.0, math.inf, None])
def test_what_is_no_whole_number_is_no_count(number: object) -> None:
    with pytest.raises(TypeError, match=r"^limit must be a whole number, not "):
        count(number, "limit")


def test_a_count_has_a_least() -> None:
    assert (count(1, "limit"), count(10**30, "limit"), count(0, "attempts", least=0)) == (1, 10**30, 0)
    assert (whole(-5, "port"), type(whole(ami.enums.HangupCause.NORMAL_CLEARING, "port"))) == (-5, int)
    for few in (0, -1, -(10**400)):
        with pytest.raises(ValueError, match=r"^limit must be a whole number, 1 or more\.$"):
            count(few, "limit")


@pytest.mark.parametrize("number", [math.nan, -0.5, 1.5, math.inf, 10**400])
def test_a_number_has_a_range(number: float) -> None:
    assert real(0.5, "jitter", least=0, most=1) == 0.5
    with pytest.raises(ValueError, match=r"^jitter must be a number from 0 to 1\.$"):
        real(number, "jitter", least=0, most=1)


# Every parameter there is


class Parameter(NamedTuple):
    """A public parameter that takes a duration."""

    owner: str
    function: str
    name: str
    optional: bool

    @property
    def place(self) -> tuple[str, str, str]:
        return self.owner, self.function, self.name


def public_classes() -> Iterator[Any]:
    for module in public_modules():
        for owner in vars(module).values():
            if inspect.isclass(owner) and owner.__module__ == module.__name__ and not owner.__name__.startswith("_"):
                yield owner


def public_modules() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(ami.__path__, "ami_typed."):
        if not found.name.rpartition(".")[2].startswith("_"):
            yield import_module(found.name)
    yield import_module("ami_typed.testing.stand_in")


def parameters() -> Iterator[Parameter]:
    """Find the parameters of the public classes, and what may be set on them, by what they are annotated with."""
    for owner in public_classes():
        annotations = inspect.get_annotations(owner)
        for name, text in annotations.items():
            if "Seconds" in str(text):
                yield Parameter(owner.__name__, "", name, "None" in str(text))
        for name, function in inspect.getmembers(owner, inspect.isfunction):
            if function.__module__.startswith("ami_typed.") and (name == "__init__" or not name.startswith("_")):
                for each in inspect.signature(function).parameters.values():
                    if "Seconds" in str(each.annotation):
                        yield Parameter(owner.__name__, name, each.name, "None" in str(each.annotation))


PLACES = sorted({*parameters(), Parameter("Request", "", "timeout", optional=False)})
"""Every parameter; the time-out of a request is declared as what it is read as."""

TAKES_SECONDS = {
    *((owner, "get", "timeout") for owner in ("EventStream", "AsyncEventStream")),
    *(
        (owner, function, name)
        for owner in ("Manager", "AsyncManager")
        for function, name in (
            ("__init__", "aggregate_timeout"),
            ("__init__", "orphaned_response_timeout"),
            ("connect", "timeout"),
            ("execute", "timeout"),
            ("login", "timeout"),
            ("login", "wait"),
            ("monitor_connection", "interval"),
            ("originate", "margin"),
            ("wait_connected", "timeout"),
            ("wait_for", "timeout"),
            ("wait_until_booted", "timeout"),
        )
    ),
    *((owner, "get", "timeout") for owner in ("ChangeStream", "AsyncChangeStream")),
    *((owner, each, "timeout") for owner in ("PlacedCall", "AsyncPlacedCall") for each in ("answered", "ended")),
    *((owner, "get_batch", "timeout") for owner in ("EventStream", "AsyncEventStream")),
    ("Overflow", "block", "seconds"),
    *(("Reconnect", "", name) for name in ("first", "ceiling", "give_up_after")),
    ("Request", "", "timeout"),
    ("StandIn", "__init__", "patience"),
}
"""The parameters that take durations, so that none is missed by what finds them."""


def in_seconds(owner: type, function: str) -> set[str]:
    """Return the parameters of a function whose documentation says that they are seconds."""
    described = inspect.getdoc(owner if function == "__init__" else getattr(owner, function)) or ""
    arguments = described.partition("Args:\n")[2].partition("\n\n")[0]
    each = re.findall(r"^    (\w+): (.*(?:\n     .*)*)", arguments, re.MULTILINE)
    return {name for name, text in each if "in seconds" in " ".join(text.split())}


def test_every_parameter_that_takes_seconds_says_so_in_its_type() -> None:
    assert {each.place for each in PLACES} == TAKES_SECONDS
    for owner in (ami.Manager, ami.AsyncManager, ami.EventStream, ami.AsyncEventStream):
        for function, _ in inspect.getmembers(owner, inspect.isfunction):
            if function == "__init__" or not function.startswith("_"):
                typed = {name for cls, each, name in TAKES_SECONDS if (cls, each) == (owner.__name__, function)}
                assert in_seconds(owner, function) <= typed


class Pbx:
    """A server that answers whatever is asked, and remembers it."""

    def __init__(self, server: Server, manager: ami.Manager, name: str) -> None:
        self.face = name
        self.server = server
        self.manager = manager
        self.asked: list[str] = []
        self.serve(server.link(manager))

    def serve(self, peer: Peer) -> None:
        peer.serve(self._reply)

    @contextmanager
    def pinging(self) -> Generator[None]:
        """Have event after event come, one for each ping."""
        over = threading.Event()

        def ping() -> None:
            while not over.is_set():
                self.manager.execute(ami.Request("Ping"))

        done = background(ping)
        try:
            yield
        finally:
            over.set()
            done.result(PATIENCE)

    def _reply(self, request: dict[str, str]) -> bytes:
        self.asked.append(request["Action"])
        action_id = request["ActionID"]
        events = {
            "Ping": message("Event: Gadget", "Size: 1"),
            "Login": message("Event: FullyBooted", "Status: Fully Booted"),
            "Originate": message("Event: OriginateResponse", f"ActionID: {action_id}", "Response: Success"),
        }
        return answer(action_id, "Success", "Challenge: 1") + events.get(request["Action"], b"")


@contextmanager
def pbx(server: Server, name: str) -> Generator[Pbx]:
    with face(name) as manager:
        yield Pbx(server, manager, name)


def make_manager(at: Pbx, place: Parameter, value: Any) -> None:
    with face(at.face, **{place.name: value}):
        pass


def reconnect(at: Pbx, place: Parameter, value: Any) -> None:
    with face(at.face, reconnect=ami.Reconnect(**{place.name: value})):
        pass


def request(at: Pbx, place: Parameter, value: Any) -> None:
    requests: list[ami.Request[Any]] = [ami.Request("Ping"), type("Own", (actions.Ping,), {"timeout": value})()]
    requests[0].timeout = value
    for each in requests:
        at.manager.execute(each)
        at.manager.send_action(each)


def get(at: Pbx, place: Parameter, value: Any) -> None:
    with at.manager.subscribe(Gadget) as stream:
        at.manager.execute(ami.Request("Ping"))
        assert stream.get(value).size == 1


def get_batch(at: Pbx, place: Parameter, value: Any) -> None:
    with at.manager.subscribe(Gadget) as stream:
        at.manager.execute(ami.Request("Ping"))
        (event,) = stream.get_batch(value)
        assert event.size == 1


def get_change(at: Pbx, place: Parameter, value: Any) -> None:
    pbx: Any = None
    if at.face == "threads":
        stream = ChangeStream[live.Change](pbx, (live.Change,))
        stream._end()
        with pytest.raises(StopIteration):
            stream.get(value)
        return
    changes = AsyncChangeStream[live.Change](pbx, (live.Change,))
    changes._end()
    with pytest.raises(StopAsyncIteration):
        asyncio.run(changes.get(value))


def placed(at: Pbx, place: Parameter, value: Any) -> None:
    """Wait for a call that is over."""
    placement = live.Placement("1")
    placement.lost = True
    if at.face == "threads":
        call = PlacedCall(placement)
        call._check()
        getattr(call, place.function)(value)
        return
    later = AsyncPlacedCall(placement)
    later._check()
    asyncio.run(getattr(later, place.function)(value))


def wait_for(at: Pbx, place: Parameter, value: Any) -> None:
    with at.pinging():
        assert at.manager.wait_for(Gadget, timeout=value).size == 1


def originate(at: Pbx, place: Parameter, value: Any) -> None:
    call = actions.Originate(channel="Local/1", application="Wait")
    assert at.manager.originate(call, margin=value).event == "OriginateResponse"


USES: dict[str, Callable[[Pbx, Parameter, Any], object]] = {
    "Manager.__init__": make_manager,
    "Manager.connect": lambda at, place, value: at.serve(at.server.link(at.manager, value)),
    "Manager.execute": lambda at, place, value: at.manager.execute(actions.Ping(), timeout=value),
    "Manager.login": lambda at, place, value: at.manager.login("admin", "secret", **{place.name: value}),
    "Manager.monitor_connection": lambda at, place, value: at.manager.monitor_connection(value),
    "Manager.originate": originate,
    "Manager.wait_connected": lambda at, place, value: at.manager.wait_connected(value),
    "Manager.wait_for": wait_for,
    "Manager.wait_until_booted": lambda at, place, value: at.manager.wait_until_booted(value),
    "EventStream.get": get,
    "EventStream.get_batch": get_batch,
    "ChangeStream.get": get_change,
    "PlacedCall.answered": placed,
    "PlacedCall.ended": placed,
    "Overflow.block": lambda at, place, value: ami.Overflow.block(value),
    "Reconnect.": reconnect,
    "Request.": request,
    "StandIn.__init__": lambda at, place, value: StandIn(Scenario("none", ()), patience=value).close(),
}
"""How a program gives a duration, by class and function."""


def use(place: Parameter, value: Any, at: Pbx) -> None:
    """Give a duration, as a program would."""
    USES[f"{place.owner.removeprefix('Async')}.{place.function}"](at, place, value)


def of_faces(places: list[Parameter]) -> list[Any]:
    """Pair each parameter with the faces that have it."""
    return [
        pytest.param(place, name, id=f"{'.'.join(filter(None, place.place))}-{name}")
        for place in places
        for name in FACES
        if (name == "asyncio") == place.owner.startswith("Async") or place.owner not in FACED
    ]


FACED = {
    f"{prefix}{name}" for prefix in ("", "Async") for name in ("Manager", "EventStream", "ChangeStream", "PlacedCall")
}
MAY_BE_NEGATIVE = {("Request", "timeout")} | {
    (owner, function)
    for owner in FACED
    for function in (
        "answered",
        "ended",
        "execute",
        "get",
        "get_batch",
        "wait_connected",
        "wait_for",
        "wait_until_booted",
    )
}
"""Where a program may give what is left until a deadline."""
ABOVE_ZERO = {"connect", "monitor_connection"}


def refused_at(place: Parameter) -> dict[str, Any]:
    """Return what a parameter refuses, by what it is."""
    values = dict(NO_DURATIONS)
    if not place.optional:
        values["none"] = None
    if (place.owner, place.function or place.name) not in MAY_BE_NEGATIVE:
        values |= {"negative": -1, "a negative timedelta": timedelta(seconds=-1), "minus infinity": -math.inf}
    if place.function in ABOVE_ZERO or place.owner == "StandIn":
        values["zero"] = 0
    return values


@pytest.mark.parametrize(("place", "name"), of_faces(PLACES))
def test_a_wrong_duration_is_refused_with_a_sentence_before_anything_is_sent(
    place: Parameter, name: str, server: Server
) -> None:
    with pbx(server, name) as at:
        for what, value in refused_at(place).items():
            with pytest.raises((TypeError, ValueError)) as refused:
                use(place, value, at)
            assert not isinstance(refused.value, OSError), what
            assert place.name in str(refused.value), (what, refused.value)
            assert str(refused.value).endswith("."), what
            assert getattr(at.manager, "_handlers").sinks is False, what  # noqa: B009 - of either face
            assert at.manager.execute(actions.Ping()).success, what
        assert set(at.asked) == {"Ping"}


@pytest.mark.parametrize(("place", "name"), of_faces(PLACES))
def test_a_timedelta_and_a_very_long_duration_are_waited_for(place: Parameter, name: str, server: Server) -> None:
    with pbx(server, name) as at:
        at.manager.login("admin", "secret")
        for value in [*LONG.values(), *([None] if place.optional else [])]:
            use(place, value, at)
            assert at.manager.execute(actions.Ping()).success


@pytest.mark.parametrize("name", FACES)
@pytest.mark.parametrize("timeout", [0, -1, -math.inf, timedelta(seconds=-1)])
def test_a_deadline_that_has_passed_is_waited_for_no_more(timeout: Any, name: str, server: Server) -> None:
    with face(name) as manager:
        server.link(manager)
        request = ami.Request("Ping")
        request.timeout = timeout
        assert manager.send_action(request) is None
        with pytest.raises(ami.ActionTimeout, match="within 0 s"):
            manager.execute(request)
        with pytest.raises(ami.ActionTimeout, match="within 0 s"):
            manager.execute(ami.Request("Ping"), timeout=timeout)
        with pytest.raises(ami.EventTimeout, match="within 0 s"):
            manager.wait_for(Gadget, timeout=timeout)
        with manager.subscribe(Gadget) as stream, pytest.raises(ami.EventTimeout, match="within 0 s"):
            stream.get(timeout)
        with pytest.raises(ami.StillBooting):
            manager.wait_until_booted(timeout)
        manager.wait_connected(timeout)


# Other numbers


@pytest.mark.parametrize("limit", ami.Limits._fields)
@pytest.mark.parametrize("number", [*NO_DURATIONS.values(), None, 5.0, math.inf, timedelta(1), 0, -1])
def test_a_limit_that_is_no_whole_number_above_zero_is_refused_before_anything_connects(
    limit: str, number: Any, make: Make
) -> None:
    with pytest.raises((TypeError, ValueError), match=rf"^Limits\.{limit} must be a whole number, "):
        make(limits=ami.Limits(**{limit: number}))


@pytest.mark.parametrize("number", [*NO_DURATIONS.values(), 5.0, math.inf, timedelta(1), 0, -1])
def test_a_streams_limit_that_is_no_whole_number_above_zero_is_refused(number: Any, make: Make, server: Server) -> None:
    manager = make()
    server.link(manager)
    with pytest.raises((TypeError, ValueError), match=r"^limit must be a whole number, "):
        manager.subscribe(Gadget, limit=number)
    assert getattr(manager, "_handlers").sinks is False  # noqa: B009 - of either face


plan: Any = ami.Reconnect
policy: Any = ami.Overflow


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"limits": None}, "limits must be a Limits, not None."),
        ({"limits": (1, 2, 3)}, "limits must be a Limits, not tuple."),
        ({"reconnect": True}, "reconnect must be a Reconnect, not bool."),
        ({"reconnect": plan(factor=0.5)}, "Reconnect.factor must be a number from 1 to 1e+09."),
        ({"reconnect": plan(factor="2")}, "Reconnect.factor must be a number, not str."),
        ({"reconnect": plan(jitter=2)}, "Reconnect.jitter must be a number from 0 to 1."),
        ({"reconnect": plan(attempts=-1)}, "Reconnect.attempts must be a whole number, 0 or more."),
        (
            {"reconnect": plan(attempts=2.0)},
            "Reconnect.attempts must be a whole number, not float.",
        ),
        ({"overflow": "block"}, "overflow must be an Overflow, not str."),
        ({"overflow": policy("oldest", False, -1)}, "seconds must be a number of seconds or a timedelta, 0 or more."),
        ({"overflow": policy("both")}, "Overflow.drops must be 'oldest' or 'newest'."),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_when_the_manager_is_made(
    setting: dict[str, Any], sentence: str, make: Make
) -> None:
    with pytest.raises((TypeError, ValueError), match=f"^{re.escape(sentence)}$"):
        make(**setting)


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        ({"host": b"127.0.0.1"}, "host must be the name or address of a server, not bytes."),
        ({"host": 5038}, "host must be the name or address of a server, not int."),
        ({"port": "5038"}, "port must be a whole number, not str."),
        ({"port": 5038.0}, "port must be a whole number, not float."),
        ({"port": True}, "port must be a whole number, not bool."),
        ({"port": None}, "port must be a whole number, not None."),
        ({"tls": "yes"}, "tls must be True, False or an ssl.SSLContext, not str."),
        ({"tls": None}, "tls must be True, False or an ssl.SSLContext, not None."),
    ],
)
def test_a_server_that_cannot_be_meant_is_refused_before_the_connection_is_closed(
    where: dict[str, Any], sentence: str, make: Make, server: Server
) -> None:
    manager = make()
    peer = server.link(manager)
    connect: Any = manager.connect
    with pytest.raises(TypeError, match=f"^{re.escape(sentence)}$"):
        connect(**{"host": "127.0.0.1", **where})
    peer.serve(lambda request: answer(request["ActionID"]))
    assert manager.execute(actions.Ping()).success


def test_an_address_may_be_one_of_pythons(make: Make, server: Server) -> None:
    manager = make()
    manager.connect(ip_address("127.0.0.1"), server.port)  # type: ignore[arg-type]  # checkers know of text only
    assert manager.address == ("127.0.0.1", server.port)


@pytest.mark.parametrize("text", ["5", "2.5", "1e30", "inf"])
def test_a_url_and_the_environment_take_the_same_durations(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMI_TYPED_HOST", "pbx")
    monkeypatch.setenv("AMI_TYPED_TIMEOUT", text)
    for made in (ami.Manager.from_url(f"ami://pbx?timeout={text}"), ami.Manager.from_env()):
        assert made._address is not None
        assert made._address.target.timeout == seconds(float(text), "timeout")
