"""Delivery of events to callbacks and streams: subscriptions, bounds, order."""
