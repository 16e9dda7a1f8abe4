"""An embedded Kubernetes API: one process, no etcd, for kopf, kubectl and the tests.

A difference from a real kube-apiserver is a bug: the tests in `tests/lab/tests/kube` run on both.
"""
