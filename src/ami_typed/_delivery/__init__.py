"""Events on their way to callbacks and streams: subscriptions, bounds, order."""
