"""What the form of a classic upload declares; it is believed, the archive is not opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tooling.localnexus.answers import Refused, page
from tooling.localnexus.assets import NewAsset
from tooling.localnexus.form import MalformedFormError

if TYPE_CHECKING:
    from starlette.requests import Request

    from tooling.localnexus.form import FormFile, UploadForm
    from tooling.localnexus.settings import Dialect

ATTRIBUTES: Final = (
    "pyversion",
    "platform",
    "filetype",
    "description",
    "summary",
    "license",
    "keywords",
    "author",
    "author_email",
    "maintainer",
    "maintainer_email",
    "home_page",
    "download_url",
    "classifiers",
    "requires_dist",
    "provides_extra",
    "supported_platform",
    "provides_dist",
    "obsoletes_dist",
    "requires_python",
    "requires_external",
    "project_url",
    "generator",
)
"""Form fields that are kept beside name and version."""


def declared_files(form: UploadForm, request: Request, repository: str, dialect: Dialect) -> list[NewAsset]:
    """The uploaded file, and its detached signature when there is one.

    Raises:
        MalformedFormError: a part is missing or repeated, or the action is not `file_upload`.
        Refused: 400, the file does not have the MD5 that was declared, the only digest that is checked.
    """
    upload = _content(form)
    _require_fields(form, dialect)
    _check_md5(form.get("md5_digest"), upload.staged.digests()["md5"])
    parts = [(upload.staged, upload.name, form.get("requires_python") or "")]
    parts += [(signature.staged, f"{upload.name}.asc", "") for signature in form.named("gpg_signature")[:1]]
    return [
        NewAsset(
            repository=repository,
            staged=staged,
            name=form.get("name") or "",
            version=form.get("version") or "",
            file=file,
            requires_python=requires_python,
            attributes={key: value for key in ATTRIBUTES if (value := form.get(key)) is not None},
            uploader=request.state.caller.userid,
            uploader_ip=request.client.host if request.client else None,
        )
        for staged, file, requires_python in parts
    ]


def _content(form: UploadForm) -> FormFile:
    action = form.get(":action")
    if action != "file_upload":
        raise MalformedFormError(f"Unsupported :action, found: {action}")
    content = form.named("content")
    if len(content) != 1 or not content[0].name:
        raise MalformedFormError("The form needs one content file with a name")
    return content[0]


def _require_fields(form: UploadForm, dialect: Dialect) -> None:
    missing = [field for field in ("name", "version") if not form.get(field)]
    if dialect == "datastore" and form.get("summary") is None:
        missing.append("summary")
    if missing:
        raise MalformedFormError(f"The form lacks {', '.join(missing)}")


def _check_md5(claimed: str | None, found: str) -> None:
    if claimed and claimed.lower() != found:
        raise Refused(page(400, f"Digests do not match, found: {found}, expected: {claimed}"))
