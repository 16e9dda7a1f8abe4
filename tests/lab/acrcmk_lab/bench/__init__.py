"""`acrcmk-lab bench-ready`, `acrcmk-lab bench-fleet` and `acrcmk-lab bench-lab`."""
