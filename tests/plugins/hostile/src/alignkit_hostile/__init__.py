"""Connectors with one defect each, installed from a package of its own: what the kit and the registry must refuse."""

NO_CONNECTOR = "neither a source nor a sink"
