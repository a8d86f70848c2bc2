"""Builds and caches the root file systems of the Debian suites that carry the wanted Asterisk releases.

Rules this module owns:

- A root file system is used whole or not at all: it is built under another name and renamed when complete, one
  builder at a time, and rebuilt when the recipe it was built from has changed.
- It holds the very release that was asked for. A suite that has moved on is left for its snapshot.
- A program in it runs in a mount and process namespace of its own: what is mounted for it, and what it starts, is gone
  when it ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

DEBIAN = "http://deb.debian.org/debian"
MMDEBSTRAP_PACKAGES = ("mmdebstrap", "debian-archive-keyring")
DAHDI_PACKAGES = ("asterisk-dahdi", "libpri1.4", "libss7-2.0", "libopenr2-3", "libtonezone2.0")

# Unpacked without their dependencies: those would bring a compiler and kernel headers for hardware that is not there.
UNPACK_DAHDI = f"""chroot "$1" sh -ec '
    mkdir /dahdi
    cd /dahdi
    apt-get --quiet=2 --option APT::Sandbox::User=root download {" ".join(DAHDI_PACKAGES)}
    for package in *.deb; do dpkg-deb --extract "$package" /; done
    rm -r /dahdi'"""

STDERR = 2  # the descriptor: under a test runner sys.stderr may be no file
ENTER = 'mount --rbind /dev "$0/dev" && exec chroot "$0" "$@"'
SET_CLOCK = 'mount --bind "$1" "$0$(chroot "$0" readlink -f /etc/localtime)" && shift && '


class LiveServerError(RuntimeError):
    """A live server cannot be had; the message says why and what to do."""


@dataclass(frozen=True)
class Recipe:
    """Where one Asterisk release comes from: a Debian suite, its mirrors in order of preference, its packages."""

    release: str
    suite: str
    mirrors: tuple[str, ...]
    packages: tuple[str, ...]


# bullseye without its security updates: that suite never changes, so neither does the server.
RECIPES = {
    recipe.release: recipe
    for recipe in (
        Recipe(
            release="22.10.1",
            suite="sid",
            mirrors=(DEBIAN, "http://snapshot.debian.org/archive/debian/20261101T000000Z"),
            packages=("asterisk", "openssl"),
        ),
        Recipe(
            release="16.28.0",
            suite="bullseye",
            mirrors=(DEBIAN, "http://archive.debian.org/debian"),
            packages=("asterisk", "asterisk-voicemail", "openssl"),
        ),
    )
}


def say(text: str) -> None:
    """Tell the person who waits what is being done, one line on standard error."""
    print(f"live: {text}", file=sys.stderr, flush=True)


def cache_folder() -> Path:
    """Return the folder that keeps root file systems: $AMI_TYPED_CACHE, else ami-typed in the user's cache folder."""
    if own := os.environ.get("AMI_TYPED_CACHE"):
        return Path(own).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "ami-typed"


def ensure(release: str) -> Path:
    """Return the root file system that holds an Asterisk release, building it first where the cache has none.

    Args:
        release: One of the keys of `RECIPES`.

    Raises:
        LiveServerError: When the release is unknown, when not run as root, or when no mirror gives that release.
    """
    recipe = RECIPES.get(release)
    if recipe is None:
        raise LiveServerError(f"There is no recipe for Asterisk {release}; known are {', '.join(RECIPES)}.")
    require_root()
    root = cache_folder() / f"asterisk-{recipe.suite}"
    root.parent.mkdir(parents=True, exist_ok=True)
    with locked(root.with_suffix(".lock")):
        if not is_current(root, recipe):
            build(root, recipe)
    return root


def require_root() -> None:
    """Refuse to go on as anyone but root: building a root file system and entering it both need it."""
    if os.geteuid() != 0:
        raise LiveServerError(
            "Live servers need root (they run in a chroot): run as root, or set AMI_TYPED_LIVE=host:port:user:secret "
            "to use a server of your own."
        )


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold a file's lock, waiting for whoever has it."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_current(root: Path, recipe: Recipe) -> bool:
    """Tell whether a root file system is there and was built from this recipe."""
    stamp = root / "etc" / "ami-typed-recipe"
    return stamp.is_file() and stamp.read_text() == stamp_of(recipe)


def stamp_of(recipe: Recipe) -> str:
    """Return what tells one way of building a root file system from another."""
    return f"{recipe}\n{UNPACK_DAHDI}\n"


def build(root: Path, recipe: Recipe) -> None:
    """Build a root file system from the first mirror that has the release, and put it in place."""
    install_mmdebstrap()
    building = root.with_suffix(".building")
    attempts = (bootstrap(building, recipe, mirror) for mirror in recipe.mirrors)
    installed = next(filter(None, attempts), "")
    if not installed:
        remove(building)
        raise LiveServerError(
            f"No mirror of Debian {recipe.suite} gave Asterisk {recipe.release}; see the lines above."
        )
    (building / "etc" / "ami-typed-recipe").write_text(stamp_of(recipe))
    remove(root)
    building.rename(root)
    say(f"built {root} with Asterisk {installed}")


def bootstrap(directory: Path, recipe: Recipe, mirror: str) -> str:
    """Fill a folder from one mirror; return the Debian version of Asterisk in it, or "" where it is not the wanted one."""
    remove(directory)
    say(f"building Debian {recipe.suite} with Asterisk {recipe.release} from {mirror} (about half a minute)")
    command = [
        "mmdebstrap",
        "--quiet",
        "--variant=apt",
        f"--include={','.join(recipe.packages)}",
        '--aptopt=Acquire::Check-Valid-Until "false"',
        f"--customize-hook={UNPACK_DAHDI}",
        recipe.suite,
        str(directory),
        f"deb {mirror} {recipe.suite} main",
    ]
    if subprocess.run(command, stdin=subprocess.DEVNULL, stdout=STDERR, check=False).returncode:
        say(f"mmdebstrap failed with {mirror}")
        return ""
    installed = debian_version(directory)
    if recipe.release in installed:
        return installed
    say(f"{mirror} has Asterisk {installed} in {recipe.suite} instead")
    return ""


def debian_version(root: Path) -> str:
    """Return the Debian version of the asterisk package in a root file system."""
    return output_of(root, "dpkg-query", "--show", "--showformat=${Version}", "asterisk")


def install_mmdebstrap() -> None:
    """Install mmdebstrap with apt-get where it is missing."""
    if shutil.which("mmdebstrap"):
        return
    if not shutil.which("apt-get"):
        raise LiveServerError("Live servers are built with mmdebstrap, and this system has neither it nor apt-get.")
    say("installing mmdebstrap with apt-get")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *MMDEBSTRAP_PACKAGES]):
        command = ["apt-get", "--quiet=2", *arguments]
        if subprocess.run(command, env=environment, stdout=STDERR, check=False).returncode:
            raise LiveServerError(f"'{' '.join(command)}' failed; install mmdebstrap by hand and try again.")


def remove(directory: Path) -> None:
    """Delete a folder that may not be there."""
    if directory.exists():
        shutil.rmtree(directory)


def entering(root: Path, *command: str, localtime: Path | None = None) -> list[str]:
    """Return the command line that runs a program in a root file system, with proc and the host's devices mounted.

    Args:
        root: The root file system.
        command: The program and its arguments.
        localtime: The file of a time zone that stands there as `/etc/localtime`, instead of UTC.
    """
    namespace = ["unshare", "--mount", "--pid", "--fork", "--kill-child", f"--mount-proc={root / 'proc'}"]
    if localtime is None:
        return [*namespace, "sh", "-c", ENTER, str(root), *command]
    return [*namespace, "sh", "-c", SET_CLOCK + ENTER, str(root), str(localtime), *command]


def output_of(root: Path, *command: str, timeout: float = 60) -> str:
    """Run a program in a root file system and return what it printed.

    Args:
        root: The root file system.
        command: The program and its arguments.
        timeout: Seconds to wait for its end.

    Raises:
        LiveServerError: When it fails or does not end in time.
    """
    try:
        done = subprocess.run(
            entering(root, *command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LiveServerError(f"'{' '.join(command)}' did not end within {timeout} s.") from None
    if done.returncode:
        raise LiveServerError(f"'{' '.join(command)}' failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout
