"""Every action and every event of Asterisk's Manager Interface, typed.

`Manager` and `AsyncManager` are the clients. `actions` contains the requests; `events`, `responses` and `aggregates`
contain the messages that the server sends, and `enums` their vocabularies. Importing this package loads none of these
modules; each is loaded on first use.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from ami_typed import actions, aggregates, catalogue, enums, errors, events, messages, responses
    from ami_typed._transport.sockets import SynchronisedSocket
    from ami_typed.aio import AsyncEventStream, AsyncManager
    from ami_typed.backoff import Reconnect
    from ami_typed.drift import DriftReport
    from ami_typed.errors import (
        ActionFailed,
        ActionTimeout,
        AddressError,
        AlreadyLoggedIn,
        AuthenticationFailed,
        ChangesDropped,
        ConnectFailed,
        ConnectionLost,
        Error,
        EventsDropped,
        EventTimeout,
        FieldError,
        HeaderRefused,
        ListTooLong,
        LoginFailed,
        ManagerError,
        ManagerSocketError,
        MayHaveHappened,
        NotAsterisk,
        NotConnected,
        NotInRelease,
        OutcomeTimeout,
        OutcomeUnknown,
        Overflowed,
        ProtocolError,
        RequestNotSent,
        StillBooting,
        TooManyPending,
        TurnedAway,
        Unavailable,
        UnclearAnswer,
        WrongContext,
    )
    from ami_typed.explanations import Explanation, Finding
    from ami_typed.limits import Limits
    from ami_typed.manager import EventStream, Manager
    from ami_typed.messages import (
        EVENT_GENERIC,
        KEY_ACTION,
        KEY_ACTIONID,
        KEY_EVENT,
        KEY_RESPONSE,
        RESPONSE_GENERIC,
        Aggregate,
        Answer,
        Event,
        ListRequest,
        Message,
        MessageTemplate,
        Request,
        Response,
    )
    from ami_typed.notices import Disconnected, EventsLost, Reconnected
    from ami_typed.observers import Observer
    from ami_typed.overflow import Overflow
    from ami_typed.registry import register
    from ami_typed.releases import Release, Releases
    from ami_typed.statistics import RoundTrips, Statistics

    # The documented names of the API that this package implements: aliases of the classes without the underscore.
    _Aggregate = Aggregate
    _Event = Event
    _Message = Message
    _MessageTemplate = MessageTemplate
    _Request = Request
    _Response = Response
    _SynchronisedSocket = SynchronisedSocket

    __all__ = [
        "EVENT_GENERIC",
        "KEY_ACTION",
        "KEY_ACTIONID",
        "KEY_EVENT",
        "KEY_RESPONSE",
        "RESPONSE_GENERIC",
        "ActionFailed",
        "ActionTimeout",
        "AddressError",
        "Aggregate",
        "AlreadyLoggedIn",
        "Answer",
        "AsyncEventStream",
        "AsyncManager",
        "AuthenticationFailed",
        "ChangesDropped",
        "ConnectFailed",
        "ConnectionLost",
        "Disconnected",
        "DriftReport",
        "Error",
        "Event",
        "EventStream",
        "EventTimeout",
        "EventsDropped",
        "EventsLost",
        "Explanation",
        "FieldError",
        "Finding",
        "HeaderRefused",
        "Limits",
        "ListRequest",
        "ListTooLong",
        "LoginFailed",
        "Manager",
        "ManagerError",
        "ManagerSocketError",
        "MayHaveHappened",
        "Message",
        "MessageTemplate",
        "NotAsterisk",
        "NotConnected",
        "NotInRelease",
        "Observer",
        "OutcomeTimeout",
        "OutcomeUnknown",
        "Overflow",
        "Overflowed",
        "ProtocolError",
        "Reconnect",
        "Reconnected",
        "Release",
        "Releases",
        "Request",
        "RequestNotSent",
        "Response",
        "RoundTrips",
        "Statistics",
        "StillBooting",
        "TooManyPending",
        "TurnedAway",
        "Unavailable",
        "UnclearAnswer",
        "WrongContext",
        "actions",
        "aggregates",
        "catalogue",
        "enums",
        "errors",
        "events",
        "messages",
        "register",
        "responses",
    ]
else:
    from ami_typed._lazy import namespace

    _HOMES = {
        "_transport.sockets": "SynchronisedSocket",
        "aio": "AsyncEventStream AsyncManager",
        "errors": (
            "ActionFailed ActionTimeout AddressError AlreadyLoggedIn AuthenticationFailed ChangesDropped ConnectFailed "
            "ConnectionLost Error EventTimeout EventsDropped FieldError HeaderRefused ListTooLong LoginFailed "
            "ManagerError ManagerSocketError MayHaveHappened NotAsterisk NotConnected NotInRelease OutcomeTimeout "
            "OutcomeUnknown Overflowed ProtocolError RequestNotSent StillBooting TooManyPending TurnedAway Unavailable "
            "UnclearAnswer WrongContext"
        ),
        "backoff": "Reconnect",
        "drift": "DriftReport",
        "explanations": "Explanation Finding",
        "notices": "Disconnected EventsLost Reconnected",
        "manager": "EventStream Manager",
        "messages": (
            "EVENT_GENERIC KEY_ACTION KEY_ACTIONID KEY_EVENT KEY_RESPONSE RESPONSE_GENERIC Aggregate Answer Event "
            "ListRequest Message MessageTemplate Request Response"
        ),
        "observers": "Observer",
        "overflow": "Overflow",
        "registry": "register",
        "releases": "Release Releases",
        "statistics": "RoundTrips Statistics",
        "limits": "Limits",
        "": "actions aggregates catalogue enums errors events messages responses",
    }
    _MODULES = {name: module for module, names in _HOMES.items() for name in names.split()}
    __all__ = [name for name in _MODULES if name != "SynchronisedSocket"]
    _load, __dir__ = namespace(__name__, globals(), _MODULES)

    def __getattr__(name):
        if name.startswith("_") and name[1:2].isupper():  # the documented names, `_Request` for `Request`
            return _load(name[1:])
        return _load(name)
