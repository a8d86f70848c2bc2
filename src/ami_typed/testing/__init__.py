"""Stand-ins for Asterisk, for the tests of programs that use it: a simulator, and scripted dialogues.

A `Simulator` answers every action and sends every event, as the release that it is told to be:

```python
import ami_typed as ami
from ami_typed import events, testing

with testing.Simulator(asterisk="22") as simulator, ami.Manager() as manager:
    manager.connect(simulator.host, simulator.port)
    manager.login(simulator.user, simulator.secret)
    simulator.emit(events.Hangup(channel="PJSIP/alice-00000001", cause=16))
```

A `StandIn` plays a scripted dialogue to the program under test, byte by byte:

```python
PING = '''
S: Asterisk Call Manager/11.0.0
C: Action: Ping
C: ActionID: {ping}
C:
S: Response: Success
S: ActionID: {ping}
S: Ping: Pong
S:
'''
with testing.StandIn(testing.Scenario.of(PING)) as server, ami.Manager() as manager:
    manager.connect(server.host, server.port)
    assert manager.execute(actions.Ping()).success
```

The dialogue is a `Scenario`, a text that reads like a transcript; the module `scenarios` describes the format.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ami_typed.testing.clocks import Clock, RealClock, SteppedClock
    from ami_typed.testing.recordings import Recording, RecordingError
    from ami_typed.testing.scenarios import (
        Deed,
        Expect,
        HangUp,
        Leave,
        Pause,
        Say,
        Scenario,
        ScenarioError,
        Step,
        demo,
    )
    from ami_typed.testing.seam import Handler, ReceivedAction, Reply, Telephony
    from ami_typed.testing.simulator.answers import Refusal
    from ami_typed.testing.simulator.faults import Faults
    from ami_typed.testing.simulator.received import Received
    from ami_typed.testing.simulator.settings import Settings
    from ami_typed.testing.simulator.simulator import Simulator
    from ami_typed.testing.simulator.users import User
    from ami_typed.testing.stand_in import Departure, StandIn
    from ami_typed.testing.taps import Tap
    from ami_typed.testing.templates import Template

    __all__ = [
        "Clock",
        "Deed",
        "Departure",
        "Expect",
        "Faults",
        "Handler",
        "HangUp",
        "Leave",
        "Pause",
        "RealClock",
        "Received",
        "ReceivedAction",
        "Recording",
        "RecordingError",
        "Refusal",
        "Reply",
        "Say",
        "Scenario",
        "ScenarioError",
        "Settings",
        "Simulator",
        "StandIn",
        "Step",
        "SteppedClock",
        "Tap",
        "Telephony",
        "Template",
        "User",
        "demo",
    ]
else:
    import importlib

    _HOMES = {
        "clocks": "Clock RealClock SteppedClock",
        "recordings": "Recording RecordingError",
        "scenarios": "Deed Expect HangUp Leave Pause Say Scenario ScenarioError Step demo",
        "seam": "Handler ReceivedAction Reply Telephony",
        "simulator.answers": "Refusal",
        "simulator.faults": "Faults",
        "simulator.received": "Received",
        "simulator.settings": "Settings",
        "simulator.simulator": "Simulator",
        "simulator.users": "User",
        "stand_in": "Departure StandIn",
        "taps": "Tap",
        "templates": "Template",
    }
    _MODULES = {name: module for module, names in _HOMES.items() for name in names.split()}
    __all__ = list(_MODULES)

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=None)
        value = globals()[name] = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *_MODULES})
