"""What a server is told before it starts."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from tooling.errors import UsageError
from tooling.localnexus.disk import Disk
from tooling.localnexus.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOSTED: Final = "pypi-hosted"
PROXY: Final = "pypi-proxy"
GROUP: Final = "pypi-group"
KINDS: Final = {HOSTED: "hosted", PROXY: "proxy", GROUP: "group"}

Dialect: TypeAlias = Literal["datastore", "orient"]
WritePolicy: TypeAlias = Literal["ALLOW", "ALLOW_ONCE", "DENY"]

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
DAY: Final = 1440.0


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSettings:
    """How one server runs.

    Args:
        data: folder of the files and the database; made when missing.
        host: address to listen on; anything but this machine's own address needs `password`.
        port: 0 takes any free one.
        password: of `admin`. None: on an empty folder `NEXUS_SECURITY_INITIAL_PASSWORD`, else one is made and kept in
            `<data>/admin.password` as Nexus does; on a folder in use, the one it has.
        anonymous: whether requests without credentials may read and browse.
        upstream: the simple index behind the proxy (it may carry credentials); None: the one pip is set to use.
        dialect: `datastore` speaks as Nexus 3.85 does, `orient` as 3.70 and older do.
        write_policy: of the hosted repository.
        context_path: where the server begins, such as `/nexus/`.
        guarded: the group never serves from the proxy a project that the hosted repository has.
        metadata_max_age: minutes that a page of the proxy stays fresh; -1 for ever.
        content_max_age: minutes that a file of the proxy stays fresh; -1 for ever.
        negative_max_age: minutes that the proxy remembers that a project is absent upstream; 0 forgets at once.
        clock: seconds since the epoch.
        disk: the calls that make data durable.
        faults: what goes wrong on purpose; may be changed while the server runs.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = 0
    password: str | None = field(default=None, repr=False)
    anonymous: bool = True
    upstream: str | None = field(default=None, repr=False)
    dialect: Dialect = "datastore"
    write_policy: WritePolicy = "ALLOW_ONCE"
    context_path: str = "/"
    guarded: bool = True
    metadata_max_age: float = DAY
    content_max_age: float = -1
    negative_max_age: float = DAY
    clock: Callable[[], float] = time.time
    disk: Disk = field(default_factory=Disk)
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        if self.host not in LOOPBACK and not self.password:
            raise UsageError(
                "SV02",
                f"The embedded index would listen on {self.host!r}, for other machines too, without a password.",
                "Give a password, or leave the host out to listen on this machine only.",
            )

    @property
    def prefix(self) -> str:
        """The context path without its last slash: empty for `/`."""
        return "/" + self.context_path.strip("/") if self.context_path.strip("/") else ""

    @property
    def server_header(self) -> str:
        """What the server calls itself (the header by which clients find its version)."""
        return "Nexus/3.85.0-03 (COMMUNITY)" if self.dialect == "datastore" else "Nexus/3.70.1-02 (OSS)"
