"""The conformance kit for sinks, part by part; `alignkit.testing.sinks` puts them together."""
