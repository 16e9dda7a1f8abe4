import io
import json
import logging

import pytest
import structlog

from acrcmk.telemetry import logs


@pytest.fixture(autouse=True)
def as_before():
    """The process's logging is put back after each test."""
    root, azure = logging.getLogger(), logging.getLogger("azure")
    handlers, level, azure_level = root.handlers[:], root.level, azure.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    azure.setLevel(azure_level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def entries():
    """Configure JSON logging at INFO; calling it returns what was logged since."""
    stream = io.StringIO()
    logs.configure(form="json", level="INFO", stream=stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def fail(message):
    raise ValueError(message)


def test_our_own_entries_carry_time_level_logger_and_context(entries):
    with structlog.contextvars.bound_contextvars(namespace="ns", name="reg", generation=3):
        structlog.get_logger("acrcmk.x").info("vault created", seconds=1.5)
    (entry,) = entries()
    assert entry.pop("timestamp").endswith("Z")
    assert entry == {
        "event": "vault created",
        "level": "info",
        "logger": "acrcmk.x",
        "namespace": "ns",
        "name": "reg",
        "generation": 3,
        "seconds": 1.5,
    }


def test_the_standard_librarys_entries_look_the_same_and_carry_the_context_too(entries):
    with structlog.contextvars.bound_contextvars(namespace="ns"):
        logging.getLogger("kopf.activities").info("started %d of %s", 2, "x")
    (entry,) = entries()
    entry.pop("timestamp")
    assert entry == {"event": "started 2 of x", "level": "info", "logger": "kopf.activities", "namespace": "ns"}


def test_kopfs_object_entries_name_their_object(entries):
    reference = {"apiVersion": "acrcmk.dev/v1alpha1", "kind": "EncryptedRegistry", "name": "reg", "namespace": "ns"}
    # Without kopf's settings its own handler, which is there once kopf has been imported, has nothing to post.
    logging.getLogger("kopf.objects").warning("x", extra={"k8s_ref": reference, "k8s_skip": True})
    (entry,) = entries()
    entry.pop("timestamp")
    assert entry == {"event": "x", "level": "warning", "logger": "kopf.objects", "namespace": "ns", "name": "reg"}


@pytest.mark.parametrize("logger", ["azure.core.pipeline.policies.http_logging_policy", "azure.identity.aio"])
def test_the_azure_sdk_is_heard_from_warnings_upwards(entries, logger):
    logging.getLogger(logger).info("Request URL: ...")
    logging.getLogger(logger).warning("a warning")
    assert [entry["event"] for entry in entries()] == ["a warning"]


def test_entries_below_the_level_are_dropped(entries):
    structlog.get_logger("acrcmk").debug("no")
    logging.getLogger("kopf").debug("no")
    assert entries() == []


@pytest.mark.parametrize("source", [structlog.get_logger("acrcmk"), logging.getLogger("kopf")])
def test_a_traceback_is_one_field_of_one_line_without_its_credentials(entries, source):
    try:
        fail("GET https://x/y?api-version=1&s=very-secret failed, Bearer abcdefgh12345678")
    except ValueError:
        source.exception("pass failed")
    (entry,) = entries()
    assert entry["event"] == "pass failed"
    assert entry["exception"].startswith("Traceback (most recent call last):")
    assert "y?api-version=1&s=REDACTED failed, Bearer REDACTED" in entry["exception"]


def test_secret_fields_and_representations_are_hidden(entries):
    class Request:
        def __repr__(self):
            return "Request(https://x/y?sig=very-secret)"

    structlog.get_logger("acrcmk").info("x", client_secret="very-secret", request=Request())
    (entry,) = entries()
    assert entry["client_secret"] == "REDACTED"
    assert entry["request"] == "Request(https://x/y?sig=REDACTED)"


def test_the_console_form_is_readable_and_redacted_and_plain_where_no_terminal_is():
    stream = io.StringIO()
    logs.configure(form="console", level="INFO", stream=stream)
    try:
        fail("Bearer abcdefgh12345678")
    except ValueError:
        structlog.get_logger("acrcmk").exception("pass failed", key="ns/reg", token="very-secret")
    text = stream.getvalue()
    assert "pass failed" in text
    assert "key=ns/reg" in text
    assert "token=REDACTED" in text
    assert text.rstrip().endswith("ValueError: Bearer REDACTED")
    assert "\x1b" not in text


def test_configuring_twice_logs_once(entries):
    stream = io.StringIO()
    logs.configure(form="json", level="INFO", stream=stream)
    structlog.get_logger("acrcmk").info("x")
    assert len(stream.getvalue().splitlines()) == 1
    assert entries() == []
