"""The edge to Kubernetes: the only kopf handler, the object, its status and its events, and the pass over it."""
