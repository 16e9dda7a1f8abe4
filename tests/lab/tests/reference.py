"""Reference data that is not part of the project, where environment variables name it.

`RECORDINGS` lists folders of recorded Azure traffic (separated as in PATH); `REFERENCE_DATA` is a folder with
`azure/errors_catalog.json`, `azure/role_definitions_recorded.json` and `kubernetes/api_probe.py`.
"""

import os
import pathlib

import pytest

RECORDINGS = [pathlib.Path(folder) for folder in os.environ.get("RECORDINGS", "").split(os.pathsep) if folder]
FOLDER = pathlib.Path(os.environ.get("REFERENCE_DATA") or "REFERENCE_DATA is not set")

needs_reference_data = pytest.mark.skipif(not FOLDER.is_dir(), reason="REFERENCE_DATA names no folder")
