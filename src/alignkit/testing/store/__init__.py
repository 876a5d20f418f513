"""The conformance kit for stores, part by part; `alignkit.testing.stores` puts them together."""
