"""Writes the configuration folder of one server: the templates in etc/ with its ports, secrets and folders filled in.

Rules this module owns:

- Everything a server listens on is on the loopback address and on a port that was free when it was picked.
- Secrets are new for every server: a manager user may run programs as the user the server runs as, which is root.
"""

from __future__ import annotations

import secrets
import socket
import string
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

HOST = "127.0.0.1"
TEMPLATES = Path(__file__).parent / "etc"
USER_NAMES = ("full", "reader", "clerk", "filtered", "impatient", "barred")


@dataclass(frozen=True)
class User:
    """A user of the manager interface, or of a SIP or IAX2 account."""

    name: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Ports:
    """The ports of one server, each free for TCP and UDP when picked.

    Attributes:
        ami: The manager interface.
        ami_tls: The manager interface over TLS.
        http: HTTP, with the manager interface at /rawman, /manager and /mxml.
        pjsip: SIP over UDP and TCP, by chan_pjsip.
        pjsip_tls: SIP over TLS, by chan_pjsip.
        sip: SIP over UDP, by chan_sip (Asterisk 16).
        iax: IAX2.
        skinny: Skinny (Asterisk 16).
        dead: Nobody listens here; what is never there is said to be here.
    """

    ami: int
    ami_tls: int
    http: int
    pjsip: int
    pjsip_tls: int
    sip: int
    iax: int
    skinny: int
    dead: int

    @classmethod
    def pick(cls) -> Ports:
        """Pick ports that are free now, all different."""
        with ExitStack() as held:
            return cls(*(free_port(held) for _ in fields(cls)))


def free_port(held: ExitStack) -> int:
    """Return a port that is free for TCP and UDP, and keep it so until `held` is closed."""
    while True:
        tcp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        udp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        tcp.bind((HOST, 0))
        port: int = tcp.getsockname()[1]
        try:
            udp.bind((HOST, port))
        except OSError:
            continue
        return port


def new_users() -> dict[str, User]:
    """Return the users of manager.conf by name, with new secrets."""
    return {name: User(name, secrets.token_hex(12)) for name in USER_NAMES}


class ConfigurationTemplate(string.Template):
    """A configuration file with %%{placeholders}: both `$` and `@` mean something in Asterisk's files."""

    delimiter = "%%"


def write(destination: Path, release: str, values: dict[str, str | int]) -> None:
    """Write the configuration of a release into a folder: the files for all releases, then those for its major one."""
    folders = [TEMPLATES, TEMPLATES / "agi-bin", TEMPLATES / f"only-{release.split('.', maxsplit=1)[0]}"]
    (destination / "agi-bin").mkdir(parents=True)
    for path in (path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir()) if path.is_file()):
        program = path.parent.name == "agi-bin"
        target = destination / "agi-bin" / path.name if program else destination / path.name
        target.write_text(ConfigurationTemplate(path.read_text("utf-8")).substitute(values), "utf-8")
        target.chmod(0o755 if program else 0o644)


def values_for(home: str, modules: str, ports: Ports, users: dict[str, User], phone: User) -> dict[str, str | int]:
    """Return what the templates' placeholders stand for.

    Args:
        home: The server's own folder, as the server sees it.
        modules: The folder of Asterisk's modules, as the server sees it.
        ports: Its ports.
        users: Its manager users by name.
        phone: Whose secret every SIP and IAX2 account has.
    """
    return {
        "home": home,
        "modules": modules,
        "secret_phone": phone.secret,
        **{f"secret_{name}": user.secret for name, user in users.items()},
        **{f"{name}_port": port for name, port in asdict(ports).items()},
    }
