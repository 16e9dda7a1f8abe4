"""What turns notices into passes: a queue, workers, health. Knows neither Azure nor registries nor kopf."""
