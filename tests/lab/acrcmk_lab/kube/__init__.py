"""An embedded Kubernetes API: one process, no etcd, good enough for kopf, kubectl and the tests.

It is a stand-in. What it does differently from a real kube-apiserver is a bug; `tests/lab/tests/kube` holds the two
side by side.
"""
