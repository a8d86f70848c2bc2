"""What can be done with this project, each a few lines: `nox --list`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.sessions = ["lint", "types", "fresh", "tests"]
nox.options.default_venv_backend = "venv"

GROUPS = nox.project.load_toml("pyproject.toml")
SUPPORTED = ("3.11", "3.12", "3.13")


def is_installed(version: str) -> bool:
    """Whether an interpreter runs; a version manager's shim may stand there without one."""
    found = shutil.which(f"python{version}")
    return found is not None and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0


INSTALLED = [version for version in SUPPORTED if is_installed(version)]
ABSENT = [version for version in SUPPORTED if version not in INSTALLED]


def install(session: nox.Session, *groups: str) -> None:
    """Install the package with its generator, and groups of tools."""
    tools = nox.project.dependency_groups(GROUPS, *groups)
    session.install("--quiet", "-e", ".[codegen]", *tools)


def install_wheel(session: nox.Session, *groups: str) -> None:
    """Install the package as users have it, compiled where that can be done, and groups of tools."""
    session.install("--quiet", ".[codegen]", *nox.project.dependency_groups(GROUPS, *groups))


INSTALLED_ONE = ("-o", "pythonpath=.")
"""Has pytest find the package that is installed, not the sources beside the tests."""
AT_ONCE = ("-n", "auto")
"""Has pytest run tests in one process per core."""


IN_C = ("plain", "messages", "fields", "decoded", "session", "scenarios")
"""The tests that exercise the part in C most."""
OF_SHELLS = ("manager", "aio", "threads", "reconnect", "speed")
"""The tests of what opens sockets and starts threads and tasks."""


@nox.session
def demo(session: nox.Session) -> None:
    """Watch typed Python talk to an Asterisk; HOST PORT USER SECRET behind `--` for a real one."""
    session.install("--quiet", "-e", ".")
    session.run("python", "examples/demo.py", *session.posargs)


@nox.session(python=INSTALLED or None)
def tests(session: nox.Session) -> None:
    """Run every test that needs no server, on each supported Python that is installed."""
    if ABSENT:
        session.warn(f"not run, because not installed: Python {', '.join(ABSENT)}")
    install(session, "test", "types")
    pure = [
        "tests/test_fields.py",
        "tests/test_messages.py",
        "tests/test_session.py",
        "tests/test_scenarios.py",
        "tests/test_manager.py",
    ]
    if not session.posargs:  # without the part in C, which an install builds where it can
        session.run("python", "-m", "pytest", "-q", *AT_ONCE, *pure, env={"AMI_TYPED_PURE": "1"})
    whole = [*AT_ONCE, "--cov", "--cov-report=term:skip-covered"]
    session.run("python", "-m", "pytest", *(session.posargs or whole))


@nox.session
def wheel(session: nox.Session) -> None:
    """Run every test that needs no server on the wheel, compiled as users install it."""
    install_wheel(session, "test", "types")
    session.run("python", "-m", "pytest", *INSTALLED_ONE, *(session.posargs or AT_ONCE))


@nox.session
def sanitize(session: nox.Session) -> None:
    """Run the tests of the part in C under AddressSanitizer, then those and more in Python's development mode."""
    install(session, "test", "types")
    session.install("--quiet", "setuptools>=75", "mypy>=2.4,<3")  # which the build hook imports
    root = Path(session.create_tmp())
    shutil.rmtree(root / "src", ignore_errors=True)
    shutil.copytree("src", root / "src", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    flags = "-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g"
    build = "import sys; from pathlib import Path; import hatch_build; hatch_build.from_c(*map(Path, sys.argv[1:]))"
    session.run("python", "-c", build, str(root / "src" / "ami_typed"), str(root), env={"CFLAGS": flags}, silent=True)
    shutil.copy(next((root / "built").rglob("compiled*.so")), root / "src" / "ami_typed" / "_speed")
    preloaded = session.run("gcc", "-print-file-name=libasan.so", external=True, silent=True)
    under = {"LD_PRELOAD": str(preloaded).strip(), "PYTHONMALLOC": "malloc", "ASAN_OPTIONS": "detect_leaks=0"}
    where = ("-o", f"pythonpath={root / 'src'} .")
    pytest = ("python", "-X", "dev", "-m", "pytest", "-q", *session.posargs)
    in_c = [f"tests/test_{name}.py" for name in IN_C]
    session.run(*pytest, *where, *in_c, env=under)
    session.run(*pytest, *in_c, *(f"tests/test_{name}.py" for name in OF_SHELLS))


@nox.session
def types(session: nox.Session) -> None:
    """Check types with mypy and pyright, both strict."""
    install(session, "test", "types")
    session.install("--quiet", "nox")
    session.run("mypy")
    session.run("pyright")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and form."""
    install(session, "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def fresh(session: nox.Session) -> None:
    """Check that the generated code is what the generator writes."""
    install(session)
    session.run("python", "-m", "codegen", "check")


@nox.session
def live(session: nox.Session) -> None:
    """Run the tests against real Asterisk servers; needs root, or AMI_TYPED_LIVE=host:port:user:secret."""
    install_wheel(session, "test")
    session.run("python", "-m", "tests.live", "build")
    session.run("python", "-m", "pytest", *INSTALLED_ONE, "-m", "live", "tests/live", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """Run the traffic of a day, 4,000,000 events a face, and see that nothing grows; another number behind `--`."""
    install_wheel(session, "test")
    events = session.posargs[0] if session.posargs else "4000000"
    session.run("python", "-m", "pytest", *INSTALLED_ONE, "-s", "tests/test_soak.py", env={"AMI_TYPED_SOAK": events})


@nox.session
def fuzz(session: nox.Session) -> None:
    """Look for bytes that break what must hold for any, two minutes a target; libFuzzer's options behind `--`."""
    session.install("--quiet", "-e", ".", "atheris>=3")  # which follows bytes through Python only
    options = session.posargs or ["-max_total_time=120"]
    for target in ("framing", "conversation", "reading", "greeting", "event", "answer", "forms"):
        session.run("python", "-m", "tests.fuzz", target, f"-artifact_prefix={session.create_tmp()}/", *options)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure against bare sockets, a lean parse loop and other clients."""
    install_wheel(session)
    session.install("--quiet", "-r", "benchmarks/peers.txt")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation into site/."""
    install(session, "docs")
    session.run("mkdocs", "build", "--strict", "--config-file", "docs/mkdocs.yml", *session.posargs)
