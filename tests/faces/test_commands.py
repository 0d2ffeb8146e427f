"""The commands that look: list, graph, build, test and nexus.status, each through its own words."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from originals import THREE
from publishers import run, user_environment
from scripted_server import Request, Response, scripted_server

from tooling.localnexus import Faults, IndexSettings, add_user, running_index

if TYPE_CHECKING:
    from pathlib import Path

    from desks import Desk
    from publishers import Finished


def states(listed: Finished) -> dict[str, str]:
    return {package["name"]: package["state"] for package in listed.report["packages"]}


def test_list_tells_absent_from_present_and_changes_nothing(desk: Desk) -> None:
    assert set(states(desk.types("list", "--json")).values()) == {"absent"}
    assert not (desk.root / ".nexus").exists()
    assert desk.types("publish", "--package", "core-logging").code == 0
    assert states(desk.types("list", "--json")) == {
        "core-logging": "present",
        "core-config": "absent",
        "core-api": "absent",
    }


def test_list_tells_different_bytes_and_a_package_that_cannot_be_built(desk: Desk) -> None:
    assert desk.types("publish", "--all").code == 0
    (desk.root / "packages/core-logging/src/maestro_core_logging/more.py").write_text('"""More."""\n', encoding="utf-8")
    (desk.root / "packages/core-config/src/maestro_core_config/__init__.py").unlink()
    listed = desk.types("list", "--json")
    assert listed.code == 0
    assert states(listed) == {"core-logging": "different", "core-config": "not built", "core-api": "present"}
    assert "core-config" in listed.err


def test_list_says_unknown_when_the_index_does_not_answer(desk: Desk) -> None:
    address = {"NEXUS_URL": "http://127.0.0.1:9", "NEXUS_USERNAME": "admin", "NEXUS_PASSWORD": "x"}
    listed = desk.types("list", "--json", **address)
    assert listed.code == 0
    assert set(states(listed).values()) == {"unknown"}
    assert "IX02" in listed.err


def test_list_needs_no_rights_to_upload_and_where_anybody_may_read_no_user(desk: Desk, tmp_path: Path) -> None:
    with running_index(IndexSettings(data=tmp_path / "data", password="right")) as index:
        known = {"NEXUS_URL": index.url}
        owner = {"NEXUS_USERNAME": "admin", "NEXUS_PASSWORD": "right"}
        assert desk.types("publish", "--package", "core-logging", **known, **owner).code == 0
        add_user(index, "reader", "reads", ["nx-repository-view-pypi-pypi-hosted-read"])
        reader = {"NEXUS_USERNAME": "reader", "NEXUS_PASSWORD": "reads"}
        listed = [states(desk.types("list", "--json", **known, **who)) for who in (owner, reader, {})]
        wrong = desk.types("list", "--json", **known, **reader | {"NEXUS_PASSWORD": "wrong"})
    assert listed == [{"core-logging": "present", "core-config": "absent", "core-api": "absent"}] * 3
    assert set(states(wrong).values()) == {"unknown"}, "not even where anybody may read"
    assert "IX06" in wrong.err


def test_list_reads_a_server_that_is_frozen_and_asks_nobody_for_a_password(desk: Desk, tmp_path: Path) -> None:
    frozen = IndexSettings(data=tmp_path / "data", password="right", faults=Faults(frozen=True))
    with running_index(frozen) as index:
        assert set(states(desk.types("list", "--json", NEXUS_URL=index.url)).values()) == {"absent"}
    with running_index(IndexSettings(data=tmp_path / "closed", password="right", anonymous=False)) as index:
        listed = desk.types("list", "--json", NEXUS_URL=index.url)
    assert set(states(listed).values()) == {"unknown"}
    assert "IX07" in listed.err


def test_list_takes_a_server_that_is_no_index_for_unknown_and_not_for_empty(desk: Desk) -> None:
    def answer(_request: Request) -> Response:
        return Response(status=404, body=b"Not Found")

    with scripted_server(answer) as server:
        listed = desk.types("list", "--json", NEXUS_URL=server.url)
    assert set(states(listed).values()) == {"unknown"}
    assert "IX13" in listed.err


def test_list_shows_a_table_in_publishing_order(desk: Desk) -> None:
    lines = desk.types("list").out.splitlines()
    assert [line.split()[0] for line in lines] == ["package", "core-logging", "core-config", "core-api"]
    assert lines[-1].split() == ["core-api", "1.0.0", "core-config,", "core-logging", "absent"]


def test_graph_draws_every_edge_in_every_format(desk: Desk) -> None:
    told = json.loads(desk.types("graph", "--json").out)
    assert told["waves"] == [["core-logging"], ["core-config"], ["core-api"]]
    assert {(edge["package"], edge["needs"], edge["extra"]) for edge in told["edges"]} == {
        ("core-config", "core-logging", None),
        ("core-api", "core-config", None),
        ("core-api", "core-logging", "log"),
    }
    assert "core-logging >=1.0.0 [log]" in desk.types("graph").out
    assert "p_core_api -. log .-> p_core_logging" in desk.types("graph", "--format", "mermaid").out
    picture = desk.home / "graph.svg"
    assert desk.types("graph", "--format", "svg", "--output", str(picture)).code == 0
    drawing = ET.parse(picture).getroot()  # noqa: S314 - our own drawing
    assert len(drawing.findall("{http://www.w3.org/2000/svg}line")) == len(told["edges"])


def test_graph_refuses_a_format_it_does_not_know(desk: Desk) -> None:
    refused = desk.types("graph", "--format", "png")
    assert refused.code == 2
    assert "ST07" in refused.said


def test_graph_says_that_it_cannot_write_where_it_is_told_to(desk: Desk) -> None:
    refused = desk.types("graph", "--output", "no/such/folder/graph.txt")
    assert refused.code == 2
    assert "ST08" in refused.said


def test_build_leaves_both_artifacts_of_each_package_and_says_their_hashes(desk: Desk) -> None:
    built = desk.types("build", "--all", "--json")
    assert built.code == 0
    assert len(built.report["artifacts"]) == len(THREE) * 2
    assert {path.name for path in (desk.root / "dist").iterdir()} == {
        each["file"].rpartition("/")[2] for each in built.report["artifacts"]
    }


def test_build_of_one_package_leaves_the_others_alone(desk: Desk) -> None:
    assert desk.types("build", "--package", "maestro_core_config").code == 0
    assert {path.name.split("-")[0] for path in (desk.root / "dist").iterdir()} == {"maestro_core_config"}


def test_status_tells_an_index_that_takes_uploads_from_one_that_refuses_the_password(
    desk: Desk, tmp_path: Path
) -> None:
    with running_index(IndexSettings(data=tmp_path / "data", password="right")) as index:
        known = {"NEXUS_URL": index.url, "NEXUS_USERNAME": "admin"}
        good = desk.types("nexus.status", "--json", **known, NEXUS_PASSWORD="right")
        bad = desk.types("nexus.status", "--json", **known, NEXUS_PASSWORD="wrong")
    assert (good.code, good.report["index"]["url"]) == (0, index.url)
    assert (bad.code, bad.report["ok"]) == (2, False)


def test_a_group_that_is_not_there_is_said_by_whoever_sends_installers_to_it(desk: Desk, tmp_path: Path) -> None:
    """Publishing and verifying go on; the lines that install name the repository instead."""
    with running_index(IndexSettings(data=tmp_path / "data", password="right")) as index:
        known = {"NEXUS_URL": index.url, "NEXUS_USERNAME": "admin", "NEXUS_PASSWORD": "right"}
        status = desk.types("nexus.status", "--json", **known, NEXUS_GROUP="pypi-grup")
        spoken = desk.types("nexus.status", **known, NEXUS_GROUP="pypi-grup")
        published = desk.types("publish", "--all", **known, NEXUS_GROUP="pypi-grup")
        verified = desk.types("verify", "--all", **known, NEXUS_GROUP="pypi-grup")
        fine = desk.types("nexus.status", "--json", **known)
    assert (status.code, status.report["ok"]) == (2, False)
    assert [each["code"] for each in status.report["problems"]] == ["IX29"]
    assert "has no repository pypi-grup, which installers are told to read. Set NEXUS_GROUP to a group" in spoken.said
    assert "there are: pypi-group" in spoken.said
    for done in (published, verified):
        assert done.code == 0, done.said
        assert "warning: The server at" in done.out
        assert f"--index-url {index.url}/repository/pypi-hosted/simple/" in done.out
        assert "/repository/pypi-grup/" not in done.out
    assert (fine.code, fine.report["problems"]) == (0, [])


def test_verify_says_that_nobody_looked_for_stale_pages_who_may_not(desk: Desk, tmp_path: Path) -> None:
    with running_index(IndexSettings(data=tmp_path / "data", password="right")) as index:
        known = {"NEXUS_URL": index.url, "NEXUS_USERNAME": "admin", "NEXUS_PASSWORD": "right"}
        assert desk.types("publish", "--all", **known).code == 0
        add_user(index, "anonymous", "reads", ["nx-repository-view-pypi-*-read"])
        verified = desk.types("verify", "--all", "--json", NEXUS_URL=index.url)
    assert verified.code == 0, verified.said
    (warning,) = verified.report["warnings"]
    assert warning.startswith("Nobody looked for stale pages: ")


def test_test_of_one_python_leaves_others_and_other_packages_alone(desk: Desk) -> None:
    """The stand-in noxfile has the names and the tags of ours."""
    tagged = ", ".join(
        f"nox.param('{name}', '{python}', id='{name}', tags=['{name}', 'py{python}', '{name}-py{python}'])"
        for name in THREE
        for python in ("3.11", "3.12")
    )
    named = ", ".join(f"nox.param('{name}', id='{name}', tags=['{name}'])" for name in THREE)
    (desk.root / "noxfile.py").write_text(
        "import nox\n\n"
        f"@nox.session(venv_backend='none')\n@nox.parametrize('name,version', [{tagged}])\n"
        "def test(session, name, version):\n    session.log(f'ran test {name} {version}')\n\n"
        f"@nox.session(venv_backend='none')\n@nox.parametrize('name', [{named}])\n"
        "def dist(session, name):\n    session.log(f'ran dist {name}')\n",
        encoding="utf-8",
    )

    def ran(*words: str) -> list[str]:
        done = run(desk.root, "test", *words, environment=user_environment(desk.home))
        assert done.code == 0, done.said
        return re.findall(r"ran (.+)", done.err)

    one = ("--package", "core-config")
    assert ran(*one, "--python", "3.12", "--sdist") == ["test core-config 3.12", "dist core-config"]
    assert ran(*one, "--sdist") == ["test core-config 3.11", "test core-config 3.12", "dist core-config"]
    assert ran("--all", "--python", "3.11") == [f"test {name} 3.11" for name in THREE]


def test_test_hands_the_selection_to_nox(desk: Desk) -> None:
    """The stand-in noxfile names its sessions as ours does, and says which of them ran."""
    noxfile = "import nox\n\n@nox.session(venv_backend='none')\n@nox.parametrize('name', [{}])\n"
    names = ", ".join(f"nox.param('{name}', id='{name}')" for name in THREE)
    body = "def test(session, name):\n    session.log(f'ran {name}')\n"
    (desk.root / "noxfile.py").write_text(noxfile.format(names) + body, encoding="utf-8")
    ran = run(desk.root, "test", "--package", "core-config", environment=user_environment(desk.home))
    assert ran.code == 0
    assert "ran core-config" in ran.said
    assert "ran core-api" not in ran.said
