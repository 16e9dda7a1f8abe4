"""The request log: one JSON object per request, appended to a file."""

import json
import pathlib
from typing import TextIO

from aiohttp import web

from acrcmk_lab.kube.apimachinery.clock import Clock


class RequestLog:
    """Writes time, method, path, query, status, user agent, field manager and content type of every request."""

    def __init__(self, path: pathlib.Path, *, clock: Clock) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = path.open("a", encoding="utf-8")
        self._clock = clock

    def write(self, request: web.Request, *, status: int) -> None:
        line = {
            "time": self._clock.now().isoformat(),
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "status": status,
            "user_agent": request.headers.get("User-Agent", ""),
            "field_manager": request.query.get("fieldManager", ""),
            "content_type": request.headers.get("Content-Type", ""),
        }
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()
