"""One JSON object per request, appended to a file: what benchmarks and tests count."""

import json
import pathlib
from typing import TextIO

from aiohttp import web

from acrcmk_lab.kube import clock


class RequestLog:
    """Writes time, method, path, query, status, user agent, field manager and content type of every request."""

    def __init__(self, path: pathlib.Path, *, time: clock.Clock) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = path.open("a", encoding="utf-8")
        self._time = time

    def write(self, request: web.Request, *, status: int) -> None:
        line = {
            "time": self._time.now().isoformat(),
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
