"""Records scenes on both servers: ``python -m tests.telephony [SCENE ...]``, all by default. It takes some minutes."""

from __future__ import annotations

import argparse

from tests.live.servers import Server
from tests.telephony import recordings
from tests.telephony.comparing import Played
from tests.telephony.scenes import SCENES
from tests.telephony.served import Served


def played(release: str, scenes: list[str]) -> dict[str, Played]:
    """Return what a server of a release gives in scenes."""
    found: dict[str, Played] = {}
    with Server.start(release) as server:
        for scene in scenes:
            with Served(server) as stage:
                SCENES[scene](stage)
            found[scene] = Played.of(stage.log)
    return found


def main() -> None:
    """Record scenes."""
    parser = argparse.ArgumentParser(prog="python -m tests.telephony", description="Record scenes on both servers.")
    parser.add_argument("scenes", nargs="*", metavar="SCENE", choices=[*SCENES, []], help="by default all of them")
    scenes = parser.parse_args().scenes or list(SCENES)
    old, new = (played(release, scenes) for release in recordings.RELEASES)
    for scene in scenes:
        recordings.save(scene, old[scene], new[scene])


if __name__ == "__main__":
    main()
