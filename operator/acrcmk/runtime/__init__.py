"""Work queue, workers and health probes. Knows neither Azure nor registries nor kopf."""
