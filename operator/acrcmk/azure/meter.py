"""Counts every call to Azure, for metrics."""

from collections.abc import Callable
from typing import Any, Protocol

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy

from acrcmk.azure import throttle


class Observe(Protocol):
    """Called after each request, with the provider's namespace, `read`, `write` or `delete`, status and seconds.

    The status is that of HTTP, "" where no answer came.
    """

    def __call__(self, *, service: str, operation: str, code: str, seconds: float) -> None:
        """Take note of a call."""


class MeterPolicy(AsyncHTTPPolicy[Any, Any]):
    """Times what goes over the wire, lost answers included."""

    def __init__(self, observe: Observe, *, clock: Callable[[], float]) -> None:
        super().__init__()
        self._observe = observe
        self._clock = clock

    async def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Send and take note."""
        started, code = self._clock(), ""
        try:
            response = await self.next.send(request)
            code = str(response.http_response.status_code)
            return response
        finally:
            self._observe(
                service=throttle.provider(request.http_request.url),
                operation=throttle.verb_class(request.http_request.method),
                code=code,
                seconds=self._clock() - started,
            )
