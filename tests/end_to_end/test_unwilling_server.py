"""Servers that cannot be reached, do not let us in, or take nothing: each says so, with who can do what about it."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

import pytest
from broken_servers import free_port, size_limit_before, tls_server
from observed_index import observed_index

from tooling.localnexus import Disk, add_user

if TYPE_CHECKING:
    from pathlib import Path

    from mistakes import Bystander

READ = "nx-repository-view-pypi-pypi-hosted-read"


def test_a_port_where_nothing_listens(bystander: Bystander) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = bystander.refused(exit_code=1, code="IX02", says=f"Nothing answers at {url}", NEXUS_URL=url)
    assert "Check NEXUS_URL" in done.said


def test_a_host_that_does_not_exist(bystander: Bystander) -> None:
    """RFC 2606 keeps the name from ever existing; where no name can be looked up, nothing answers either."""
    bystander.refused(exit_code=1, code="IX02", says="nexus.invalid", NEXUS_URL="http://nexus.invalid")


def test_a_certificate_that_nobody_trusts(bystander: Bystander, tmp_path: Path) -> None:
    with tls_server(tmp_path) as url:
        says = "its certificate is not accepted (self-signed certificate)"
        done = bystander.refused(exit_code=1, code="IX03", says=says, NEXUS_URL=url)
    assert "SSL_CERT_FILE" in done.said


def test_plain_http_where_tls_was_meant(bystander: Bystander) -> None:
    url = bystander.index.running.url.replace("http:", "https:")
    bystander.refused(exit_code=1, code="IX03", says="begin NEXUS_URL with http://", NEXUS_URL=url)


def test_a_wrong_password(bystander: Bystander) -> None:
    says = "The index does not accept the password of user admin"
    bystander.refused(exit_code=2, code="IX06", says=says, NEXUS_PASSWORD="wrong")


def test_a_user_who_may_not_upload(bystander: Bystander) -> None:
    add_user(bystander.index.running, "reader", "secret", [READ])
    says = "User reader may not store maestro_core_logging-1.0.0-py3-none-any.whl"
    done = bystander.refused(exit_code=1, code="IX08", says=says, NEXUS_USERNAME="reader", NEXUS_PASSWORD="secret")
    assert "Ask an administrator for nx-repository-view-pypi-pypi-hosted-add" in done.said


@pytest.mark.parametrize("kind", ["group", "proxy"])
def test_a_repository_that_is_for_reading(kind: str, bystander: Bystander) -> None:
    says = f"Repository pypi-{kind} of {bystander.index.running.url} is a pypi {kind}"
    done = bystander.refused(exit_code=2, code="IX12", says=says, NEXUS_REPOSITORY=f"pypi-{kind}")
    assert "there are: pypi-hosted." in done.said


def test_a_repository_that_does_not_exist(bystander: Bystander) -> None:
    bystander.refused(exit_code=2, code="IX11", says="Did you mean pypi-hosted?", NEXUS_REPOSITORY="pypi-hostel")


def test_a_frozen_server(bystander: Bystander) -> None:
    bystander.index.faults.frozen = True
    bystander.refused(exit_code=1, code="IX15", says="is in read-only mode")


def test_licence_terms_that_nobody_accepted(bystander: Bystander) -> None:
    bystander.index.faults.eula_pending = True
    bystander.refused(exit_code=1, code="IX09", says="An administrator has to accept the End User License Agreement")


def test_a_community_edition_past_its_limit(bystander: Bystander) -> None:
    bystander.index.faults.limit_reached = True
    bystander.refused(exit_code=1, code="IX10", says="past the usage limit of its Community Edition")


def test_a_blob_store_without_room(bystander: Bystander, tmp_path: Path) -> None:
    with observed_index(tmp_path / "full", disk=FullDisk()) as index:
        replace(bystander, index=index).refused(exit_code=1, code="IX19", says="its blob store has no room left")


def test_a_size_limit_before_the_server(bystander: Bystander) -> None:
    with size_limit_before(bystander.index.running.url) as url:
        done = bystander.refused(exit_code=1, code="IX18", says="the file is too large for it", NEXUS_URL=url)
    assert "client_max_body_size" in done.said


class FullDisk(Disk):
    """A disk that takes no file."""

    def write(self, file: BinaryIO, data: bytes) -> None:  # noqa: ARG002 - what the real one takes
        """Refuse."""
        raise OSError(errno.ENOSPC, "No space left on device")
