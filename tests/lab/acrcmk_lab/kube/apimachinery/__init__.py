"""What every other folder uses, as k8s.io/apimachinery: objects, errors, names, selectors, patches."""
