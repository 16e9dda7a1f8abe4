"""What all services of one lab share: clock, settings, subscriptions and resources, directory, grants, log."""
