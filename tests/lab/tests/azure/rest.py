"""Calls that no SDK client of ours has a method for, through a real client's own pipeline."""

from azure.core.rest import HttpRequest


async def call(azure, method, path, *, version, body=None):
    """Send one request; return (status, headers, parsed body or None). A link that names its version needs none."""
    request = HttpRequest(method, path, params={"api-version": version} if version else {}, json=body)
    response = await azure.resources.send_request(request)
    return response.status_code, response.headers, response.json() if response.content else None
