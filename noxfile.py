"""The tasks of this project, a few lines each: `nox --list`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.sessions = ["lint", "types", "fresh", "tests"]
nox.options.default_venv_backend = "venv"

GROUPS = nox.project.load_toml("pyproject.toml")
SUPPORTED = ("3.11", "3.12", "3.13", "3.14")


PYENV = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
"""Where pyenv keeps interpreters. Its shims are on the path, but run only those that are chosen for a folder."""


def runs(program: str | Path) -> bool:
    """Return whether an interpreter is there and runs."""
    found = shutil.which(program)
    return found is not None and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0


def of_pyenv(version: str) -> Path | None:
    """Return the newest interpreter of a version that pyenv has installed; no release candidate."""
    found = [path for path in PYENV.glob(f"{version}.*/bin/python{version}") if number_of(path) and runs(path)]
    return max(found, key=number_of, default=None)


def number_of(interpreter: Path) -> list[int]:
    """Return the numbers of an interpreter's release; none for a release candidate."""
    release = interpreter.parent.parent.name
    return [int(number) for number in release.split(".")] if re.fullmatch(r"[\d.]+", release) else []


def is_installed(version: str) -> bool:
    """Return whether an interpreter runs, after putting pyenv's on the path if there is no other."""
    if runs(f"python{version}"):
        return True
    found = of_pyenv(version)
    if found is not None:
        os.environ["PATH"] = f"{found.parent}{os.pathsep}{os.environ['PATH']}"
    return found is not None


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
"""Makes pytest import the installed package, not the sources beside the tests."""
IN_PARALLEL = ("-n", "auto", "--dist", "loadfile")
"""One process per core; the tests of a module stay together, because many share what takes long to make."""
WHOLE = ("-m", "not live")
"""Every test that needs no server, the long ones included."""
ELSEWHERE = ("-m", "not live and not exhaustive and not once")
"""Every test but those whose result is the same on each interpreter."""

PURE = ("fields", "messages", "session", "scenarios", "manager")
"""The tests that are repeated without the C part."""
IN_C = ("plain", "messages", "fields", "decoded", "session", "scenarios")
"""The tests that exercise the C part most."""
OF_SHELLS = ("manager", "aio", "threads", "reconnect", "speed")
"""The tests of what opens sockets and starts threads and tasks."""
OF_PYTHON = ("lazy", "package", "values", "keywords", "encoders", "signals", "forks", "connecting")
"""Further tests whose result depends on the interpreter: its descriptors, pickles, signals, forks and event loops."""


FUZZED = {
    "framing": 8_000,
    "conversation": 5_000,
    "reading": 6_000,
    "greeting": 20_000,
    "event": 2_500,
    "answer": 20_000,
    "forms": 50_000,
}
"""The targets of `tests/fuzz`, and how many inputs of each take some ten seconds."""


def files(names: tuple[str, ...]) -> list[str]:
    """Return the test modules of some modules."""
    return [f"tests/test_{name}.py" for name in names]


def run_pure(session: nox.Session) -> None:
    """Run the tests of what the C part does, without it: an install builds it if there is a compiler."""
    session.run("python", "-m", "pytest", "-q", *IN_PARALLEL, *files(PURE), env={"AMI_TYPED_PURE": "1"})


@nox.session
def demo(session: nox.Session) -> None:
    """Watch typed Python talk to an Asterisk: a stand-in, or a real one with HOST PORT USER SECRET after `--`."""
    session.install("--quiet", "-e", ".")
    session.run("python", "examples/demo.py", *session.posargs)


@nox.session(python=INSTALLED or None)
def tests(session: nox.Session) -> None:
    """Run the tests that need no server and take seconds, on each supported Python; `all` runs the long ones too.

    Interpreters are found on the path and in pyenv. `nox -s tests-3.13` runs one; arguments for pytest after `--`
    (`tests` for every test). On the first, every test runs; on the others, those whose result depends on it.
    """
    if ABSENT:
        session.warn(f"not run, because not installed: Python {', '.join(ABSENT)}")
    first = session.python in {None, *INSTALLED[:1]}
    install(session, "test", *(["types"] if first or session.posargs else []))
    if session.posargs:
        session.run("python", "-m", "pytest", *session.posargs)
    elif first:
        run_pure(session)
        session.run("python", "-m", "pytest", *IN_PARALLEL)
    else:
        session.run("python", "-m", "pytest", *IN_PARALLEL, *ELSEWHERE, *files(IN_C + OF_SHELLS + OF_PYTHON))


@nox.session(name="all")
def all_(session: nox.Session) -> None:
    """Run every test that needs no server, the long ones included, and report the coverage.

    `nox -s all -- -m exhaustive --no-cov` runs what `tests` leaves out.
    """
    install(session, "test", "types")
    if not session.posargs:
        run_pure(session)
    coverage = ("--cov", "--cov-report=term:skip-covered")
    session.run("python", "-m", "pytest", *IN_PARALLEL, *WHOLE, *coverage, *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """Run every test that needs no server, the long ones included, on the wheel, compiled as users install it."""
    install_wheel(session, "test", "types")
    session.run("python", "-m", "pytest", *INSTALLED_ONE, *(session.posargs or (*IN_PARALLEL, *WHOLE)))


@nox.session
def sdist(session: nox.Session) -> None:
    """Build the sdist, unpack it outside of this tree, and run there the tests that it holds; arguments after `--`."""
    session.install("--quiet", "hatchling>=1.26")
    with tempfile.TemporaryDirectory(prefix="ami-typed-sdist-") as folder:
        session.run("python", "-m", "hatchling", "build", "-t", "sdist", "-d", folder, silent=True)
        (archive,) = Path(folder).glob("*.tar.gz")
        shutil.unpack_archive(archive, folder, filter="data")
        session.chdir(archive.with_name(archive.name.removesuffix(".tar.gz")))
        install(session, "test")
        session.run("python", "-m", "pytest", *(session.posargs or (*IN_PARALLEL, *ELSEWHERE)))


@nox.session
def sanitize(session: nox.Session) -> None:
    """Run the tests of the C part under AddressSanitizer, then those and more in Python's development mode."""
    install(session, "test", "types")
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
    pytest = ("python", "-X", "dev", "-m", "pytest", "-q", *WHOLE, *session.posargs)
    session.run(*pytest, *where, *files(IN_C), env=under)
    session.run(*pytest, *files(IN_C + OF_SHELLS))


@nox.session
def types(session: nox.Session) -> None:
    """Check types with mypy and pyright, both strict; on Windows, that nothing is used which Python lacks there."""
    install(session, "test", "types")
    session.install("--quiet", "nox")
    session.run("mypy")
    session.run("mypy", "--platform", "win32", "src/ami_typed")
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
    """Run the traffic of a day, 4,000,000 events a face, and check that nothing grows; another number after `--`."""
    install_wheel(session, "test")
    events = session.posargs[0] if session.posargs else "4000000"
    options = (*INSTALLED_ONE, *WHOLE, "-s", "tests/test_soak.py", "tests/live_model/test_live_soak.py")
    session.run("python", "-m", "pytest", *options, env={"AMI_TYPED_SOAK": events})


@nox.session
def fuzz(session: nox.Session) -> None:
    """Search at random for bytes that break what must hold for any, two minutes a target; options after `--`.

    The options are libFuzzer's. Each run starts from another seed, and finds more the longer it runs:
    `nox -s fuzz -- -max_total_time=3600`. `nox -s fuzz -- repeatable` runs the same inputs each time, about ten seconds
    a target, so that it fails only because of what has changed. The input that breaks a target is printed, and kept in
    `.nox/fuzz/tmp`: make a test of it.
    """
    session.install("--quiet", "-e", ".", "atheris>=3")  # it traces input only through Python code
    options = session.posargs or ["-max_total_time=120"]
    for target, executions in FUZZED.items():
        repeatable = ["-seed=1", f"-runs={executions}"]
        chosen = repeatable if options == ["repeatable"] else options
        prefix = f"-artifact_prefix={session.create_tmp()}/"
        session.run("python", "-m", "tests.fuzz", target, prefix, *chosen, env={"PYTHONHASHSEED": "0"})


@nox.session
def bench(session: nox.Session) -> None:
    """Measure against bare sockets, a lean parse loop and other clients."""
    install_wheel(session)
    session.install("--quiet", "-r", "benchmarks/peers.txt")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation into docs/site/, with a page for each action, event, answer, list and enum."""
    install(session, "docs")
    session.run("ami-typed", "docs", "--pages", "docs/pages/reference")
    session.run("mkdocs", "build", "--strict", "--config-file", "docs/mkdocs.yml", *session.posargs)
