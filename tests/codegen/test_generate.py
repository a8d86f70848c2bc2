"""`generate` makes an importable, typed package of what ami-typed does not have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from codegen.generate import generate
from codegen.trouble import TroubleError

ROOT = Path(__file__).parents[2]
DOCUMENTATION = """<docs>
  <manager name="QueueStatus" language="en_US"><syntax><parameter name="Queue"/></syntax></manager>
  <manager name="AcmeShow" language="en_US">
    <syntax>
      <parameter name="ActionID"/>
      <parameter name="Channel" required="true"/>
      <parameter name="Colour"/>
    </syntax>
    <responses>
      <list-elements>
        <managerEvent name="AcmeItem">
          <managerEventInstance class="EVENT_FLAG_CALL">
            <syntax><channel_snapshot/><parameter name="Colour"/></syntax>
          </managerEventInstance>
        </managerEvent>
        <managerEvent name="QueueMember">
          <managerEventInstance class="EVENT_FLAG_AGENT">
            <syntax><parameter name="Queue"/></syntax>
          </managerEventInstance>
        </managerEvent>
      </list-elements>
      <managerEvent name="AcmeShowComplete">
        <managerEventInstance class="EVENT_FLAG_CALL">
          <syntax><parameter name="ListItems"/></syntax>
        </managerEventInstance>
      </managerEvent>
    </responses>
  </manager>
  <managerEvent name="Acme-Rang" language="en_US">
    <managerEventInstance class="EVENT_FLAG_CALL"><syntax><parameter name="How-Loud"/></syntax></managerEventInstance>
  </managerEvent>
</docs>
"""
USE = """
import sys
import acme
assert not any(name.startswith("acme.") for name in sys.modules), "importing the package loads nothing"
import ami_typed.registry as registry
from ami_typed import events
from ami_typed.messages import ListRequest, Message

request = acme.actions.AcmeShow(channel="PJSIP/1", colour="red")
assert dict(request) == {"Action": "AcmeShow", "Channel": "PJSIP/1", "Colour": "red"}
assert isinstance(request, ListRequest) and request.list_class() is acme.aggregates.AcmeShow
assert registry.action_class("acmeshow") is acme.actions.AcmeShow
assert registry.event_class("acme-rang") is acme.events.Acme_Rang
rang = acme.events.Acme_Rang({"Event": "Acme-Rang", "How-Loud": "very"})
assert rang.how_loud == "very"
assert acme.aggregates.AcmeShow.repeatable == ("AcmeItem", "QueueMember")
assert acme.aggregates.AcmeShow("1").queue_member == []
assert not hasattr(acme.actions, "QueueStatus")
print(acme.actions.AcmeShow.releases.spans)
"""


@pytest.fixture
def documentation(tmp_path: Path) -> Path:
    path = tmp_path / "core-en_US.xml"
    path.write_text(DOCUMENTATION, encoding="utf-8")
    return path


def run(folder: Path, program: str) -> str:
    paths = f"import sys; sys.path[:0] = {[str(folder), str(ROOT / 'src')]!r}\n"
    done = subprocess.run([sys.executable, "-c", paths + program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_package_contains_what_is_new_and_works_with_ami_typed(documentation: Path) -> None:
    output = documentation.parent / "acme"

    done = generate(documentation, output)

    assert (done.actions, done.events) == (("AcmeShow",), ("Acme-Rang", "AcmeItem", "AcmeShowComplete"))
    assert done.known == 2
    assert sorted(path.name for path in output.iterdir()) == ["__init__.py", "actions.py", "aggregates.py", "events.py"]
    assert run(documentation.parent, USE) == "13-"


@pytest.mark.once
@pytest.mark.exhaustive
def test_checkers_accept_the_package_and_refuse_misuse(documentation: Path) -> None:
    folder = documentation.parent
    generate(documentation, folder / "acme")
    program = folder / "use.py"
    program.write_text(
        "import acme\n"
        "from ami_typed import events\n"
        "from typing_extensions import assert_type\n"
        "def use(found: acme.aggregates.AcmeShow, rang: acme.events.Acme_Rang) -> None:\n"
        "    assert_type(found.acme_item, list[acme.events.AcmeItem])\n"
        "    assert_type(found.queue_member, list[events.QueueMember])\n"
        "    assert_type(rang.how_loud, str | None)\n"
        "    acme.actions.AcmeShow(colour='red')\n"
    )

    config = folder / "mypy.ini"
    config.write_text(f"[mypy]\nstrict = true\nmypy_path = {ROOT / 'src'}\ncache_dir = {folder / 'cache'}\n")
    command = [sys.executable, "-m", "mypy", "--config-file", str(config), "use.py", "acme"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    assert 'use.py:8: error: Missing named argument "channel" for "AcmeShow"' in done.stdout
    assert "Found 1 error in 1 file" in done.stdout


@pytest.mark.parametrize(("release", "spans"), [("22.10.1", "22"), ("99.1.0", "99")])
def test_a_release_narrows_the_classes(documentation: Path, release: str, spans: str) -> None:
    generate(documentation, documentation.parent / "acme", release)

    assert run(documentation.parent, "import acme; print(acme.actions.AcmeShow.releases.spans)") == spans


def test_regenerating_changes_nothing_and_keeps_user_files(documentation: Path) -> None:
    output = documentation.parent / "acme"
    generate(documentation, output)
    (output / "mine.py").write_text("x = 1\n")

    assert not generate(documentation, output).difference
    assert (output / "mine.py").read_text() == "x = 1\n"


def test_undocumented_messages_are_removed(documentation: Path) -> None:
    output = documentation.parent / "acme"
    generate(documentation, output)
    documentation.write_text('<docs><managerEvent name="Acme-Rang" language="en_US"/></docs>')

    generate(documentation, output)

    assert sorted(path.name for path in output.iterdir()) == ["__init__.py", "events.py"]


def test_nothing_is_written_if_nothing_is_new(documentation: Path) -> None:
    documentation.write_text('<docs><manager name="queuestatus" language="en_US"/></docs>')

    done = generate(documentation, documentation.parent / "acme")

    assert (done.difference, done.known) == (None, 1)
    assert not (documentation.parent / "acme").exists()


def test_a_foreign_folder_is_rejected_with_all_other_troubles(documentation: Path) -> None:
    output = documentation.parent / "class"
    output.mkdir()
    (output / "precious.py").write_text("x = 1\n")
    documentation.write_text("<html/>")

    with pytest.raises(TroubleError) as caught:
        generate(documentation, output)

    assert len(str(caught.value).splitlines()) == 3
    assert "'class' cannot be the name of a package" in str(caught.value)
    assert f"{output}/precious.py: The file was not generated by this command" in str(caught.value)
    assert "This is not Asterisk's documentation" in str(caught.value)
    assert [path.name for path in output.iterdir()] == ["precious.py"]


def test_a_collision_is_reported_with_the_line_of_the_documentation(documentation: Path) -> None:
    documentation.write_text(
        '<docs>\n<manager name="AcmeCall" language="en_US">\n<syntax>\n<parameter name="Call-ID"/>\n'
        '<parameter name="CallID"/>\n</syntax>\n</manager>\n</docs>\n'
    )

    with pytest.raises(TroubleError) as caught:
        generate(documentation, documentation.parent / "acme")

    assert str(caught.value) == (
        f"{documentation}:5: Action AcmeCall, parameter CallID: "
        "Its attribute would be call_id, as for Call-ID; name one of them."
    )
    assert not (documentation.parent / "acme").exists()
