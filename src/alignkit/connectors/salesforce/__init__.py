"""Reads cases, contacts, leads, accounts and opportunities from Salesforce, creates cases, adds comments and topics."""

from alignkit.connectors.salesforce.source import Salesforce, SalesforceSettings

__all__ = ["Salesforce", "SalesforceSettings"]
