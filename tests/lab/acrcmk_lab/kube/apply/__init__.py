"""Who owns which field (`managedFields`), and server-side apply. Follows sigs.k8s.io/structured-merge-diff v6."""
