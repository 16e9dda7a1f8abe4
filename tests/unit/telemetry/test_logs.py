import io
import json
import logging

import pytest
import structlog

from acrcmk.telemetry import logs


@pytest.fixture(autouse=True)
def restored_logging():
    """Restore the logging of the process after each test."""
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
    """Configure JSON logging at INFO; a call returns the entries logged so far."""
    stream = io.StringIO()
    logs.configure(form="json", level="INFO", stream=stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def fail(message):
    raise ValueError(message)


def test_entries_of_the_operator_have_time_level_logger_and_context(entries):
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


def test_entries_of_the_standard_library_have_the_same_fields_and_context(entries):
    with structlog.contextvars.bound_contextvars(namespace="ns"):
        logging.getLogger("kopf.activities").info("started %d of %s", 2, "x")
    (entry,) = entries()
    entry.pop("timestamp")
    assert entry == {"event": "started 2 of x", "level": "info", "logger": "kopf.activities", "namespace": "ns"}


def test_entries_of_kopf_about_an_object_name_it(entries):
    reference = {"apiVersion": "acrcmk.dev/v1alpha1", "kind": "EncryptedRegistry", "name": "reg", "namespace": "ns"}
    # kopf's own handler exists once kopf is imported; without kopf's settings it posts nothing.
    logging.getLogger("kopf.objects").warning("x", extra={"k8s_ref": reference, "k8s_skip": True})
    (entry,) = entries()
    entry.pop("timestamp")
    assert entry == {"event": "x", "level": "warning", "logger": "kopf.objects", "namespace": "ns", "name": "reg"}


@pytest.mark.parametrize("logger", ["azure.core.pipeline.policies.http_logging_policy", "azure.identity.aio"])
def test_the_azure_sdk_logs_from_warning_upwards(entries, logger):
    logging.getLogger(logger).info("Request URL: ...")
    logging.getLogger(logger).warning("a warning")
    assert [entry["event"] for entry in entries()] == ["a warning"]


def test_entries_below_the_level_are_dropped(entries):
    structlog.get_logger("acrcmk").debug("no")
    logging.getLogger("kopf").debug("no")
    assert entries() == []


@pytest.mark.parametrize("source", [structlog.get_logger("acrcmk"), logging.getLogger("kopf")])
def test_a_traceback_is_a_single_field_without_credentials(entries, source):
    try:
        fail("GET https://x/y?api-version=1&s=very-secret failed, Bearer abcdefgh12345678")
    except ValueError:
        source.exception("reconcile failed")
    (entry,) = entries()
    assert entry["event"] == "reconcile failed"
    assert entry["exception"].startswith("Traceback (most recent call last):")
    assert "y?api-version=1&s=REDACTED failed, Bearer REDACTED" in entry["exception"]


def test_secret_fields_and_representations_are_redacted(entries):
    class Request:
        def __repr__(self):
            return "Request(https://x/y?sig=very-secret)"

    structlog.get_logger("acrcmk").info("x", client_secret="very-secret", request=Request())
    (entry,) = entries()
    assert entry["client_secret"] == "REDACTED"
    assert entry["request"] == "Request(https://x/y?sig=REDACTED)"


def test_the_console_format_is_readable_redacted_and_without_colours_outside_of_a_terminal():
    stream = io.StringIO()
    logs.configure(form="console", level="INFO", stream=stream)
    try:
        fail("Bearer abcdefgh12345678")
    except ValueError:
        structlog.get_logger("acrcmk").exception("reconcile failed", object="ns/reg", token="very-secret")
    text = stream.getvalue()
    assert "reconcile failed" in text
    assert "object=ns/reg" in text
    assert "token=REDACTED" in text
    assert text.rstrip().endswith("ValueError: Bearer REDACTED")
    assert "\x1b" not in text


def test_configuring_twice_logs_once(entries):
    stream = io.StringIO()
    logs.configure(form="json", level="INFO", stream=stream)
    structlog.get_logger("acrcmk").info("x")
    assert len(stream.getvalue().splitlines()) == 1
    assert entries() == []
