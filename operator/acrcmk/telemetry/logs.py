"""One log for everything: ours (structlog), kopf's and the Azure SDK's (standard library), as JSON or for people.

A reconcile binds `namespace`, `name` and `generation` of its object with `structlog.contextvars`; each entry that is
written meanwhile carries them, the entries of libraries too.
"""

import logging
from collections.abc import Mapping
from typing import Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor

from acrcmk.telemetry import redaction

Form = Literal["json", "console"]

# azure-core logs every request with all its headers at INFO, azure-identity every token it gets. Both stay quiet even
# when we debug ourselves: what we need of a request is in our metrics and in our own entries.
# kopf.objects tells of every event that its one handler takes.
_LEVELS: Mapping[str, int] = {"azure": logging.WARNING, "kopf.objects": logging.WARNING}


def configure(*, form: Form, level: str, stream: TextIO | None = None) -> None:
    """Send all logging of this process to `stream` (default: stderr), from `level` (a name of `logging`) upwards.

    As json, each entry is one line. Replaces the root logger's handlers. Credentials are hidden twice: by field name
    before an entry is rendered, and by their look in the rendered line, where tracebacks and the representations of
    objects have become text.
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
    for name, least in _LEVELS.items():
        logging.getLogger(name).setLevel(least)


def _renderer(form: Form, *, colours: bool) -> Processor:
    if form == "json":
        return structlog.processors.JSONRenderer()
    # Plain tracebacks: the pretty ones print local variables, credentials among them.
    return structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)


def _kopf_object(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Name the object as our own entries do, where kopf attached a reference to it to the record."""
    reference = getattr(event["_record"], "k8s_ref", None) or {}
    for field in ("namespace", "name"):
        if reference.get(field):
            event.setdefault(field, reference[field])
    return event


def _redact_fields(_logger: object, _method: str, event: EventDict) -> EventDict:
    return cast(EventDict, redaction.redact_fields(event))


def _redact_line(_logger: object, _method: str, line: EventDict) -> str:
    # structlog's type for a processor knows only entries; after the renderer it is the line.
    return redaction.redact_text(cast(str, line))
