"""Explanations of the BD codes: building and checking artifacts."""

from __future__ import annotations

from tooling.explanations import Explanation

ENTRIES: dict[str, Explanation] = {
    "BD01": Explanation(
        title="a build that failed",
        meaning="The package's build backend could not build it; the end of what it said is shown. "
        "Other packages were built all the same.",
        remedy="Correct what it complains of, mostly something in pyproject.toml, and run the command again.",
    ),
    "BD02": Explanation(
        title="files git does not know",
        meaning="A package is made of the files git tracks. A file it neither tracks nor ignores would be missing from "
        "a clone, so the clone would build other bytes under the same version. "
        "Where git tracks nothing of a package yet, or there is no git, every file counts.",
        remedy="Run `git add` on what belongs to the package (a commit is not needed); delete or ignore the rest.",
    ),
    "BD03": Explanation(
        title="a source that changed during its build",
        meaning="The files were hashed before and after the build, and the hashes differ: "
        "what was built belongs to neither state, so it was thrown away.",
        remedy="Wait until editors, formatters or checkouts have finished, and run the command again.",
    ),
    "BD04": Explanation(
        title="a full disk",
        meaning="A file could not be written for want of room: on the disk, in a quota, or under a size limit. "
        "Builds use the system's temporary folder, the cache and dist/. What was half-written has been removed.",
        remedy="Make room, or set TMPDIR or MAESTRO_CACHE_DIR to a folder on another disk. "
        "The cache may be deleted at any time.",
    ),
    "BD05": Explanation(
        title="invalid metadata",
        meaning="The built metadata breaks the core metadata specification; an index may refuse the upload.",
        remedy="Correct the field it names in [project].",
    ),
    "BD06": Explanation(
        title="metadata that says other things than pyproject.toml",
        meaning="Name, version, Python range, extras and requirements of an artifact have to be those declared; "
        "a build hook or a dynamic field has changed them.",
        remedy="Declare them statically in [project].",
    ),
    "BD07": Explanation(
        title="a description that cannot be shown",
        meaning="The index shows the README as the project's page. It is empty, has no content type, or is "
        "reStructuredText that does not render.",
        remedy="Correct the README; Markdown (README.md) always renders.",
    ),
    "BD08": Explanation(
        title="a wheel that is not as it should be",
        meaning="A wheel of this house holds its one import package and its metadata, no tests, and a RECORD that is "
        "true of every file.",
        remedy="Keep the code in src/<import name>/ and the tests in tests/; leave RECORD to the build backend.",
    ),
    "BD09": Explanation(
        title="an sdist that is not as it should be",
        meaning="An sdist is one folder named after the project and its version, with plain files that stay inside it, "
        "the metadata, pyproject.toml, and one import package below src/.",
        remedy="Keep only the import package in src/, and no links in the package's folder.",
    ),
    "BD10": Explanation(
        title="a link or special file in a package",
        meaning="Symbolic links, sockets and the like come out of archives and clones differently from system to "
        "system, so the same version would have other bytes.",
        remedy="Put a regular file in its place; LICENSE is a copy of the root's for this reason.",
    ),
    "BD11": Explanation(
        title="no environment to build in",
        meaning="A build in isolation installs what [build-system] requires into a new environment, "
        "and that did not succeed; the end of what the installer said is shown.",
        remedy="See that the index pip or uv is configured for is reachable and has these packages. "
        "Packages that need nothing but hatchling are built without it.",
    ),
    "BD12": Explanation(
        title="a wheel that depends on where it is built from",
        meaning="The wheel built from the package's sdist differs from the wheel built from its folder, "
        "so whoever installs from source gets something else.",
        remedy="Let the sdist hold all that the wheel is made of; drop build options that treat the two differently.",
    ),
    "BD13": Explanation(
        title="git would not answer",
        meaning="The packages are inside a git repository, but `git ls-files` failed there; "
        "without it, stray files could get into a release unseen.",
        remedy="Make `git status` work in that folder. In a container, git asks to be told that a folder of another "
        "user is safe: `git config --global --add safe.directory FOLDER`.",
    ),
    "BD14": Explanation(
        title="a file that cannot be read or written",
        meaning="The operating system refused a file of a package, of the cache or of dist/.",
        remedy="Give yourself the right to it, or set MAESTRO_CACHE_DIR to a folder of your own.",
    ),
    "BD15": Explanation(
        title="a file that is no archive",
        meaning="A wheel or sdist could not be opened: it is truncated, damaged, or something else altogether.",
        remedy="Fetch or build it again. When the index serves it like this, an administrator has to replace it.",
    ),
    "BD16": Explanation(
        title="a module that does not compile",
        meaning="A module in the wheel is no valid Python, so the package, or a part of it, could never be imported.",
        remedy="Correct the line that is named, and run the package's tests: `invoke test --package NAME`.",
    ),
    "BD17": Explanation(
        title="an sdist that does not stay in its folder",
        meaning="A member of the sdist names a place outside of the folder it is unpacked into, directly or by a link, "
        "or it is a device or the like. Installers refuse such an sdist too (PEP 706).",
        remedy="Look at the build backend's settings for what goes into the sdist, and take that file out.",
    ),
}
