"""Gathers the collections; nothing else."""

from __future__ import annotations

from invoke.collection import Collection

from tooling.faces import bump, check, ci, explain, new, nexus, packages, publish, release, verify

ns = Collection(
    packages.list_,
    packages.graph,
    check.check,
    packages.build,
    packages.test_,
    new.new,
    bump.bump,
    publish.publish,
    verify.verify,
    release.release,
    explain.explain,
    ci=ci.collection,
    nexus=nexus.collection,
)
