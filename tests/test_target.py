"""Where a manager connects to, as it is told to people and to TLS."""

from __future__ import annotations

import ssl

import pytest

from ami_typed._target import Target
from tests.support import in_a_fresh_process


def test_a_target_is_told_by_host_and_port() -> None:
    assert str(Target("pbx.example", 5038, 5, tls=False)) == "pbx.example:5038"


@pytest.mark.parametrize("tls", [True, False])
def test_each_connection_has_settings_of_its_own_unless_the_program_brings_them(tls: bool) -> None:
    target = Target("pbx", 5039, 5, tls)
    first, second = target.context(), target.context()
    assert (first is None) is (second is None) is (not tls)
    if first is not None:
        assert first is not second
        assert first.verify_mode == ssl.CERT_REQUIRED
        assert first.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_without_tls_its_library_is_not_loaded() -> None:
    program = (
        "import sys\n"
        "from ami_typed._target import Target\n"
        "assert Target('pbx', 5038, 5, tls=False).context() is None\n"
        "print('ssl' in sys.modules)"
    )
    assert in_a_fresh_process(program) == ["False"]


def test_tls_verifies_unless_the_program_brings_settings_of_its_own() -> None:
    context = Target("pbx", 5039, 5, tls=True).context()
    assert context is not None
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    own = ssl.create_default_context()
    assert Target("pbx", 5039, 5, tls=own).context() is own
    assert Target("pbx", 5038, 5, tls=False).context() is None
