"""Microsoft.Insights: diagnostic settings."""
