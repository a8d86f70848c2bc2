"""Where a manager connects to, and as whom, as a URL or the environment tells it; no secret is ever shown."""

from __future__ import annotations

import inspect
import os
import ssl
from datetime import UTC
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

import ami_typed as ami
from ami_typed._transport.target import Certificates, Target, secret_of
from ami_typed._transport.url import Address, Options
from tests.support import CERTIFICATE, in_a_fresh_process

if TYPE_CHECKING:
    from pathlib import Path

    from ami_typed._protocol.dialogues import Credentials

# Targets


@pytest.mark.parametrize(("host", "told"), [("pbx.example", "pbx.example:5038"), ("2001:db8::7", "[2001:db8::7]:5038")])
def test_a_target_is_shown_as_host_and_port(host: str, told: str) -> None:
    assert str(Target(host, 5038, 5, tls=False)) == told


@pytest.mark.parametrize("tls", [True, False])
def test_each_connection_has_its_own_tls_settings_unless_given(tls: bool) -> None:
    target = Target("pbx", 5039, 5, tls)
    first, second = target.context(), target.context()
    assert (first is None) is (second is None) is (not tls)
    if first is not None:
        assert first is not second
        assert first.verify_mode == ssl.CERT_REQUIRED
        assert first.check_hostname
        assert first.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_without_tls_its_library_is_not_loaded() -> None:
    program = (
        "import sys\n"
        "from ami_typed._transport.url import Address\n"
        "assert Address.of_url('ami://user:secret@pbx').target.context() is None\n"
        "print('ssl' in sys.modules)"
    )
    assert in_a_fresh_process(program) == ["False"]


@pytest.mark.parametrize("names", [{"cafile": "gone.pem"}, {"certfile": "gone.pem", "keyfile": "key.pem"}])
def test_an_unreadable_tls_file_is_named(names: dict[str, str]) -> None:
    target = Target("pbx", 5039, 5, Certificates(**names))
    with pytest.raises(ami.ConnectFailed, match=r"No TLS with pbx:5039: cannot use gone\.pem.*: No such file"):
        target.context()


def test_a_password_protected_key_is_rejected_without_a_prompt(tmp_path: Path) -> None:
    from subprocess import run

    (tmp_path / "certificate.pem").write_text(CERTIFICATE, "ascii")
    locking = ["openssl", "pkcs8", "-topk8", "-in", "certificate.pem", "-out", "key.pem", "-passout", "pass:word"]
    run(locking, cwd=tmp_path, check=True, capture_output=True)
    files = Certificates(None, str(tmp_path / "certificate.pem"), str(tmp_path / "key.pem"))
    with pytest.raises(ami.ConnectFailed, match=r"cannot use .*key\.pem: "):
        Target("pbx", 5039, 5, files).context()


# URLs


def credentials_of(url: str, **given: Any) -> Credentials:
    credentials = Address.of_url(url, **given).credentials
    assert credentials is not None
    return credentials


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("ami://pbx.example", Target("pbx.example", 5038, 5, tls=False)),
        ("amis://pbx.example", Target("pbx.example", 5039, 5, tls=True)),
        ("ami://10.0.0.7:5070/", Target("10.0.0.7", 5070, 5, tls=False)),
        ("amis://[2001:db8::7]", Target("2001:db8::7", 5039, 5, tls=True)),
        ("ami://[fe80::1%25eth0]:5070", Target("fe80::1%eth0", 5070, 5, tls=False)),
        ("ami://pbx?timeout=2.5", Target("pbx", 5038, 2.5, tls=False)),
        ("amis://pbx?cafile=%2Fetc%2Fca.pem", Target("pbx", 5039, 5, Certificates("/etc/ca.pem"))),
        ("amis://pbx?certfile=c&keyfile=k", Target("pbx", 5039, 5, Certificates(None, "c", "k"))),
    ],
)
def test_a_url_specifies_the_server(url: str, target: Target) -> None:
    assert Address.of_url(url) == (target, None, None, None)


def test_a_url_specifies_the_log_in() -> None:
    credentials = credentials_of("ami://admin:secret@pbx?events=call,agent&plain=yes&wait=30&timeout=2.5")
    assert credentials == ("admin", "secret", "call,agent", True, 30.0, 2.5)
    assert credentials_of("ami://admin:secret@pbx") == ("admin", "secret", None, False, None, 5.0)


def test_special_characters_in_a_name_or_secret_are_percent_encoded() -> None:
    credentials = credentials_of("ami://jos%C3%A9%40home:p%40ss%2Fw%3Ard%25@pbx")
    assert (credentials.username, credentials.secret) == ("josé@home", "p@ss/w:rd%")


def test_a_url_may_ask_for_reconnecting() -> None:
    assert Address.of_url("ami://pbx?reconnect=yes").reconnect == ami.Reconnect()
    assert Address.of_url("ami://pbx?reconnect=no").reconnect is None
    assert Address.of_url("ami://pbx?reconnect=start").reconnect == ami.Reconnect(at_start=True)


def test_a_url_may_set_the_servers_time_zone() -> None:
    assert Address.of_url("ami://pbx?timezone=Europe/Berlin").timezone == ZoneInfo("Europe/Berlin")
    assert ami.Manager.from_url("ami://pbx?timezone=Europe%2FBerlin").timezone == ZoneInfo("Europe/Berlin")
    assert ami.AsyncManager.from_url("ami://pbx?timezone=Europe/Berlin", timezone=UTC).timezone is UTC


@pytest.mark.parametrize("face", [ami.Manager, ami.AsyncManager])
def test_a_time_zone_is_an_object_or_a_name(face: Any) -> None:
    assert face().timezone is None
    assert face(timezone=UTC).timezone is UTC
    assert face(timezone="Asia/Kolkata").timezone == ZoneInfo("Asia/Kolkata")
    for name in ("Asia/Nowhere", "", "../localtime", "/etc/localtime", "Europe", "a\0b"):
        with pytest.raises(ValueError, match=r"No time zone found with the name .*IANA database.*tzdata"):
            face(timezone=name)
    with pytest.raises(TypeError, match="timezone must be a tzinfo or the name of a time zone, not int"):
        face(timezone=2)


def test_a_separate_secret_belongs_to_the_user_of_the_url() -> None:
    assert credentials_of("ami://admin@pbx", secret="hidden-word").secret == "hidden-word"

    def vault() -> str:
        return "hidden-word"

    assert credentials_of("ami://admin@pbx", secret=vault).secret is vault


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://pbx", "begin with ami://HOST or, for TLS, with amis://HOST"),
        ("pbx.example", "begin with ami://HOST"),
        ("ami://", "begin with ami://HOST"),
        ("ami://admin:hidden-word@:5038", "begin with ami://HOST"),
        ("ami://pbx:port", "host or port is invalid"),
        ("ami://pbx:0", "port must be a number from 1 to 65535"),
        ("ami://pbx:99999", "host or port is invalid"),
        ("ami://[::1", "Write an IPv6 address in brackets"),
        ("ami://::1", "host or port is invalid"),
        ("ami://admin:hidden/word@pbx", "host or port is invalid"),
        ("ami://admin:0/hidden-word@pbx", "Only a query may follow the URL's host and port"),
        ("ami://admin:1#hidden-word@pbx", "Only a query may follow the URL's host and port"),
        (
            "ami://admin:1?hidden-word@pbx",
            "Parameter 1 of the URL's query is unknown; the parameters are secret_file, ",
        ),
        ("ami://pbx?timeout=5&retries=3", "Parameter 2 of the URL's query is unknown; the parameters are .*timeout, "),
        ("ami://pbx?timeout=5&timeout=6", "sets timeout twice"),
        ("ami://pbx?timeout=soon", "timeout must be a number of seconds above 0"),
        ("ami://pbx?timeout=", "timeout must be a number of seconds above 0"),
        ("ami://pbx?timeout=0", "timeout must be a number of seconds above 0"),
        ("ami://pbx?timeout=nan", "timeout must be a number of seconds above 0"),
        ("ami://pbx?reconnect=maybe", "reconnect must be yes, no or start"),
        (
            "ami://pbx?events=calls",
            "events must be an event mask: on, off or classes of events such as call,agent",
        ),
        ("ami://pbx?timezone=Europe/Nowhere", "timezone must be the name of a time zone in this system's database"),
        ("ami://pbx?timezone=../../etc/passwd", "timezone must be the name of a time zone"),
        ("ami://pbx?cafile=ca.pem", "require TLS: use amis://"),
        ("amis://pbx?keyfile=key.pem", "keyfile also needs certfile"),
        ("ami://admin@pbx", "A user is given without a secret"),
        ("ami://:hidden-word@pbx", "A secret is given without a user"),
        ("ami://admin:hidden-word@pbx?secret_file=ami", "More than one secret"),
    ],
)
def test_an_invalid_url_is_rejected_without_showing_a_secret(url: str, sentence: str) -> None:
    with pytest.raises(ami.AddressError, match=sentence) as refused:
        ami.Manager.from_url(url)
    error: BaseException | None = refused.value
    while error is not None:
        assert "word" not in f"{error!r}"
        error = error.__cause__


def test_no_secret_is_shown_by_a_parsed_address() -> None:
    shown = repr(Address.of_url("ami://admin:hidden-word@pbx?reconnect=yes"))
    assert "hidden-word" not in shown
    assert "admin" in shown


# The environment


def test_the_environment_may_contain_a_url() -> None:
    environment = {"AMI_TYPED_URL": "amis://admin:secret@pbx?timeout=2"}
    assert Address.of_environment(environment=environment) == Address.of_url(environment["AMI_TYPED_URL"])


def test_the_environment_may_set_each_setting_separately() -> None:
    environment = {
        "AMI_TYPED_URL": "",
        "AMI_TYPED_HOST": "2001:db8::7",
        "AMI_TYPED_PORT": "5070",
        "AMI_TYPED_USER": "admin",
        "AMI_TYPED_SECRET": "p@ss/w:rd%",
        "AMI_TYPED_TLS": "yes",
        "AMI_TYPED_CAFILE": "ca.pem",
        "AMI_TYPED_TIMEOUT": "2.5",
        "AMI_TYPED_EVENTS": "off",
        "AMI_TYPED_RECONNECT": "on",
        "AMI_TYPED_TIMEZONE": "America/Chicago",
        "AMI_TYPED_PLAIN": "",
        "AMI_TYPED_CACHE": "of the tests",
    }
    target, credentials, reconnect, timezone = Address.of_environment(environment=environment)
    assert target == ("2001:db8::7", 5070, 2.5, Certificates("ca.pem"))
    assert credentials == ("admin", "p@ss/w:rd%", "off", False, None, 2.5)
    assert reconnect == ami.Reconnect()
    assert timezone == ZoneInfo("America/Chicago")


def test_the_secret_may_be_separate_from_the_url() -> None:
    environment = {"AMI_TYPED_URL": "ami://admin@pbx", "AMI_TYPED_SECRET": "hidden-word"}
    credentials = Address.of_environment(environment=environment).credentials
    assert credentials is not None
    assert credentials.secret == "hidden-word"


def test_two_servers_have_two_prefixes() -> None:
    environment = {"NORTH_HOST": "north", "SOUTH_URL": "ami://south"}
    hosts = [Address.of_environment(prefix, environment=environment).target.host for prefix in ("NORTH_", "SOUTH_")]
    assert hosts == ["north", "south"]


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({}, "set AMI_TYPED_URL or AMI_TYPED_HOST"),
        ({"AMI_TYPED_PORT": "5038"}, "set AMI_TYPED_URL or AMI_TYPED_HOST"),
        ({"URL": "ami://a", "HOST": "b"}, "AMI_TYPED_URL and AMI_TYPED_HOST both set host"),
        ({"URL": "ami://a", "TLS": "yes"}, "AMI_TYPED_URL and AMI_TYPED_TLS both set tls"),
        ({"URL": "ami://u:hidden-word@a", "SECRET": "hidden-word"}, "AMI_TYPED_URL and AMI_TYPED_SECRET both"),
        ({"HOST": "a", "TLS": "perhaps"}, "tls must be yes or no"),
        ({"HOST": "a", "PORT": "hidden-word"}, "port must be a number"),
        ({"HOST": "a", "USER": "u", "SECRET": "hidden-word", "SECRET_FILE": "f"}, "More than one secret"),
    ],
)
def test_an_invalid_environment_is_rejected(
    environment: dict[str, str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("AMI_TYPED_")]:
        monkeypatch.delenv(name)
    for name, text in environment.items():
        monkeypatch.setenv(f"AMI_TYPED_{name.removeprefix('AMI_TYPED_')}", text)
    with pytest.raises(ami.AddressError, match=sentence) as refused:
        ami.Manager.from_env()
    assert "hidden-word" not in repr(refused.value)


# Secrets


def test_a_secret_in_a_file_is_read_each_time_without_its_line_end(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    read = secret_of(file)
    assert not isinstance(read, str)
    for content, secret in [
        (b"first\n", "first"),
        (b" second \r\n", " second "),
        (b"caf\xc3\xa9", "café"),
        (b"\n", ""),
    ]:
        file.write_bytes(content)
        assert read() == secret
    file.write_bytes(b"latin \xe9\n")
    assert read().encode("utf-8", "surrogateescape") == b"latin \xe9"


def test_an_unreadable_secret_is_reported_with_its_path(tmp_path: Path) -> None:
    credentials = credentials_of(f"ami://admin@pbx?secret_file={tmp_path}/gone")
    assert callable(credentials.secret)
    with pytest.raises(ami.ManagerError, match=r"Cannot read the secret from .*/gone: No such file"):
        credentials.secret()


# What a manager takes besides


@pytest.mark.parametrize("face", [ami.Manager, ami.AsyncManager])
def test_every_option_of_a_manager_can_be_combined_with_an_address(face: type) -> None:
    assert [*Options.__annotations__] == list(inspect.signature(face).parameters)
