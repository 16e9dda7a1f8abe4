"""One module per Azure resource provider; each offers its operations to the shared ARM pipeline."""
