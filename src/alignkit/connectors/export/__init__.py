"""Issues and people out of the files that a helpdesk exports."""

from alignkit.connectors.export.connector import Export, ExportSettings
from alignkit.connectors.export.mapping import Mapping
from alignkit.connectors.records import Extras

__all__ = ["Export", "ExportSettings", "Extras", "Mapping"]
