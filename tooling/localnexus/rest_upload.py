"""Uploads by the Components call: the archive speaks for itself."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from tooling.localnexus.answers import (
    EULA_PENDING,
    LIMIT_REACHED,
    Refused,
    page,
    rest_array,
    rest_empty,
    rest_failure,
    rest_text,
    rest_wrapped,
)
from tooling.localnexus.assets import NewAsset, is_proper_path
from tooling.localnexus.declared import ATTRIBUTES
from tooling.localnexus.disk import in_thread
from tooling.localnexus.form import FormFile, MalformedFormError, NotAFormError, UploadForm, read_form
from tooling.localnexus.hosted import Hosted
from tooling.localnexus.store import UpdateRefusedError

if TYPE_CHECKING:
    from starlette.requests import Request

    from tooling.localnexus.rest import Desk
    from tooling.localnexus.security import Caller

_FILE_PART: Final = re.compile(r"(\w+\.)?asset\d*")
_ASSET_FIELD: Final = re.compile(r"(?:\w+\.)?asset(\d*)\.(\w+)")
_NO_METADATA: Final = "Unable to extract PyPI metadata from provided archive."


class RestUpload:
    """The endpoint."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._settings = desk.settings

    def routes(self) -> list[Route]:
        """The route below `/service/rest/v1`."""
        return [Route("/components", self.upload, methods=["POST"])]

    async def upload(self, request: Request) -> Response:
        """POST /components?repository=R: 204 when the one file in the form is stored."""
        hosted = self._target(request)
        form: UploadForm | None = None
        try:
            form = await read_form(
                request.headers.get("content-type", ""), request.stream(), lambda: hosted.stage("sha512")
            )
            await self._store(hosted, self._file(form), request)
        except NotAFormError as error:
            raise Refused(rest_empty(415)) from error
        except MalformedFormError as error:
            raise Refused(rest_failure(str(error))) from error
        except ClientDisconnect:
            return Response(status_code=400)
        finally:
            if form is not None:
                form.abandon()
        return Response(status_code=204)

    def _target(self, request: Request) -> Hosted:
        repository = self._desk.repository(request.query_params.get("repository"))
        caller: Caller = request.state.caller
        if not (caller.may("browse", repository.name) or caller.may("read", repository.name)):
            raise Refused(rest_empty(403))
        self._desk.refuse_frozen()
        if not isinstance(repository, Hosted):
            told = f"Uploading components to a '{repository.kind}' type repository is unsupported, must be 'hosted'"
            raise Refused(rest_array(told))
        if self._settings.faults.offline:
            raise Refused(rest_array("Repository offline"))
        if self._settings.faults.eula_pending:
            raise Refused(page(403, EULA_PENDING))
        if self._settings.faults.limit_reached:
            raise Refused(rest_text(403, LIMIT_REACHED))
        return repository

    def _file(self, form: UploadForm) -> FormFile:
        for name in form.names():
            if match := _ASSET_FIELD.fullmatch(name):
                raise Refused(rest_array(f"Unknown field '{match[2]}' on asset '{match[1] or 1}'"))
            raise Refused(rest_array(f"Unknown component field '{name}'"))
        if not form.files:
            raise Refused(rest_array("No assets found in upload"))
        if len(form.files) > 1:
            raise Refused(rest_array("Only one asset may be uploaded at a time"))
        upload = form.files[0]
        if self._settings.dialect == "datastore" and not _FILE_PART.fullmatch(upload.field):
            raise Refused(rest_array(f"Unknown component field '{upload.field}'"))
        return upload

    async def _store(self, hosted: Hosted, upload: FormFile, request: Request) -> None:
        from tooling.localnexus.metadata import NoMetadataError, archive_type, read_metadata

        caller: Caller = request.state.caller
        try:
            metadata = await in_thread(partial(read_metadata, upload.staged.path))
        except NoMetadataError as error:
            raise Refused(rest_array(_NO_METADATA)) from error
        for field in ("name", "version"):
            if not metadata.get(field):
                raise Refused(rest_array(f"Metadata is missing the {field} attribute"))
        new = NewAsset(
            repository=hosted.name,
            staged=upload.staged,
            name=metadata["name"],
            version=metadata["version"],
            file=upload.name or f"{metadata['name']}-{metadata['version']}.{archive_type(upload.staged.path)}",
            requires_python=metadata.get("requires_python", ""),
            attributes={key: metadata[key] for key in ATTRIBUTES if key in metadata},
            uploader=caller.userid,
            uploader_ip=request.client.host if request.client else None,
        )
        if not is_proper_path(new.path):
            raise Refused(rest_array(f"Path is not allowed to have '.' or '..' segments: '{new.path}'"))
        if not caller.may("edit", hosted.name):
            raise Refused(rest_array(f"Not authorized for requested path '{new.path}'"))
        with hosted.flight() as flight:
            hosted.announce(flight, new.name)
            try:
                await hosted.store(flight, [new])
            except UpdateRefusedError as error:
                told = hosted.refusal(error.path)
                bare = self._settings.dialect == "orient"
                raise Refused(rest_text(400, told) if bare else rest_wrapped(400, told)) from error
