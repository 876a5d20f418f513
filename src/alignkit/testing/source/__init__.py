"""The conformance kit for sources, part by part; `alignkit.testing.connectors` puts them together."""
