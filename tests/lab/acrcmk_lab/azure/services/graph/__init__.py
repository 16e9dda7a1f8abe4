"""Microsoft Graph, the directory's API."""
