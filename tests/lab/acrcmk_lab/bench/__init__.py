"""`acrcmk-lab bench-ready` and `acrcmk-lab bench-lab`."""
