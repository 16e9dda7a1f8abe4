"""Tests that only a real API server can answer; left out, with a word, where there is none."""

import os
import pathlib

import pytest


@pytest.fixture(scope="session")
def assets() -> pathlib.Path:
    """The folder with the real binaries."""
    folder = os.environ.get("KUBEBUILDER_ASSETS")
    if not folder:
        pytest.skip("KUBEBUILDER_ASSETS names no folder with a real kube-apiserver (make test-envtest)")
    return pathlib.Path(folder)
