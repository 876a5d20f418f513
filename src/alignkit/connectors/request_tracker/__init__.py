"""Reads people and tickets from Request Tracker 5, creates tickets and comments on them (REST 2.0)."""

from alignkit.connectors.request_tracker.source import RequestTracker, RequestTrackerSettings

__all__ = ["RequestTracker", "RequestTrackerSettings"]
