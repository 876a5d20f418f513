"""Reads requests, customers and organizations from Jira Service Management, and writes requests, notes and labels."""

from alignkit.connectors.jira_service_management.source import JiraServiceManagement, JiraServiceManagementSettings

__all__ = ["JiraServiceManagement", "JiraServiceManagementSettings"]
