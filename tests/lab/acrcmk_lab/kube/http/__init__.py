"""The HTTP server: requests, content negotiation, discovery, OpenAPI, and the verbs on resources."""
