"""The edge to Azure: one module per service, domain words in and out."""
