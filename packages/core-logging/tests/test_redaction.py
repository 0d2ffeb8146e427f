"""No secret gets through, by name or by shape; what is none stays as it is."""

from __future__ import annotations

import base64
import dataclasses
import json
import logging
import re
import string
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import maestro_core_logging as mcl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from maestro_core_logging.detectors import BUILT_IN, is_card_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Lines

REDACTOR = mcl.Redactor()
B64URL = string.ascii_letters + string.digits + "-_"

SENSITIVE = [
    *("password", "Password", "PASSWORD", "passwd", "user_password", "dbPassword", "password2", "new-password"),
    *("token", "access_token", "accessToken", "refresh_tokens", "X-Auth-Token", "csrf_token", "id_token"),
    *("api_key", "apikey", "APIKEY", "APIKey", "X-Api-Key", "x-api-key", "secret", "client_secret", "SECRET_KEY"),
    *("aws_secret_access_key", "private_key", "authorization", "Proxy-Authorization", "cookie", "Set-Cookie", "auth"),
    *("credentials", "jwt", "otp", "cvv", "ssn", "card_number", "passphrase", "signing_key", "password_hash"),
]
BENIGN = [
    *("tokenizer", "token_count", "max_tokens", "total_tokens", "tokens", "keyboard", "author", "authority", "monkey"),
    *("key", "primary_key", "cache_key", "partition_key", "idempotency_key", "passenger", "compass", "secretary"),
    *(
        "token_type",
        "token_expires_at",
        "password_changed_at",
        "has_password",
        "is_secret",
        "auth_method",
        "session_id",
    ),
    *("secret_name", "cookie_count", "user_id", "request_id", "path", "status", "duration_ms", "bypass", "cart"),
]
BENIGN_TEXTS = [
    "GET /orders?page=2&sort=-id HTTP/1.1",
    "2026-11-22T13:31:18.123456Z",
    "tokenizer=bpe token_count=5 author=ada",
    "retry in 5s: attempt 2 of 3",
    "basic understanding of bearer responsibilities",
    "basic authentication is off, bearer token expired",
    "550e8400-e29b-41d4-a716-446655440000",
    "d2a84f4b8b650937ec8f73cd8be2c74add5a911ba64df27458ed8229da804a26",
    "0.4111111111111111 seconds, 1763818274123456 us, phone +49 228 1234567",
    "http://host:8080/path?email=a@b.example",
    "https://example.org:443/a:b/@user",
    "mail ada@example.org about order 4111-22",
    "/usr/lib/python3.11/site-packages/sk-learn",
    "risk-based task-force gl-matrix asia AKIA",
    "a--b --verbose --port 8080",
    "SELECT 'x' FROM t WHERE id = 5 -- comment",
    "C:\\temp\\x: y",
]


def jwt() -> st.SearchStrategy[str]:
    part = st.text(B64URL, min_size=8, max_size=24)
    return st.builds("eyJ{}.eyJ{}.{}".format, part, part, part)


def card() -> st.SearchStrategy[str]:
    def complete(prefix: str, body: str) -> str:
        stem = (prefix + body)[:15]
        return next(stem + digit for digit in string.digits if is_card_number(stem + digit))

    return st.builds(
        complete, st.sampled_from(["4", "51", "2221", "6011", "3528"]), st.text("0123456789", min_size=15, max_size=15)
    )


def spaced(number: str) -> str:
    return " ".join(number[start : start + 4] for start in range(0, 16, 4))


RANDOM = st.text(string.ascii_letters + string.digits, min_size=24, max_size=40)
SHAPED = st.one_of(
    jwt(),
    card(),
    card().map(spaced),
    RANDOM.map("Bearer {}".format),
    RANDOM.map("bearer  {}".format),
    RANDOM.map(lambda text: "Basic " + base64.b64encode(f"user:{text}".encode()).decode()),
    RANDOM.map("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----".format),
    RANDOM.map("-----BEGIN CERTIFICATE-----\n{}".format),
    st.text(string.ascii_uppercase + string.digits, min_size=16, max_size=16).map("AKIA{}".format),
    RANDOM.map("ghp_{}".format),
    RANDOM.map("sk-{}".format),
    RANDOM.map("xoxb-{}".format),
    RANDOM.map("sk_live_{}".format),
    RANDOM.map("glpat-{}".format),
    RANDOM.map("AIza{:0<35.35}".format),
    st.builds(
        "{}://user:{}@db.internal:5432/app".format, st.sampled_from(["postgres", "redis", "https", "amqp+ssl"]), RANDOM
    ),
    st.builds("redis://:{}@cache/0".format, RANDOM),
    st.builds("https://{}@github.com/a/b".format, RANDOM),
    st.builds("postgres://user:{}/{}@db/app".format, RANDOM, RANDOM),
)
WORDS = st.text(string.ascii_lowercase + " ", max_size=12)
SURROUNDED = st.builds("{} {} {}".format, WORDS, SHAPED, WORDS)
HARMLESS = st.none() | st.booleans() | st.integers(-(10**11), 10**11) | st.floats(allow_nan=False) | WORDS
SECRETS = st.text(string.ascii_letters + string.digits, min_size=12, max_size=30).map("S3cr3t{}".format)


def kernel(shaped: str) -> str:
    """Give the part of a shaped secret that must not be seen."""
    for prefix in ("Bearer", "bearer", "Basic"):
        shaped = shaped.removeprefix(prefix).strip()
    if "://" in shaped:
        return shaped.split("://")[1].rsplit("@", 1)[0].split(":")[-1]
    if "-----" in shaped:
        return shaped.split("\n")[1]
    return shaped


SPOT = "<the planted value stands here>"


def around(leaf: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Nest a leaf in every kind of collection, among harmless company."""
    keys = st.sampled_from(BENIGN)

    def nest(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.one_of(
            st.builds(lambda item, before: [*before, item], inner, st.lists(HARMLESS, max_size=2)),
            st.builds(lambda item, other: (item, other), inner, HARMLESS),
            st.builds(lambda key, item, other: {"n": other, key: item}, keys, inner, HARMLESS),
        )

    return st.recursive(leaf, nest, max_leaves=3)


def planted(structure: Any, value: Any) -> Any:
    """Put a value into its spot in a structure."""
    if isinstance(structure, dict):
        return {key: planted(item, value) for key, item in structure.items()}
    if isinstance(structure, (list, tuple)):
        return type(structure)(planted(item, value) for item in structure)
    return value if structure == SPOT else structure


STRUCTURES = around(st.just(SPOT))


def fail(message: str) -> NoReturn:
    raise ValueError(message)


@pytest.mark.parametrize("key", SENSITIVE)
def test_sensitive_names_are_known_in_any_spelling(key: str) -> None:
    assert REDACTOR.is_sensitive_key(key)
    assert REDACTOR.is_sensitive_key(key.encode())
    assert REDACTOR.redact({key: "S3cr3t"}) == {key: "***"}


@pytest.mark.parametrize("key", BENIGN)
def test_names_that_only_look_similar_are_left_alone(key: str) -> None:
    assert not REDACTOR.is_sensitive_key(key)


@pytest.mark.parametrize("text", BENIGN_TEXTS)
def test_benign_texts_are_returned_as_the_same_object(text: str) -> None:
    assert REDACTOR.redact_text(text) is text


@settings(max_examples=100, deadline=None)
@given(around(HARMLESS))
def test_benign_structures_are_returned_as_the_same_object(value: Any) -> None:
    assert REDACTOR.redact(value) is value


@settings(max_examples=200, deadline=None)
@given(shaped=SHAPED, before=WORDS, after=WORDS, structure=STRUCTURES)
def test_no_byte_of_a_shaped_secret_is_left_wherever_it_stands(
    shaped: str, before: str, after: str, structure: Any
) -> None:
    redacted = repr(REDACTOR.redact(planted(structure, f"{before} {shaped} {after}")))
    assert kernel(shaped) not in redacted
    assert REDACTOR.policy.replacement in redacted


@settings(max_examples=150, deadline=None)
@given(
    secret=SECRETS,
    key=st.sampled_from(SENSITIVE),
    wrap=st.sampled_from([str, str.encode, lambda s: [s], lambda s: {"x": s}, lambda s: (1, s)]),
    structure=STRUCTURES,
)
def test_nothing_under_a_sensitive_name_is_left_whatever_it_is(
    secret: str, key: str, wrap: Any, structure: Any
) -> None:
    assert secret not in repr(REDACTOR.redact(planted(structure, {key: wrap(secret)})))


ASSIGNED = st.builds("{}={}".format, st.sampled_from(SENSITIVE), SECRETS)


@settings(max_examples=150, deadline=None)
@given(structure=STRUCTURES, value=SURROUNDED | st.sampled_from(BENIGN_TEXTS) | ASSIGNED)
def test_redacting_twice_is_redacting_once(structure: Any, value: str) -> None:
    once = REDACTOR.redact(planted(structure, value))
    assert REDACTOR.redact(once) == once


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=60), replacement=st.sampled_from(["***", "[gone by policy]", "<x>", "X"]))
@example(text="password=\"a'b", replacement="[gone by policy]")
@example(text="token: Bearer abc", replacement="<x>")
def test_redacting_any_text_twice_is_redacting_it_once(text: str, replacement: str) -> None:
    redactor = mcl.Redactor(mcl.RedactionPolicy(replacement=replacement))
    once = redactor.redact_text(text)
    assert redactor.redact_text(once) == once


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shaped=SHAPED, secret=SECRETS, key=st.sampled_from(SENSITIVE), structure=STRUCTURES)
def test_no_secret_reaches_a_line_by_any_way_in(
    logged: Callable[..., Lines], shaped: str, secret: str, key: str, structure: Any
) -> None:
    lines = logged(capture_stdlib=True, writer="sync")
    log = mcl.get_logger(shaped, bound=shaped)
    deep = planted(structure, {key: secret, "note": shaped})
    context: dict[str, Any] = {"trail": shaped, key: secret}
    with mcl.LogContext(**context):
        log.info(shaped, deep=deep, **{key: secret})
        log.info("%s and %s", shaped, shaped)
        logging.getLogger("lib").warning("got %s", shaped, extra={"about": deep})
        try:
            fail(f"{shaped} {key}={secret}")
        except ValueError as error:
            log.exception("failed", error=error)
            logging.getLogger("lib").exception("failed")
    text = lines.text()
    assert text.count("\n") == 5
    assert kernel(shaped) not in text
    assert json.dumps(kernel(shaped))[1:-1] not in text
    assert secret not in text


FRAGMENTS = st.sampled_from(
    [
        *("Bearer ", "BASIC", "eyJ", ".", "-----BEGIN ", "PRIVATE KEY-----", "-", "--", "_", " ", "4111", "1111"),
        *("11111111", "ghp_", "AKIA", "A" * 16, "sk-", "gl", "_v1_", "a1B2" * 6, "x" * 20),
        *("token", "password", "://", "@", "=", ":", "%3D", '"'),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(FRAGMENTS, max_size=8).map("".join))
def test_the_quick_glance_never_lets_pass_what_the_search_would_find(text: str) -> None:
    never = mcl.Detector(name="never", pattern=re.compile(r"(?!)"))
    every = [detector.name for detector in BUILT_IN]
    thorough = mcl.Redactor(mcl.RedactionPolicy(detectors=[*every, never]))
    assert REDACTOR.redact_text(text) == thorough.redact_text(text)


def test_uvicorn_access_records_lose_the_secrets_of_their_query(logged: Callable[..., Lines]) -> None:
    lines = logged(capture_stdlib=True)
    logging.getLogger("uvicorn.access").info(
        '%s - "%s %s HTTP/%s" %d',
        "127.0.0.1:5",
        "GET",
        "/cb?access_token=S3cr3t&page=2&next=%2Fx%3Fapi_key%3DS3cr3t",
        "1.1",
        200,
    )
    record = lines.last()
    assert record["event"].startswith('127.0.0.1:5 - "GET /cb?access_token=***&page=2&next=')
    assert record["event"].endswith('HTTP/1.1" 200')
    assert "S3cr3t" not in lines.text()


def test_warnings_lose_their_secrets(logged: Callable[..., Lines]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        lines = logged()
        warnings.warn("connecting to postgres://u:S3cr3t@db", stacklevel=1)
    assert lines.last()["event"] == "connecting to postgres://***@db"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("login password=hunter2 ok", "login password=*** ok"),
        ("Authorization: Bearer abc x", "Authorization: ***"),
        ("Cookie: a=1; b=2\r\nHost: x", "Cookie: ***\r\nHost: x"),
        ("{'password': 'hun\"ter2', 'a': 1}", "{'password': '***', 'a': 1}"),
        ('{"token": "abc", "n": 2}', '{"token": "***", "n": 2}'),
        ('{\\"token\\": \\"abc\\", \\"n\\": 2}', '{\\"token\\": \\"***\\", \\"n\\": 2}'),
        ("url=https://x/?token=abc&y=1", "url=https://x/?token=***&y=1"),
        ("filter[password]=abc", "filter[password]=***"),
        ("password == x", "password == ***"),
        ("password=None, token=false", "password=None, token=false"),
        ("--password=x --token abc -v", "--password=*** --token *** -v"),
        ("['mysql', '--password', 'x y']", "['mysql', '--password', '***']"),
        ("Config(password='a', x=1)", "Config(password='***', x=1)"),
        ("password%3Dhunter2", "password%3D***"),
        ("next=%2Fx%3Fapi_key%3Dabc", "next=%2Fx%3Fapi_key%3D***"),
        ("card 4111 1111 1111 1111.", "card ***."),
        ("postgres://u:p@ss/w@host/db", "postgres://***@host/db"),
        ("https://u:p#s?x@host/db", "https://***@host/db"),
    ],
)
def test_named_secrets_in_running_text(text: str, redacted: str) -> None:
    assert REDACTOR.redact_text(text) == redacted
    assert REDACTOR.redact_text(redacted) == redacted


def test_absence_under_a_sensitive_name_stays_visible() -> None:
    value = {"password": None, "token": "", "has_secret": True, "secret": False}
    assert REDACTOR.redact(value) is value


def test_only_what_holds_a_secret_is_copied() -> None:
    clean, dirty = {"a": [1]}, {"password": "p"}
    value = {"clean": clean, "dirty": dirty}
    redacted = REDACTOR.redact(value)
    assert redacted["clean"] is clean
    assert value == {"clean": {"a": [1]}, "dirty": {"password": "p"}}


def test_types_survive_where_they_can() -> None:
    class Pair(NamedTuple):
        name: str
        url: str

    @dataclasses.dataclass
    class Login:
        user: str
        password: str

    assert REDACTOR.redact(Pair("a", "http://u:p@h")) == Pair("a", "http://***@h")
    assert REDACTOR.redact({1, "http://u:p@h"}) == {1, "http://***@h"}
    assert REDACTOR.redact(b"http://u:p@h") == b"http://***@h"
    assert REDACTOR.redact(Login("ada", "p")) == {"user": "ada", "password": "***"}
    assert REDACTOR.redact(4111111111111111) == "***"


def test_pairs_and_named_values_count_as_names() -> None:
    assert REDACTOR.redact([("my secret is", "out")]) == [("my secret is", "out")]
    assert REDACTOR.redact([(b"authorization", b"x"), (b"host", b"y")]) == [(b"authorization", "***"), (b"host", b"y")]
    assert REDACTOR.redact([{"name": "DB_PASSWORD", "value": "x"}, {"name": "PORT", "value": "1"}]) == [
        {"name": "DB_PASSWORD", "value": "***"},
        {"name": "PORT", "value": "1"},
    ]


def test_keys_can_be_added_and_allowed() -> None:
    redactor = mcl.Redactor(mcl.RedactionPolicy(extra_keys=["customer ref"], allow_keys=["access_token"]))
    value = {"customer_ref": "C-1", "CustomerRef": "C-1", "access_token": "shown", "refresh_token": "r"}
    assert redactor.redact(value) == {
        "customer_ref": "***",
        "CustomerRef": "***",
        "access_token": "shown",
        "refresh_token": "***",
    }


def test_detectors_can_be_chosen_and_made() -> None:
    badge = mcl.Detector(name="badge", pattern=re.compile(r"B-\d{4}"))
    redactor = mcl.Redactor(mcl.RedactionPolicy(detectors=["jwt", badge]))
    assert redactor.redact_text("B-1234 came") == "*** came"
    assert redactor.redact_text("4111111111111111") == "4111111111111111"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"detectors": ["magic"]}, "card_number"),
        ({"replacement": ""}, "empty"),
        ({"replacement": "AKIAIOSFODNN7EXAMPLE"}, "look like a secret"),
        ({"max_depth": 0}, "at least 1"),
        ({"extra_keys": "password"}, "sequence"),
    ],
)
def test_a_wrong_policy_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        mcl.RedactionPolicy(**settings)


def test_a_secret_cut_by_the_length_limit_does_not_show_its_first_half() -> None:
    redactor = mcl.Redactor(mcl.RedactionPolicy(max_text=40))
    assert redactor.redact_text("x" * 30 + " eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.sig") == "[truncated]"
