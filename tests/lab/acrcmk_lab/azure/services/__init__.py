"""The services, one package each; none imports another but for the edges listed in pyproject.toml."""
