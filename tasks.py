"""Gathers the collections; nothing else."""

from __future__ import annotations

from invoke.collection import Collection

from tooling.faces import bump, check, explain, nexus, packages, publish, release, verify

ns = Collection(
    packages.list_,
    packages.graph,
    check.check,
    packages.build,
    packages.test_,
    bump.bump,
    publish.publish,
    verify.verify,
    release.release,
    explain.explain,
    nexus=nexus.collection,
)
