"""Mistakes in the workspace: all are found before anything is built or sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mistakes import Bystander

MANIFEST = "packages/core-config/pyproject.toml"


def test_broken_toml_is_shown_with_its_line(bystander: Bystander) -> None:
    bystander.edit(MANIFEST, 'version = "1.0.0"', 'version = "1.0.0')
    bystander.refused(exit_code=2, code="WS03", says="core-config/pyproject.toml:7")


def test_an_invalid_version_is_quoted(bystander: Bystander) -> None:
    bystander.edit(MANIFEST, 'version = "1.0.0"', 'version = "one point oh"')
    bystander.refused(exit_code=2, code="WS06", says="one point oh")


def test_a_duplicate_name_names_both_folders(bystander: Bystander) -> None:
    bystander.edit(MANIFEST, 'name = "maestro-core-config"', 'name = "Maestro_Core.Logging"')
    says = "core-config, core-logging all call themselves maestro-core-logging"
    bystander.refused(exit_code=2, code="WS12", says=says)


def test_a_missing_readme_is_named(bystander: Bystander) -> None:
    (bystander.workspace / "packages/core-config/README.md").unlink()
    bystander.refused(exit_code=2, code="WS10", says="README.md")


def test_an_unknown_package_brings_the_nearest_name(bystander: Bystander) -> None:
    bystander.refused("--package", "core-confg", exit_code=2, code="WS14", says="Did you mean core-config?")


def test_several_mistakes_are_told_together(bystander: Bystander) -> None:
    bystander.edit(MANIFEST, 'version = "1.0.0"', 'version = "one"')
    (bystander.workspace / "packages/core-logging/README.md").unlink()
    done = bystander.refused(exit_code=2, code="WS06", says="WS10: ")
    assert "core-logging" in done.said


def test_a_part_without_what_it_needs_is_refused(bystander: Bystander) -> None:
    done = bystander.refused("--package", "core-config", exit_code=3, code="PB03", says="maestro-core-logging>=1.0.0")
    assert "--package core-logging" in done.said


def test_a_part_that_goes_with_nothing_published_is_refused_and_the_rest_of_it_named(bystander: Bystander) -> None:
    """Each requirement by itself is met: what is published of core-config excludes what core-api needs."""
    bystander.edit(MANIFEST, '"maestro-core-logging>=1.0.0"', '"maestro-core-logging>=1.0.0,<2"')
    environment = bystander.user(**bystander.index.variables)
    assert bystander.warm.run(bystander.workspace, "publish", "--all", environment=environment).code == 0
    bystander.edit("packages/core-logging/pyproject.toml", 'version = "1.0.0"', 'version = "2.0.0"')
    bystander.edit(MANIFEST, 'version = "1.0.0"', 'version = "1.0.1"')
    bystander.edit(MANIFEST, '"maestro-core-logging>=1.0.0,<2"', '"maestro-core-logging>=1.0.0,<3"')
    bystander.edit("packages/core-api/pyproject.toml", 'version = "1.0.0"', 'version = "1.0.1"')
    bystander.edit("packages/core-api/pyproject.toml", '"maestro-core-logging>=1.0.0"', '"maestro-core-logging>=2"')
    part = ("--package", "core-logging", "--package", "core-api")
    done = bystander.refused(
        *part, exit_code=3, code="PB13", says="maestro-core-config 1.0.0 needs maestro-core-logging"
    )
    assert "--package core-config" in done.said
    assert bystander.warm.run(bystander.workspace, "publish", "--all", environment=environment).code == 0


def test_other_bytes_under_a_published_version_are_named_down_to_the_member(bystander: Bystander) -> None:
    environment = bystander.user(**bystander.index.variables)
    assert bystander.warm.run(bystander.workspace, "publish", "--all", environment=environment).code == 0
    bystander.edit("packages/core-config/src/maestro_core_config/__init__.py", "greets", "hails")
    done = bystander.refused(exit_code=3, code="PB01", says="maestro_core_config-1.0.0-py3-none-any.whl")
    assert "maestro_core_config/__init__.py" in done.said
    assert "Raise the version of core-config" in done.said
