"""The Python blocks of the pages and docstrings, each made a whole program.

Rules of this module:

- A program is what the pages say is given (`GIVEN`), what this block needs besides, the block itself, and what shows that
  it did what its page says. All of it is Python that a type checker sees and that runs.
- `127.0.0.1`, `pbx.example` and any other host are a stand-in of `ami_typed.testing` that plays the program's dialogue.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ami_typed.errors import Error

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "docs" / "pages"
SOURCES = ROOT / "src" / "ami_typed"
WITHOUT_CODE = {"actions", "events", "responses", "aggregates", "releases", "enums.py", "catalogue.py"}
"""Generated: what their docstrings hold is tried by tests of the generator, and none of it is Python."""

WHOLE = {"README.md", "index.md"}
"""Pages whose blocks are programs by themselves; the start page says what the others take as given."""
IMPORTS = """\
import ami_typed as ami
from ami_typed import actions, aggregates, enums, events
"""
MANAGER = """\
manager = ami.Manager()
manager.connect("127.0.0.1")
manager.login("user", "secret")
"""
"""What the start page says that the other pages take as given."""
SIMULATOR = """\
from ami_typed import testing

simulator = testing.Simulator(asterisk="22")
"""


class Block(NamedTuple):
    """A block of Python on a page or in a docstring.

    Attributes:
        page: The file, from the root of the project.
        number: Which of the page's blocks it is, from 1.
        line: The line of the page that its first line is.
        code: The Python.
    """

    page: str
    number: int
    line: int
    code: str

    @property
    def name(self) -> str:
        """The page and the number of the block."""
        return f"{self.page} {self.number}"


def blocks() -> list[Block]:
    """Return every block of Python in the README, the pages and the docstrings of the package."""
    sources = [file for file in SOURCES.rglob("*.py") if file.relative_to(SOURCES).parts[0] not in WITHOUT_CODE]
    pages = [*PAGES.glob("*.md"), *PAGES.glob("reference/*.md")]  # those that are kept, not those that are built
    files = [ROOT / "README.md", *pages, *sources]
    return [block for file in sorted(files) for block in blocks_of(file)]


def blocks_of(file: Path) -> Iterator[Block]:
    """Find the blocks of one file."""
    text = file.read_text("utf-8")
    page = file.relative_to(ROOT).as_posix().removeprefix("docs/pages/").removeprefix("src/ami_typed/")
    found = re.finditer(r"^ *```python\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    for number, match in enumerate(found, 1):
        yield Block(page, number, text.count("\n", 0, match.start(1)) + 1, textwrap.dedent(match[1]))


class Program(NamedTuple):
    """What makes a whole program of a block.

    Attributes:
        given: What stands before it; `MANAGER` unless it says otherwise.
        then: What stands after it, to show that it did what its page says.
        dialogue: What the stand-in plays; "" where nothing connects.
        raises: What it ends by.
    """

    given: str = MANAGER
    then: str = ""
    dialogue: str = ""
    raises: type[Exception] | None = None

    def source(self, block: Block) -> tuple[str, int]:
        """Return the program, and the line of it that the block begins on."""
        before = self.given if block.page in WHOLE else IMPORTS + self.given
        return f"{before}{block.code}{self.then}", before.count("\n") + 1


def log_in(number: int = 1, user: str = "user") -> str:
    """Return the dialogue of a connection up to where the program goes on, with its number among them."""
    return f"""\
S: Asterisk Call Manager/11.0.0
C: Action: Challenge
C: ActionID: {{challenge{number}}}
C: AuthType: MD5
C:
S: Response: Success
S: ActionID: {{challenge{number}}}
S: Challenge: 156436133
S:
C: Action: Login
C: ActionID: {{login{number}}}
C: Username: {user}
C: AuthType: MD5
C: Key: 8eabe2458056267a6ac71b12df05cfa0
C:
S: Response: Success
S: ActionID: {{login{number}}}
S: Message: Authentication accepted
S:
S: Event: FullyBooted
S: Privilege: system,all
S: Status: Fully Booted
S:
C: Action: CoreSettings
C: ActionID: {{settings{number}}}
C:
S: Response: Success
S: ActionID: {{settings{number}}}
S: AMIversion: 11.0.0
S: AsteriskVersion: 22.10.1
S:
"""


QUEUES = """\
C: Action: QueueStatus
C: ActionID: {queues}
C:
S: Response: Success
S: ActionID: {queues}
S: EventList: start
S: Message: Queue status will follow
S:
S: Event: QueueParams
S: ActionID: {queues}
S: Queue: sales
S:
S: Event: QueueMember
S: ActionID: {queues}
S: Queue: sales
S: Name: Anna
S: Paused: 0
S:
S: Event: QueueStatusComplete
S: ActionID: {queues}
S: EventList: Complete
S: ListItems: 2
S:
"""
ORIGINATE = """\
C: Action: Originate
C: ActionID: {call}
C: ...
C:
"""
PLACED = """\
S: Response: Success
S: ActionID: {call}
S: Message: Originate successfully queued
S:
"""
ANSWERED = """\
S: Event: OriginateResponse
S: ActionID: {call}
S: Response: Success
S: Channel: PJSIP/alice-1
S: Reason: 4
S: Uniqueid: 1.1
S:
"""
REFUSED = """\
S: Response: Error
S: ActionID: {call}
S: Message: Extension does not exist.
S:
"""
A_CALL = """\
S: Event: Newchannel
S: Channel: Local/100@default-1;1
S: ChannelState: 0
S: Uniqueid: 1.1
S:
S: Event: Hangup
S: Channel: Local/100@default-1;1
S: ChannelState: 6
S: Uniqueid: 1.1
S: Cause: 16
S:
"""
LOST_AND_BACK = f"""\
S closes
{log_in(2)}C: Action: CoreShowChannels
C: ActionID: {{channels}}
C:
S: Response: Success
S: ActionID: {{channels}}
S: EventList: start
S:
S: Event: CoreShowChannelsComplete
S: ActionID: {{channels}}
S: EventList: Complete
S: ListItems: 0
S:
"""
PING = """\
C: Action: Ping
C: ActionID: {ping}
C:
S: Response: Success
S: ActionID: {ping}
S: Ping: Pong
S:
"""
COMMANDS = """\
C: Action: ListCommands
C: ActionID: {commands}
C:
S: Response: Success
S: ActionID: {commands}
S: ListCommands: List available manager commands. (Priv: <none>)
S:
"""
DONGLES = """\
C: Action: DongleShowDevices
C: ActionID: {dongles}
C:
S: Response: Success
S: ActionID: {dongles}
S: EventList: start
S:
S: Event: DongleDeviceEntry
S: ActionID: {dongles}
S: Device: dongle0
S: Voice: Yes
S:
S: Event: DongleShowDevicesComplete
S: ActionID: {dongles}
S: EventList: Complete
S: ListItems: 1
S:
"""
HANGUP = """\
event = events.Hangup(
    {"Event": "Hangup", "Channel": "PJSIP/1", "ChannelState": "6", "Cause": "16", "Cause-txt": "Normal", "CallerIDName": "O\\\\'Brien"}
)
"""
MODULES = "".join(block.code for block in blocks_of(PAGES / "modules.md") if block.number == 2)
"""The imports that the blocks below them on that page take as given."""

LIVE = """\
from datetime import UTC, datetime

from ami_typed import live
from ami_typed.pbx import Pbx
"""
WAITING = """

def waiting(stream: ami.EventStream[ami.Event]) -> list[ami.Event]:
    return []


"""

PROGRAMS = {
    "README.md 1": Program(
        "",
        "assert isinstance(event, events.Hangup)\n",
        log_in() + QUEUES + ORIGINATE + PLACED + A_CALL,
    ),
    "index.md 1": Program("", "assert member.name == 'Anna'\n", log_in() + QUEUES),
    "index.md 2": Program("", "", log_in() + A_CALL + "S closes\n", Error),
    "index.md 3": Program(""),
    "connections.md 1": Program("manager = ami.Manager()\n", "assert manager.is_connected()\n", log_in()),
    "connections.md 2": Program("def vault_secret() -> str:\n    return 'secret'\n", "", log_in()),
    "connections.md 3": Program(
        """\
import asyncio
import logging

log = logging.getLogger("shop.telephony")


def on_hangup(event: events.Hangup, manager: ami.AsyncManager) -> None:
    print(event.cause)


""",
        "asyncio.run(main())\n",
        log_in(),
    ),
    "connections.md 4": Program(
        "from pathlib import Path\n\npath = Path('/run/secrets/ami')\n",
        "assert manager.address == ('pbx.example', 5038)\n",
        log_in(),
    ),
    "connections.md 5": Program(
        "manager = ami.Manager(reconnect=ami.Reconnect(first=0.01))\n",
        "manager.connect('127.0.0.1')\nmanager.login('user', 'secret')\n",
        log_in() + LOST_AND_BACK,
    ),
    "connections.md 6": Program(
        then="signal.raise_signal(signal.SIGTERM)\nassert not manager.is_connected()\n", dialogue=log_in()
    ),
    "connections.md 7": Program(
        "from pathlib import Path\n\npath = Path('/run/secrets/ami')\nmanager = ami.Manager()\n",
        "post_fork(None, None)\nassert manager.is_connected()\n",
        log_in(),
    ),
    "drift.md 1": Program(dialogue=log_in()),
    "events.md 1": Program("", f"{HANGUP}on_hangup(event, ami.Manager())\n"),
    "events.md 2": Program(HANGUP, 'assert event.caller_id_name == "O\'Brien"\n'),
    "events.md 3": Program(
        "",
        f"""\
{HANGUP}log(event)
on_dial(events.DialBegin({{"Event": "DialBegin", "DestChannel": "PJSIP/2", "Channel": "PJSIP/1"}}), ami.Manager())
""",
    ),
    "events.md 4": Program(
        "from ami_typed import responses\n",
        "assert (hangup.cause, refused.success, queues.valid, dial.snapshot) == (16, False, True, None)\n",
    ),
    "events.md 5": Program("", "assert str(manager.timezone) == 'Europe/Berlin'\n"),
    "events.md 6": Program(HANGUP),
    "inside.md 1": Program("manager = ami.Manager()\n"),
    "inside.md 2": Program("manager = ami.Manager()\n"),
    "inside.md 3": Program(then="manager.execute(actions.Ping())\n", dialogue=log_in() + PING),
    "migrating.md 1": Program(
        "",
        "assert (Queues('sales').timeout, Queues('sales').synchronous, Queues('sales')['Queue']) == (17, True, 'sales')\n",
    ),
    "modules.md 1": Program(
        f"{MANAGER}\n\ndef on_anything(event: ami.Event, manager: ami.Manager) -> None:\n    print(event)\n\n\n",
        "manager.execute(actions.Ping())\nassert stream.get(10)['Size'] == '7'\n",
        log_in() + PING + "S: Event: DonglePortFail\nS: Size: 7\nS:\n",
    ),
    "modules.md 2": Program(""),
    "modules.md 3": Program(
        MODULES,
        f"""\
{MANAGER}
assert [(each.device, each.voice) for each in manager.execute(DongleShowDevices()).devices] == [("dongle0", True)]
sms = DongleNewSMS({{"Event": "DongleNewSMS", "Device": "d", "From": "+49", "MessageLine0": "hello"}})
assert (sms.sender, sms.lines) == ("+49", {{"0": ["hello"]}})
""",
        log_in() + DONGLES,
    ),
    "modules.md 4": Program(MODULES, "assert SCCPDevices('1').devices == []\n"),
    "modules.md 5": Program(
        MODULES,
        "assert RPT_TXKEYED({'Event': 'RPT_TXKEYED', 'Node': '2000', 'EventValue': '1'}).keyed\n",
    ),
    "modules.md 6": Program(
        MODULES, "assert RPT_RXKEYED({'Event': 'RPT_RXKEYED', 'Node': '2000', 'EventValue': '1'}).node == '2000'\n"
    ),
    "modules.md 7": Program(
        MODULES,
        f"{MANAGER}stream = manager.subscribe(Welcome)\nmanager.execute(actions.Ping())\n"
        "assert stream.get(10).colour == 'red'\n",
        log_in() + PING + "S: Event: UserEvent\nS: UserEvent: Welcome\nS: Colour: red\nS:\n",
    ),
    **{f"live.md {number}": Program(LIVE) for number in range(1, 10)},  # tests/live_model/test_live_docs.py calls them
    "live.md 10": Program(LIVE + WAITING),
    "overload.md 1": Program("", "manager.close()\n", log_in()),
    "overload.md 2": Program(dialogue=log_in() + A_CALL + "S closes\n", raises=Error),
    "requests.md 1": Program(dialogue=log_in() + ORIGINATE + PLACED + ANSWERED),
    "requests.md 2": Program(then="assert queues.valid\n", dialogue=log_in() + QUEUES),
    "requests.md 3": Program(
        then="assert place_call(actions.Originate(channel='PJSIP/alice', application='Wait', data='1'))[0] == 409\n"
        "manager.close()\n"
        "assert place_call(actions.Originate(channel='PJSIP/alice', application='Wait', data='1'))[0] == 503\n",
        dialogue=log_in() + ORIGINATE + REFUSED,
    ),
    "_faces/common.py 1": Program(
        "from pathlib import Path\nfrom ami_typed import AsyncManager, Manager\n", "", log_in(user="admin")
    ),
    "messages.py 1": Program("", "assert Queues('sales')['Queue'] == 'sales'\n"),
    **{f"testing.md {number}": Program("from ami_typed import testing\n") for number in range(1, 9)},
    "testing/__init__.py 1": Program(""),
    "testing/__init__.py 2": Program("from ami_typed import testing\n"),
    "testing/telephony/pbx.py 1": Program(
        "from ami_typed import testing\n\npbx = testing.Simulator(clock=testing.SteppedClock()).pbx\n"
    ),
    "testing/simulator/faults.py 1": Program(SIMULATOR),
    "testing/simulator/simulator.py 1": Program("from ami_typed import testing\n"),
    "why.md 1": Program(dialogue=log_in() + COMMANDS),
}
