"""An upload form read as it arrives: fields into memory, within bounds, files straight to disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from tooling.localnexus.disk import StagedFile

FIELD_BYTES: Final = 8 << 20
"""Bound on all fields of a form together, names included."""
PARTS: Final = 2000
HEADER_BYTES: Final = 8192


class MalformedFormError(Exception):
    """The body is not a form, or not one within bounds; the text says why."""


class NotAFormError(MalformedFormError):
    """The content type is not `multipart/form-data`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormFile:
    """A file part; `name` is as the client sent it."""

    field: str
    name: str
    staged: StagedFile


@dataclass(slots=True)
class UploadForm:
    """What has arrived of a form; fields keep their order and their repetitions."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    files: list[FormFile] = field(default_factory=list)

    def get(self, name: str) -> str | None:
        """All values of a field, one per line; None when it was not sent."""
        found = [value for key, value in self.fields if key == name]
        return "\n".join(found) if found else None

    def named(self, name: str) -> list[FormFile]:
        """The files that came under a field name."""
        return [file for file in self.files if file.field == name]

    def names(self) -> Iterator[str]:
        """Every field name once, in order."""
        return iter(dict.fromkeys(name for name, _ in self.fields))

    def abandon(self) -> None:
        """Remove every file that has not been stored."""
        for file in self.files:
            file.staged.abandon()


class _Reader:
    """Turns the parser's callbacks into parts."""

    def __init__(self, form: UploadForm, stage: Callable[[], StagedFile], on_field: Callable[[str, str], None]) -> None:
        self._form = form
        self._stage = stage
        self._on_field = on_field
        self._spent = 0
        self._parts = 0
        self._headers: dict[bytes, bytes] = {}
        self._header_name = b""
        self._header_value = b""
        self._name = ""
        self._text = bytearray()
        self.file: StagedFile | None = None
        self.complete = False

    def on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > PARTS:
            raise MalformedFormError(f"The form has more than {PARTS} parts")
        self._headers = {}
        self._text = bytearray()
        self.file = None

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def on_header_end(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name = self._header_value = b""

    def on_headers_finished(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition"))
        if kind != b"form-data" or b"name" not in options:
            raise MalformedFormError("A part has no name")
        self._name = options[b"name"].decode("utf-8", "replace")
        self._spend(len(self._name))
        if b"filename" in options:
            self.file = self._stage()
            name = options[b"filename"].decode("utf-8", "replace")
            self._form.files.append(FormFile(field=self._name, name=name, staged=self.file))

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self.file is not None:
            self.file.feed(data[start:end])
        else:
            self._spend(end - start)
            self._text += data[start:end]

    def on_part_end(self) -> None:
        if self.file is None:
            value = self._text.decode("utf-8", "replace")
            self._form.fields.append((self._name, value))
            self._on_field(self._name, value)

    def on_end(self) -> None:
        self.complete = True

    def _spend(self, count: int) -> None:
        self._spent += count
        if self._spent > FIELD_BYTES:
            raise MalformedFormError(f"The fields of the form exceed {FIELD_BYTES} bytes")


async def read_form(
    content_type: str,
    body: AsyncIterator[bytes],
    stage: Callable[[], StagedFile],
    on_field: Callable[[str, str], None] = lambda _name, _value: None,
) -> UploadForm:
    """Read a whole form. Its files are written and sealed; on any error none of them is left.

    Args:
        content_type: of the request, with the boundary.
        body: the request's body in pieces.
        stage: begins a file.
        on_field: called with name and value of each field as soon as it is complete.

    Raises:
        NotAFormError: another content type, or no boundary.
        MalformedFormError: the body is torn, or exceeds a bound.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise NotAFormError("Expected multipart Content-Type")
    form = UploadForm()
    try:
        await _fill(form, options[b"boundary"], body, _Reader(form, stage, on_field))
    except BaseException:
        form.abandon()
        raise
    return form


async def _fill(form: UploadForm, boundary: bytes, body: AsyncIterator[bytes], reader: _Reader) -> None:
    hooks = {name: getattr(reader, name) for name in vars(_Reader) if name.startswith("on_")}
    try:
        parser = MultipartParser(boundary, hooks, max_header_size=HEADER_BYTES)  # type: ignore[arg-type] # a plain dict is the documented form
        async for piece in body:
            parser.write(piece)
            if reader.file is not None:
                await reader.file.relieve()
    except FormParserError as error:
        raise MalformedFormError(str(error)) from error
    if not reader.complete:
        raise MalformedFormError("Stream ended unexpectedly")
    for file in form.files:
        await file.staged.seal()
