"""Gathers the collections; nothing else."""

from __future__ import annotations

from invoke.collection import Collection

from tooling.faces import check, ci, explain, new, nexus, packages, publish, verify

ns = Collection(
    packages.list_,
    packages.graph,
    check.check,
    packages.build,
    packages.test_,
    new.new,
    publish.publish,
    verify.verify,
    explain.explain,
    ci=ci.collection,
    nexus=nexus.collection,
)
