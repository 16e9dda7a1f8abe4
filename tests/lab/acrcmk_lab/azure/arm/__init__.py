"""Azure Resource Manager: the pipeline that every request passes, and what services register with it."""
