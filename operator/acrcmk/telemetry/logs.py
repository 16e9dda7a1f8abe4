"""One log of the operator (structlog), kopf and the Azure SDK (standard library), as JSON or console text.

A reconcile binds `namespace`, `name` and `generation` of its object with `structlog.contextvars`; each entry
that is written meanwhile has these fields, also those of libraries.
"""

import logging
from collections.abc import Mapping
from typing import Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor

from acrcmk.telemetry import redaction

Format = Literal["json", "console"]

_LEVELS: Mapping[str, int] = {"azure": logging.WARNING, "kopf.objects": logging.WARNING}
"""Minimum levels of loggers, whatever the level of the operator's own entries.

azure-core logs every request with all its headers at INFO, azure-identity every token request; what is needed of a
request is in the metrics. kopf.objects logs every event that it passes to the handler.
"""


def configure(*, form: Format, level: str, stream: TextIO | None = None) -> None:
    """Send all logging of this process to `stream` (default: stderr), from `level` (a name of `logging`) upwards.

    As json, each entry is one line. Replaces the handlers of the root logger. Credentials are redacted twice: by field
    name before an entry is rendered, and by pattern in the rendered line, which contains tracebacks and the
    representations of objects as text.
    """
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *common,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*common, _kopf_object],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.StackInfoRenderer(),
                structlog.processors.format_exc_info,
                _redact_fields,
                _renderer(form, colours=handler.stream.isatty()),
                _redact_line,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name, minimum in _LEVELS.items():
        logging.getLogger(name).setLevel(minimum)


def _renderer(form: Format, *, colours: bool) -> Processor:
    if form == "json":
        return structlog.processors.JSONRenderer()
    # Plain tracebacks: structlog's other ones print local variables, which may contain credentials.
    return structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)


def _kopf_object(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Add namespace and name of the object to an entry of kopf that has a reference to it."""
    reference = getattr(event["_record"], "k8s_ref", None) or {}
    for field in ("namespace", "name"):
        if reference.get(field):
            event.setdefault(field, reference[field])
    return event


def _redact_fields(_logger: object, _method: str, event: EventDict) -> EventDict:
    return cast(EventDict, redaction.redact_fields(event))


def _redact_line(_logger: object, _method: str, line: EventDict) -> str:
    # structlog's type of a processor has an entry here; after the renderer it is the rendered line.
    return redaction.redact_text(cast(str, line))
