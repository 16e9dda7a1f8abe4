"""`acrcmk-lab demo`: from `kubectl apply` to an encrypted registry, on one machine."""
