"""A SIP telephone over UDP, small and obliging: registers, subscribes, calls, takes calls, holds, transfers (RFC 3261).

Rules this module owns:

- A request waits for its final answer; a challenge (401, 407) is answered once, with MD5 (RFC 2617).
- What the server asks of the telephone is answered at once by its own thread: calls as `answers` says, all else with 200.
"""

from __future__ import annotations

import hashlib
import queue
import re
import socket
import threading
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Self

HOST = "127.0.0.1"
WAIT = 10.0
CHALLENGED = (401, 407)
_PAIR = re.compile(r'(\w+)="?([^",]+)"?')


class SipMessage(NamedTuple):
    """A request or an answer: its first line, its headers by small letters, its body."""

    first: str
    headers: dict[str, list[str]]
    body: str

    @classmethod
    def parse(cls, octets: bytes) -> SipMessage:
        """Read a datagram."""
        head, _, body = octets.decode("utf-8", "replace").partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        headers: dict[str, list[str]] = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers.setdefault(name.strip().lower(), []).append(value.strip())
        return cls(first, headers, body)

    def header(self, name: str) -> str:
        """Return a header's first value, empty text where it is absent."""
        return self.headers.get(name.lower(), [""])[0]

    @property
    def status(self) -> int:
        """The status of an answer, 0 for a request."""
        return int(self.first.split()[1]) if self.first.startswith("SIP/") else 0

    @property
    def method(self) -> str:
        """The method of a request, or of what an answer answers."""
        return self.header("CSeq").split()[-1]


class Telephone:
    """A telephone of one account.

    Args:
        account: The account's name.
        secret: Its secret.
        port: The server's SIP port on the loopback address.
        answers: The status that calls to it are answered with: 200, 180 (rings on), 486 (busy).
        own_port: The port to be at; any where it is 0.
    """

    def __init__(self, account: str, secret: str, port: int, *, answers: int = 200, own_port: int = 0) -> None:
        self.account = account
        self.answers = answers
        self._secret = secret
        self._server = (HOST, port)
        self._socket = bound(own_port)
        self._media = bound()
        self.port: int = self._socket.getsockname()[1]
        self._registered = False
        self._numbers = iter(range(1, 1_000_000))
        self._waiting: dict[str, queue.Queue[SipMessage]] = {}
        self.dialogs: dict[str, Dialog] = {}
        self._thread = threading.Thread(target=self._listen, name=f"telephone {account}", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._registered:
            self.register(0)
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join(WAIT)
        self._socket.close()
        self._media.close()

    @property
    def contact(self) -> str:
        """The telephone's own address."""
        return f"<sip:{self.account}@{HOST}:{self.port}>"

    @property
    def domain(self) -> str:
        """The server, as it stands in an address."""
        return f"{HOST}:{self._server[1]}"

    # What a person does with it

    def register(self, expires: int = 60, *, whom: str = "") -> int:
        """Register, or with 0 seconds unregister, oneself or somebody else; return the server's status."""
        own = f"<sip:{self.account}@{self.domain}>"
        dialog = Dialog(self.tag(), f"sip:{self.domain}", own, f"<sip:{whom or self.account}@{self.domain}>")
        status = self.ask(dialog, "REGISTER", {"Expires": str(expires)}).status
        self._registered = status == 200 and expires > 0 and not whom
        return status

    def subscribe(self, whom: str, event: str, accept: str, expires: int = 60, *, supported: str = "") -> Dialog:
        """Subscribe to the state of an extension or mailbox; return the dialogue, whose `status` is the server's."""
        dialog = self.dialog(whom)
        headers = {"Event": event, "Accept": accept, "Expires": str(expires)}
        answer = self.ask(dialog, "SUBSCRIBE", {**headers, **({"Supported": supported} if supported else {})})
        return dialog.confirm(answer)

    def publish(self, whom: str, event: str, kind: str, body: str) -> int:
        """Publish a state; return the server's status."""
        return self.ask(
            self.dialog(whom), "PUBLISH", {"Event": event, "Expires": "60", "Content-Type": kind}, body
        ).status

    def message(self, whom: str, text: str) -> int:
        """Send a text; return the server's status."""
        return self.ask(self.dialog(whom), "MESSAGE", {"Content-Type": "text/plain"}, text).status

    def options(self, whom: str) -> int:
        """Ask what the server can do; return its status."""
        return self.ask(self.dialog(whom), "OPTIONS", {}).status

    def invite(self, whom: str) -> Dialog:
        """Call an extension and wait for the answer; return the call."""
        dialog = self.dialog(whom)
        return self.reinvite(dialog, "sendrecv")

    def reinvite(self, dialog: Dialog, direction: str) -> Dialog:
        """Offer media once more: "sendonly" puts the other side on hold, "sendrecv" takes it back."""
        answer = self.ask(dialog, "INVITE", {"Content-Type": "application/sdp"}, self.sdp(direction))
        dialog.confirm(answer)
        if answer.status < 300:
            self._send(dialog, "ACK", {}, "", number=int(answer.header("CSeq").split()[0]))
        return dialog

    def info(self, dialog: Dialog, digit: str) -> int:
        """Press a key during a call (SIP INFO); return the server's status."""
        return self.ask(
            dialog, "INFO", {"Content-Type": "application/dtmf-relay"}, f"Signal={digit}\r\nDuration=100\r\n"
        ).status

    def refer(self, dialog: Dialog, whom: str, replaces: Dialog | None = None) -> int:
        """Transfer the other side of a call: blindly, or to the other side of another call of this telephone."""
        target = f"sip:{whom}@{self.domain}"
        if replaces is not None:
            target += f"?Replaces={replaces.call_id}%3Bto-tag%3D{replaces.remote_tag}%3Bfrom-tag%3D{replaces.local_tag}"
        return self.ask(dialog, "REFER", {"Refer-To": f"<{target}>", "Referred-By": self.contact}).status

    def bye(self, dialog: Dialog) -> int:
        """Hang up; return the server's status."""
        return self.ask(dialog, "BYE", {}).status

    def speak(self, dialog: Dialog, packets: int = 5) -> None:
        """Send a few packets of sound, and a report about them (RFC 3550)."""
        peer = dialog.media
        if peer is None:
            return
        for number in range(packets):
            head = bytes((0x80, 0)) + number.to_bytes(2) + (number * 160).to_bytes(4) + b"live"
            self._media.sendto(head + b"\x2a" * 160, peer)
        report = bytes((0x80, 200)) + (6).to_bytes(2) + b"live" + bytes(8) + (packets * 160).to_bytes(4)
        self._media.sendto(report + packets.to_bytes(4) + (packets * 160).to_bytes(4), (peer[0], peer[1] + 1))

    # Requests

    def dialog(self, whom: str) -> Dialog:
        """Begin a dialogue with an extension."""
        target = f"sip:{whom}@{self.domain}"
        return Dialog(self.tag(), target, f"<sip:{self.account}@{self.domain}>", f"<{target}>")

    def tag(self) -> str:
        """Return text that no other request of this telephone has."""
        return f"{self.account}-{self.port}-{next(self._numbers)}"

    def ask(self, dialog: Dialog, method: str, headers: dict[str, str], body: str = "") -> SipMessage:
        """Send a request and return the final answer, having answered a challenge."""
        answer = self._transaction(dialog, method, headers, body)
        if answer.status not in CHALLENGED:
            return answer
        name = "WWW-Authenticate" if answer.status == 401 else "Proxy-Authenticate"
        reply = self._credentials(method, dialog.target, answer.header(name))
        own = "Authorization" if answer.status == 401 else "Proxy-Authorization"
        return self._transaction(dialog, method, {**headers, own: reply}, body)

    def _transaction(self, dialog: Dialog, method: str, headers: dict[str, str], body: str) -> SipMessage:
        self.dialogs[dialog.call_id] = dialog
        waiting = self._waiting[dialog.call_id] = queue.Queue()
        number = self._send(dialog, method, headers, body)
        while True:
            try:
                answer = waiting.get(timeout=WAIT)
            except queue.Empty:
                raise TimeoutError(f"{method} was not answered.") from None
            if answer.header("CSeq") != f"{number} {method}" or answer.status < 200:
                continue
            if method == "INVITE" and answer.status >= 300:
                self._send(dialog, "ACK", {}, "", number=number, remote=answer.header("To"))
            return answer

    def _send(
        self, dialog: Dialog, method: str, headers: dict[str, str], body: str, *, number: int = 0, remote: str = ""
    ) -> int:
        if not number:
            dialog.number += 1
        number = number or dialog.number
        branch = dialog.branch if remote else f"z9hG4bK-{self.tag()}"
        dialog.branch = branch
        lines = [
            f"{method} {dialog.target} SIP/2.0",
            f"Via: SIP/2.0/UDP {HOST}:{self.port};branch={branch};rport",
            f"From: {dialog.local};tag={dialog.local_tag}",
            f"To: {remote or dialog.to}",
            f"Call-ID: {dialog.call_id}",
            f"CSeq: {number} {method}",
            f"Contact: {self.contact}",
            "Max-Forwards: 70",
            *(f"{name}: {value}" for name, value in headers.items()),
            f"Content-Length: {len(body.encode())}",
        ]
        self._socket.sendto("\r\n".join([*lines, "", body]).encode(), self._server)
        return number

    def _credentials(self, method: str, target: str, challenge: str) -> str:
        given = dict(_PAIR.findall(challenge))
        realm, nonce = given["realm"], given["nonce"]
        first = md5(f"{self.account}:{realm}:{self._secret}")
        second = md5(f"{method}:{target}")
        middle = f"{nonce}:00000001:c0ffee:auth" if "qop" in given else nonce
        more = ', qop=auth, nc=00000001, cnonce="c0ffee"' if "qop" in given else ""
        more += f', opaque="{given["opaque"]}"' if "opaque" in given else ""
        return (
            f'Digest username="{self.account}", realm="{realm}", nonce="{nonce}", uri="{target}", '
            f'response="{md5(f"{first}:{middle}:{second}")}", algorithm=MD5{more}'
        )

    def sdp(self, direction: str) -> str:
        """Return an offer of sound."""
        return (
            f"v=0\r\no=- 1 {next(self._numbers)} IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\n"
            f"m=audio {self._media.getsockname()[1]} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n"
            f"a=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
        )

    # What the server asks

    def _listen(self) -> None:
        while octets := self._socket.recv(65535):
            if b"SIP/2.0" not in octets:
                continue
            message = SipMessage.parse(octets)
            if not message.status:
                self._obey(message)
            elif waiting := self._waiting.get(message.header("Call-ID")):
                waiting.put(message)

    def _obey(self, request: SipMessage) -> None:
        match request.method:
            case "ACK":
                pass
            case "INVITE":
                self._be_called(request)
            case "CANCEL":
                self._reply(request, "200 OK")
                self._reply(
                    request._replace(
                        headers={**request.headers, "cseq": [request.header("CSeq").split()[0] + " INVITE"]}
                    ),
                    "487 Request Terminated",
                )
            case _:
                self._reply(request, "200 OK")

    def _be_called(self, request: SipMessage) -> None:
        dialog = self.dialogs.get(request.header("Call-ID"))
        if dialog is None:
            dialog = Dialog.answering(request, self.tag())
            self.dialogs[dialog.call_id] = dialog
            if self.answers != 486:
                self._reply(request, "180 Ringing")
        if self.answers == 200:
            self._reply(request, "200 OK", self.sdp("sendrecv"))
        elif self.answers == 486:
            self._reply(request, "486 Busy Here")

    def _reply(self, request: SipMessage, status: str, body: str = "") -> None:
        dialog = self.dialogs.get(request.header("Call-ID"))
        tag = f";tag={dialog.local_tag}" if dialog is not None and ";tag=" not in request.header("To") else ""
        lines = [
            f"SIP/2.0 {status}",
            *(
                f"{name}: {value}"
                for name in ("Via", "Record-Route")
                for value in request.headers.get(name.lower(), [])
            ),
            f"From: {request.header('From')}",
            f"To: {request.header('To')}{tag}",
            f"Call-ID: {request.header('Call-ID')}",
            f"CSeq: {request.header('CSeq')}",
            f"Contact: {self.contact}",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self._socket.sendto("\r\n".join([*lines, "", body]).encode(), self._server)


class Dialog:
    """One dialogue with the server: a call or a subscription.

    Attributes:
        target: Where requests in it go.
        status: The server's last status.
        media: Where the other side wants its sound.
    """

    def __init__(self, tag: str, target: str, local: str, remote: str) -> None:
        self.call_id = self.local_tag = self.branch = tag
        self.target = target
        self.local = local
        self.to = remote
        self.number = 0
        self.status = 0
        self.media: tuple[str, int] | None = None

    @classmethod
    def answering(cls, request: SipMessage, tag: str) -> Dialog:
        """Make the dialogue that a request of the server's begins."""
        dialog = cls(tag, address_in(request.header("Contact")), request.header("To"), request.header("From"))
        dialog.call_id = request.header("Call-ID")
        dialog.media = media_of(request.body)
        return dialog

    @property
    def remote_tag(self) -> str:
        """The other side's tag."""
        return self.to.partition(";tag=")[2]

    def confirm(self, answer: SipMessage) -> Dialog:
        """Take in what an answer says about the dialogue."""
        self.status = answer.status
        if answer.status < 300:
            self.to = answer.header("To")
            self.target = address_in(answer.header("Contact")) or self.target
            self.media = media_of(answer.body) or self.media
        return self


def bound(port: int = 0) -> socket.socket:
    """Return a UDP socket on the loopback address; port 0 stands for any."""
    result = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    result.bind((HOST, port))
    return result


def md5(text: str) -> str:
    """Return the MD5 of a text, as SIP's digests are made of."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def address_in(contact: str) -> str:
    """Return the address in a Contact header."""
    found = re.search(r"<([^>]+)>", contact)
    return found[1] if found else ""


def media_of(sdp: str) -> tuple[str, int] | None:
    """Return where an offer or answer wants its sound."""
    host, port = re.search(r"c=IN IP4 (\S+)", sdp), re.search(r"m=audio (\d+)", sdp)
    return (host[1], int(port[1])) if host and port else None
