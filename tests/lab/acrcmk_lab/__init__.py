"""The lab: local stand-ins for Azure and for the Kubernetes API, for the demo, tests and benchmarks."""
