"""What an index's answers mean: the error table as sentences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tooling.errors import FailedError, UsageError
from tooling.explanations import catalogue
from tooling.model.target import Target
from tooling.plan.answers import Answer, Asked, Meaning, Reply, _trouble, error_of, moved_base, read_answer
from tooling.plan.refusals import BY_STATUS

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NEXUS = Target(kind="nexus", base="http://h:8081/nexus", repository="pypi-hosted", group="pypi-group")
OTHER = Target(kind="simple", base="http://h:8080")
FILE = "maestro_x-1.0.0-py3-none-any.whl"


def page(status: int, message: str) -> Reply:
    """The page that Nexus sends for an error on a repository path (nexus-protocol 1.6)."""
    body = (
        f"<!DOCTYPE html><html><head><title>{status} - Sonatype Nexus Repository</title></head><body>"
        f'<div class="content-body"><span class="title">Error {status}</span>'
        f'<div class="content-section">\n    {message}\n  </div><div class="content-section"><pre>trace</pre></div>'
    )
    return Reply(status=status, reason="Whatever", headers={"content-type": "text/html"}, body=body)


def upload(reply: Reply, *, target: Target = NEXUS, username: str | None = "ci", rights: str = "add") -> Answer:
    asked = Asked(
        doing=f"store {FILE}", url=target.upload_url, target=target, username=username, rights=rights, uploading=True
    )
    return read_answer(reply, asked, now=NOW)


def reading(reply: Reply, *, target: Target = NEXUS) -> Answer:
    asked = Asked(doing="show the page", url=target.simple_url, target=target, username="ci")
    return read_answer(reply, asked, now=NOW)


ORIENT = "Repository does not allow updating assets: pypi-hosted"
DATASTORE = f"pypi-hosted/packages/maestro-x/1.0.0/{FILE} cannot be updated"
UPLOADS = [
    (Reply(status=200), Meaning.STORED, "", ""),
    (Reply(status=201), Meaning.STORED, "", ""),
    (Reply(status=204), Meaning.STORED, "", ""),
    (page(400, ORIENT), Meaning.ASK, "IX25", ORIENT),
    (page(400, DATASTORE), Meaning.ASK, "IX25", DATASTORE),
    (Reply(status=400, reason=DATASTORE), Meaning.ASK, "IX25", DATASTORE),
    (Reply(status=409, reason="Conflict"), Meaning.ASK, "IX25", "Conflict"),
    (Reply(status=400, reason="Something nobody has seen"), Meaning.ASK, "IX21", "Something nobody has seen"),
    (page(400, "pypi-hosted/packages/x is read-only"), Meaning.ASK, "IX17", "ALLOW_ONCE"),
    (page(400, "Repository is read only: pypi-hosted"), Meaning.ASK, "IX17", "ALLOW_ONCE"),
    (page(400, "Digests do not match, found: a, expected: b"), Meaning.ASK, "IX24", "Run again"),
    (Reply(status=401), Meaning.REFUSED, "IX06", "NEXUS_PASSWORD"),
    (page(403, "Forbidden"), Meaning.REFUSED, "IX08", "nx-repository-view-pypi-pypi-hosted-add"),
    (page(403, "You must accept the End User License Agreement"), Meaning.REFUSED, "IX09", "http://h:8081/nexus"),
    (
        page(403, "PAYMENT REQUIRED: At current usage levels, Nexus requires a paid license"),
        Meaning.REFUSED,
        "IX10",
        "",
    ),
    (Reply(status=402), Meaning.REFUSED, "IX21", "402"),
    (page(404, "Repository not found"), Meaning.REFUSED, "IX11", "NEXUS_REPOSITORY"),
    (page(404, "Not Found"), Meaning.REFUSED, "IX12", "hosted"),
    (
        page(404, "Detected content type [text/plain], but expected [application/zip]"),
        Meaning.REFUSED,
        "IX22",
        "strict",
    ),
    (page(404, "Content type could not be determined: x"), Meaning.REFUSED, "IX22", "strict"),
    (Reply(status=405), Meaning.REFUSED, "IX12", "hosted"),
    (Reply(status=407), Meaning.REFUSED, "IX04", "HTTP_PROXY"),
    (Reply(status=413, reason="Request Entity Too Large"), Meaning.REFUSED, "IX18", "client_max_body_size"),
    (Reply(status=507), Meaning.REFUSED, "IX19", "room"),
    (page(500, "Blob store default is over its quota"), Meaning.REFUSED, "IX19", "quota"),
    (page(500, "java.io.IOException: No space left on device"), Meaning.REFUSED, "IX19", "room"),
    (page(503, "Nexus Repository Manager is in read-only mode"), Meaning.LATER, "IX15", "frozen"),
    (page(503, "Repository offline"), Meaning.REFUSED, "IX16", "online"),
    (Reply(status=503, reason="Service Unavailable"), Meaning.LATER, "IX20", "503: Service Unavailable"),
    (Reply(status=408), Meaning.LATER, "IX20", ""),
    (Reply(status=429), Meaning.LATER, "IX20", ""),
    (Reply(status=500), Meaning.LATER, "IX20", ""),
    (Reply(status=502), Meaning.LATER, "IX20", ""),
    (Reply(status=504), Meaning.LATER, "IX20", ""),
    (Reply(status=418, reason="I'm a teapot"), Meaning.REFUSED, "IX21", "418: I'm a teapot"),
]


@pytest.mark.parametrize(("reply", "meaning", "code", "words"), UPLOADS)
def test_every_answer_to_an_upload_has_its_meaning_and_its_sentence(
    reply: Reply, meaning: Meaning, code: str, words: str
) -> None:
    answer = upload(reply)
    assert (answer.meaning, answer.code, answer.status) == (meaning, code, reply.status)
    assert words in f"{answer.message} {answer.hint}"
    if meaning is not Meaning.STORED:
        assert answer.message.endswith(".")
        assert answer.hint.endswith(".")
        assert "{" not in answer.message + answer.hint


@pytest.mark.parametrize(
    ("content_type", "body", "words"),
    [
        ("application/json", '[{"id":"*","message":"One"},{"id":"x","message":"Two"}]', "One; Two"),
        ("application/vnd.siesta-validation-errors-v1+json", '[{"id":"*","message":"One"}]', "One"),
        ("application/json", '{"id":"*","message":"\\"In quotes\\""}', "In quotes"),
        ("text/plain", "ValidationErrorXO{id='*', message='It's wrapped'}", "It's wrapped"),
        ("text/plain", "ERROR: (ID 0b7c-11) java.lang.Exception: Bad", "java.lang.Exception: Bad"),
        ("text/plain", "Nexus Repository Manager is in read-only mode: (ID 0b7c-11)", "is in read-only mode"),
        ("text/plain;charset=utf-8", "Repository does not allow", "Repository does not allow"),
        ("application/json", '"A duplicated key"', "A duplicated key"),
        ("application/json", '{"detail":"Said by another index"}', "Said by another index"),
        ("text/html", '<div class="content-section">a &lt;b&gt; &amp;\n c</div>', "a <b> & c"),
        ("application/json", "{broken", "The reason"),
        ("text/html", "<html><h1>413</h1></html>", "The reason"),
        ("", "", "The reason"),
    ],
)
def test_the_servers_own_words_are_found_in_every_shape(content_type: str, body: str, words: str) -> None:
    reply = Reply(status=400, reason="The reason", headers={"content-type": content_type}, body=body)
    assert words in reply.message
    assert "ValidationErrorXO" not in reply.message
    assert "(ID" not in reply.message


@given(st.text(), st.text(), st.sampled_from(["text/html", "application/json", "text/plain", ""]))
def test_a_message_is_one_bounded_printable_line_whatever_the_server_sends(body: str, reason: str, kind: str) -> None:
    message = Reply(status=500, reason=reason, headers={"content-type": kind}, body=body).message
    assert len(message) <= 300
    assert message.isprintable()


@given(st.integers(100, 999), st.text(max_size=80), st.booleans())
def test_any_status_with_any_words_has_a_meaning(status: int, words: str, uploading: bool) -> None:
    reply = Reply(status=status, reason=words)
    answer = upload(reply) if uploading else reading(reply)
    assert (answer.meaning is Meaning.STORED) == (200 <= status < 300)
    assert (answer.meaning is Meaning.ASK) == (uploading and status in {400, 409})


def test_a_400_is_always_a_question_and_never_decided_by_its_words() -> None:
    for words in (ORIENT, DATASTORE, "Repository offline", "quota exceeded", "is read-only", ""):
        assert upload(Reply(status=400, reason=words)).meaning is Meaning.ASK


def test_nobody_is_told_to_correct_a_password_that_was_never_given() -> None:
    answer = upload(Reply(status=401), username=None)
    assert answer.code == "IX07"
    assert "Set NEXUS_USERNAME" in answer.hint


def test_the_components_route_without_edit_names_the_right_that_is_missing() -> None:
    body = '[{"id":"*","message":"Not authorized for requested path \'packages/x\'"}]'
    answer = upload(Reply(status=400, headers={"content-type": "application/json"}, body=body))
    assert (answer.meaning, answer.code) == (Meaning.ASK, "IX08")
    assert "-edit" in answer.hint


def test_another_kind_of_index_is_not_told_about_nexus_privileges() -> None:
    answer = upload(Reply(status=403), target=OTHER)
    assert answer.code == "IX08"
    assert "nx-" not in answer.hint


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("https://h:8081/nexus/repository/pypi-hosted/", "Set NEXUS_URL to https://h:8081/nexus."),
        ("https://h:8081/nexus/repository/pypi-hosted", "Set NEXUS_URL to https://h:8081/nexus."),
        ("https://u:p@new/repository/pypi-hosted/", "Set NEXUS_URL to https://new."),
        ("/login?next=secret", "It points to http://h:8081/login:"),
        ("", "It points to"),
        ("http://[", "It points to"),
    ],
)
def test_a_redirected_upload_is_refused_with_the_right_address(location: str, words: str) -> None:
    answer = upload(Reply(status=301, headers={"location": location}))
    assert (answer.meaning, answer.code) == (Meaning.REFUSED, "IX14")
    assert words in answer.hint
    assert "secret" not in answer.hint


def test_a_redirect_that_changes_the_path_moves_no_root() -> None:
    assert moved_base("http://h/repository/r/", "https://h/other/", "http://h") is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": format_datetime(NOW + timedelta(seconds=90), usegmt=True)}, 90.0),
        ({"retry-after": format_datetime(NOW - timedelta(seconds=90), usegmt=True)}, 0.0),
        (
            {
                "retry-after": "Sun, 22 Nov 2026 08:00:30 GMT",
                "date": "Sun, 22 Nov 2026 08:00:00 GMT",
            },
            30.0,
        ),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "Sun, 99 Nov 2026 08:00:30 GMT"}, None),
        ({}, None),
    ],
)
def test_the_servers_wish_for_patience_is_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert upload(Reply(status=503, headers=headers)).retry_after == seconds


@given(st.text())
def test_a_nonsensical_wish_for_patience_is_no_wish(value: str) -> None:
    wish = upload(Reply(status=503, headers={"retry-after": value})).retry_after
    assert wish is None or wish >= 0


def test_wrong_settings_are_usage_errors_and_trouble_at_the_server_is_a_failure() -> None:
    assert isinstance(error_of(reading(Reply(status=401))), UsageError)
    assert isinstance(error_of(reading(Reply(status=404))), UsageError)
    assert isinstance(error_of(reading(Reply(status=503))), FailedError)


def test_every_row_of_the_table_is_reachable_and_explained() -> None:
    replies = [reply for reply, *_ in UPLOADS] + [
        Reply(status=301),
        Reply(status=403),
        Reply(status=400, reason="Not authorized for requested path"),
        Reply(status=400, reason="is unsupported, must be 'hosted'"),
    ]
    reached = [
        _trouble(reply, Asked(doing="x", url="http://h/", target=target, username=username, uploading=uploading))
        for reply in replies
        for target in (NEXUS, OTHER)
        for username in ("ci", None)
        for uploading in (True, False)
        if reply.status >= 300
    ]
    assert [row for row in BY_STATUS if row not in reached] == []
    assert {row.code for row in BY_STATUS} <= catalogue().keys()
