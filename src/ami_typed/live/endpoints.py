"""Endpoints: the phones and trunks that register or are registered with, and their contacts.

Rules of this module:

- An endpoint is named as its device is: ``PJSIP/alice``, ``SIP/bob``, ``IAX2/branch``. `PJSIPShowEndpoints`, `SIPpeers`
  and `IAXpeers` list them; no event reports that one was added to the configuration, but a reload does.
- Contacts belong to addresses of record, which endpoints may share. `PJSIPShowEndpoints` lists them all;
  `PJSIPShowContacts` has the state of registered ones, and `PJSIPShowEndpoint` that of those in pjsip.conf. Each
  `ContactStatus` carries the whole state of one.
- `DeviceStateChange` and `PeerStatus` carry the whole state of an endpoint as a device and as a peer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from ami_typed import actions, enums, events
from ami_typed.live.changes import Change, frozen_change
from ami_typed.live.differences import Difference, differing, existing
from ami_typed.live.tables import Kind, Reading, Reducer, Refusals, Table, Teller, Watched

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import timedelta
    from typing import Any

    from ami_typed.messages import Event, Request

__all__ = [
    "Contact",
    "ContactAdded",
    "ContactChange",
    "ContactRemoved",
    "ContactStatusChanged",
    "Endpoint",
    "EndpointAdded",
    "EndpointChange",
    "EndpointRemoved",
    "EndpointStateChanged",
    "Endpoints",
    "PeerStatusChanged",
]

_PEER_STATES = {
    "OK": enums.PeerState.REACHABLE,
    "LAGGED": enums.PeerState.LAGGED,
    "UNREACHABLE": enums.PeerState.UNREACHABLE,
    "UNKNOWN": enums.PeerState.UNKNOWN,
    "Unmonitored": enums.PeerState.UNMONITORED,
}
"""The first word of a listed peer's status (channels/chan_iax2.c, peer_status; channels/chan_sip.c, peer_status)."""


class Contact(Watched):
    """An address at which an endpoint can be reached.

    Attributes:
        uri: The address.
        aor: The address of record that it belongs to.
        status: Its reachability; `None` if unknown.
        roundtrip: The round-trip time of the last OPTIONS; `None` if it did not answer or is not qualified.
    """

    __slots__ = ("aor", "roundtrip", "status", "uri")

    def __init__(self, aor: str, uri: str) -> None:
        super().__init__()
        self.aor = aor
        self.uri = uri
        self.status: enums.ContactState | str | None = None
        self.roundtrip: timedelta | None = None

    def __repr__(self) -> str:
        return f"<Contact {self.aor}/{self.uri}: {self.status}>"


class Endpoint(Watched):
    """An endpoint.

    Attributes:
        name: The name, as its device's: ``PJSIP/alice``.
        technology: The technology: ``PJSIP``, ``SIP`` or ``IAX2``.
        aors: Its addresses of record; empty for other technologies than PJSIP.
        device_state: Its state as a device; `None` if unknown.
        status: Its state as a peer, as far as a list or an event reported it; else `None`.
    """

    __slots__ = ("_contacts", "aors", "device_state", "name", "status", "technology")

    def __init__(self, name: str, contacts: Mapping[str, Mapping[str, Contact]]) -> None:
        super().__init__()
        self.name = name
        self.technology = name.partition("/")[0]
        self.aors: tuple[str, ...] = ()
        self.device_state: enums.DeviceState | str | None = None
        self.status: enums.PeerState | str | None = None
        self._contacts = contacts

    def __repr__(self) -> str:
        return f"<Endpoint {self.name}: {self.device_state}>"

    @property
    def contacts(self) -> list[Contact]:
        """The addresses at which it can be reached."""
        return [contact for aor in self.aors for contact in [*self._contacts.get(aor, {}).values()]]


@frozen_change
class EndpointChange(Change):
    """A change to an endpoint."""

    endpoint: Endpoint


@frozen_change
class EndpointAdded(EndpointChange):
    """An endpoint was added."""


@frozen_change
class EndpointRemoved(EndpointChange):
    """An endpoint was removed."""


@frozen_change
class EndpointStateChanged(EndpointChange):
    """The state of an endpoint's device changed."""

    state: enums.DeviceState | str
    """The new state."""
    before: enums.DeviceState | str | None
    """The previous state, `None` if unknown."""


@frozen_change
class PeerStatusChanged(EndpointChange):
    """An endpoint registered or unregistered, or its reachability changed."""

    status: enums.PeerState | str
    """The new state."""
    before: enums.PeerState | str | None
    """The previous state, `None` if unknown."""


@frozen_change
class ContactChange(Change):
    """A change to a contact."""

    contact: Contact


@frozen_change
class ContactAdded(ContactChange):
    """A contact was added: a phone registered."""


@frozen_change
class ContactRemoved(ContactChange):
    """A contact was removed: a phone unregistered, or its registration expired."""


@frozen_change
class ContactStatusChanged(ContactChange):
    """The reachability of a contact changed."""

    status: enums.ContactState | str | None
    """The new state."""
    before: enums.ContactState | str | None
    """The previous state, `None` if unknown."""


@dataclass(slots=True)
class Listed:
    """What the lists say of an endpoint."""

    aors: tuple[str, ...] = ()
    device_state: enums.DeviceState | str | None = None
    status: enums.PeerState | str | None = None


@dataclass(slots=True)
class State:
    """What a list or an event says of a contact; without a status, its existence."""

    aor: str
    uri: str
    status: enums.ContactState | str | None = None
    roundtrip: timedelta | None = None


@dataclass(slots=True)
class Lists:
    """What the lists say: endpoints and contacts by name."""

    endpoints: dict[str, Listed] = field(default_factory=dict[str, Listed])
    contacts: dict[str, State] = field(default_factory=dict[str, State])


class Endpoints(Table[Endpoint], Kind[Lists]):
    """The endpoints, by name: ``PJSIP/alice``."""

    name: ClassVar[str] = "endpoints"

    def __init__(self) -> None:
        super().__init__()
        self._contacts: Table[Contact] = Table()
        self._by_aor: dict[str, dict[str, Contact]] = {}

    @property
    def contacts(self) -> Table[Contact]:
        """All contacts, by address of record and URI: ``alice/sip:alice@192.0.2.1``."""
        return self._contacts

    def reducers(self) -> Mapping[type[Event], Reducer]:
        """Return what each event changes."""
        return {
            events.ContactStatus: self._contact,
            events.PeerStatus: self._peer,
            events.DeviceStateChange: self._device,
        }

    def requests(self) -> tuple[type[Request[Any]], ...]:
        """Return the requests for lists."""
        pjsip = (actions.PJSIPShowEndpoints, actions.PJSIPShowContacts, actions.PJSIPShowEndpoint)
        return (*pjsip, actions.SIPpeers, actions.IAXpeers)

    def read(self, refusals: Refusals) -> Reading[Lists]:
        """Read all endpoints, and their contacts."""
        lists = Lists()
        endpoints = yield from refusals.tried(actions.PJSIPShowEndpoints())
        if endpoints is not None:
            yield from self._read_pjsip(refusals, endpoints.endpoints, lists)
        sip = yield from refusals.tried(actions.SIPpeers())
        iax = yield from refusals.tried(actions.IAXpeers())
        for item in [*(sip.peers if sip is not None else ()), *(iax.peers if iax is not None else ())]:
            name = f"{item.channel_type}/{item.object_name.partition('/')[0]}"
            if self.wants(name):
                lists.endpoints[name] = Listed(status=_peer_state(item.status or ""))
        return lists

    def _read_pjsip(
        self, refusals: Refusals, endpoints: Collection[events.EndpointList], lists: Lists
    ) -> Reading[None]:
        """Read the contacts of endpoints, and their states."""
        watched = [each for each in endpoints if self.wants(f"PJSIP/{each.object_name}")]
        registered = yield from refusals.tried(actions.PJSIPShowContacts())
        states = {item.uri: item for item in registered.contacts} if registered is not None else {}
        for item in watched:
            lists.endpoints[f"PJSIP/{item.object_name}"] = Listed(tuple(item.aors), item.device_state)
            for contact in filter(None, item.contacts):
                aor, _, uri = contact.partition("/")
                known = states.get(uri)
                if contact not in lists.contacts and known is not None:
                    lists.contacts[contact] = State(aor, uri, known.status, known.roundtrip_usec)
            if any(contact not in lists.contacts for contact in filter(None, item.contacts)):
                yield from self._read_states(refusals, item, lists)

    def _read_states(self, refusals: Refusals, item: events.EndpointList, lists: Lists) -> Reading[None]:
        """Read the states of contacts in the configuration."""
        detail = yield from refusals.tried(actions.PJSIPShowEndpoint(endpoint=item.object_name))
        for each in detail.contacts if detail is not None else ():
            lists.contacts[f"{each.aor}/{each.uri}"] = State(each.aor, each.uri, each.status, each.roundtrip_usec)
        for contact in filter(None, item.contacts):
            aor, _, uri = contact.partition("/")
            lists.contacts.setdefault(contact, State(aor, uri))

    def join(self, picture: Teller, lists: Lists) -> Collection[str]:
        """Merge the lists with the events since their reading began."""
        lists = self._watched(lists)
        self.merge(picture, lists.endpoints, self._list, self._remove, always=True)
        self._contacts.merge(picture, lists.contacts, self._see_contact, self._remove_contact)
        return ()

    def compare(self, lists: Lists) -> Iterator[Difference]:
        """Compare the endpoints and contacts with fresh lists."""
        lists = self._watched(lists)
        yield from existing("endpoint", self.names, [*lists.endpoints])
        for name in lists.endpoints.keys() & set(self.names):
            mine, theirs = self[name], lists.endpoints[name]
            pairs = {
                "device_state": (mine.device_state, theirs.device_state),
                "status": (mine.status, theirs.status),
            }
            known = {key: pair for key, pair in pairs.items() if pair[1] is not None and not _is_transient(pair[0])}
            yield from differing(f"endpoint {name}", _firsts(known), {key: pair[1] for key, pair in known.items()})
        yield from existing("contact", self._contacts.names, [*lists.contacts])
        for name in lists.contacts.keys() & set(self._contacts.names):
            status = lists.contacts[name].status
            if status is not None and not _is_transient(self._contacts[name].status):
                yield from differing(f"contact {name}", {"status": self._contacts[name].status}, {"status": status})

    def _watched(self, lists: Lists) -> Lists:
        """Return what is watched of the lists."""
        if self.chosen is None:
            return lists
        endpoints = {name: each for name, each in lists.endpoints.items() if self.wants(name)}
        aors = {aor for each in endpoints.values() for aor in each.aors}
        return Lists(endpoints, {name: each for name, each in lists.contacts.items() if each.aor in aors})

    # Endpoints

    def _device(self, picture: Teller, event: events.DeviceStateChange) -> None:
        endpoint = self.get(event.device)
        if endpoint is not None or (picture.loading and self.wants(event.device)):
            self.report(picture, event.device, "device_state", event.state)
        if endpoint is not None:
            self._see_state(picture, endpoint, event.state)

    def _peer(self, picture: Teller, event: events.PeerStatus) -> None:
        endpoint = self.get(event.peer)
        self.report(picture, event.peer, "status", event.peer_status)
        if endpoint is not None:
            self._see_status(picture, endpoint, event.peer_status)
        elif self.wants(event.peer) and not picture.loading:
            picture.unexpected += 1

    def _list(self, picture: Teller, name: str, item: Listed) -> None:
        endpoint = self.get(name)
        state = self.reported(name, "device_state", item.device_state)
        status = self.reported(name, "status", item.status)
        if endpoint is None:
            endpoint = self.put(name, Endpoint(name, self._by_aor))
            endpoint.device_state, endpoint.status = state, status
            picture.tell(EndpointAdded, endpoint=endpoint)
        endpoint.aors = item.aors
        if state is not None:
            self._see_state(picture, endpoint, state)
        if status is not None and not (_is_transient(endpoint.status) and status == _REACHED):
            self._see_status(picture, endpoint, status)

    def _see_state(self, picture: Teller, endpoint: Endpoint, state: enums.DeviceState | str) -> None:
        if endpoint.device_state != state:
            before, endpoint.device_state = endpoint.device_state, state
            picture.tell(EndpointStateChanged, endpoint=endpoint, state=state, before=before)

    def _see_status(self, picture: Teller, endpoint: Endpoint, status: enums.PeerState | str) -> None:
        if endpoint.status != status:
            before, endpoint.status = endpoint.status, status
            picture.tell(PeerStatusChanged, endpoint=endpoint, status=status, before=before)

    def _remove(self, picture: Teller, name: str) -> None:
        endpoint = self.drop(picture, name)
        if endpoint is not None:
            picture.tell(EndpointRemoved, endpoint=endpoint)

    # Contacts

    def _contact(self, picture: Teller, event: events.ContactStatus) -> None:
        if self.chosen is not None and not self._is_watched(event):
            return
        name = f"{event.aor}/{event.uri}"
        if event.contact_status == enums.ContactState.REMOVED:
            self._remove_contact(picture, name)
            return
        told = State(event.aor, event.uri, event.contact_status, event.roundtrip_usec)
        self._see_contact(picture, name, told).touched = picture.reading

    def _is_watched(self, event: events.ContactStatus) -> bool:
        return f"PJSIP/{event.endpoint_name}" in self or any(event.aor in each.aors for each in self)

    def _see_contact(self, picture: Teller, name: str, told: State) -> Contact:
        contact = self._contacts.get(name)
        is_new = contact is None
        if contact is None:
            contact = self._contacts.put(name, Contact(told.aor, told.uri))
            self._by_aor[told.aor] = {**self._by_aor.get(told.aor, {}), told.uri: contact}
        before, contact.roundtrip = contact.status, told.roundtrip
        if told.status is not None:
            contact.status = told.status
        if is_new:
            picture.tell(ContactAdded, contact=contact)
        elif contact.status != before:
            picture.tell(ContactStatusChanged, contact=contact, status=contact.status, before=before)
        return contact

    def _remove_contact(self, picture: Teller, name: str) -> None:
        contact = self._contacts.drop(picture, name)
        if contact is None:
            picture.unexpected += not picture.loading
            return
        left = {uri: each for uri, each in self._by_aor.get(contact.aor, {}).items() if each is not contact}
        self._by_aor[contact.aor] = left
        if not left:
            del self._by_aor[contact.aor]
        picture.tell(ContactRemoved, contact=contact)


_REACHED = enums.PeerState.REACHABLE
_TRANSIENT: tuple[object, ...] = (
    *(enums.ContactState.CREATED, enums.ContactState.UPDATED),
    *(enums.PeerState.REGISTERED, enums.PeerState.UNREGISTERED, enums.PeerState.REJECTED),
)
"""States that events report and lists do not: what just happened, instead of what is."""


def _is_transient(state: object) -> bool:
    return state in _TRANSIENT


def _firsts(pairs: Mapping[str, tuple[object, object]]) -> dict[str, object]:
    return {key: pair[0] for key, pair in pairs.items()}


def _peer_state(status: str) -> enums.PeerState | str | None:
    """Return the state of a listed peer, ``OK (3 ms)``."""
    return _PEER_STATES.get(status.partition(" ")[0])
