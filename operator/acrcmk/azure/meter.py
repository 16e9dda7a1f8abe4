"""Counts every call to Azure, for metrics."""

from collections.abc import Callable
from typing import Any, Protocol

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy

from acrcmk.azure import throttle


class Observe(Protocol):
    """Told of each call: the service's namespace, `read` or `write`, HTTP status ("" when none came) and seconds."""

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
                service=_service(request.http_request.url),
                operation=throttle.verb_class(request.http_request.method),
                code=code,
                seconds=self._clock() - started,
            )


def _service(url: str) -> str:
    """Return the last provider named in a URL, as in `Microsoft.KeyVault`; resource groups have none."""
    parts = url.partition("?")[0].split("/")
    providers = [parts[i + 1] for i, part in enumerate(parts[:-1]) if part.casefold() == "providers"]
    return providers[-1] if providers else "Microsoft.Resources"
