"""Reads two ticket exports with airbyte-cdk's declarative reader, writes nothing, and says how long the second took.

Run by an interpreter that has airbyte-cdk, which needs nothing of ours: `python airbyte_alone.py ONE MANY`, the
addresses of an export of one ticket and of many. Printed are seconds, seconds of the processor, and tickets; what
the first export took is subtracted, since it is start-up.
"""

from __future__ import annotations

import logging
import sys
import time
from importlib import import_module
from typing import Any

_PATH = "/api/v2/incremental/tickets/cursor.json"


def _manifest(root: str) -> dict[str, Any]:
    requester: dict[str, Any] = {
        "type": "HttpRequester",
        "url_base": root,
        "path": _PATH,
        "http_method": "GET",
        "request_parameters": {"per_page": "1000", "include": "users,metric_sets"},
    }
    paginator: dict[str, Any] = {
        "type": "DefaultPaginator",
        "page_token_option": {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "cursor"},
        "pagination_strategy": {
            "type": "CursorPagination",
            "cursor_value": "{{ response.get('after_cursor') }}",
            "stop_condition": "{{ response.get('end_of_stream') }}",
        },
    }
    stream: dict[str, Any] = {
        "type": "DeclarativeStream",
        "name": "tickets",
        "primary_key": ["id"],
        "schema_loader": {"type": "InlineSchemaLoader", "schema": {"type": "object", "properties": {}}},
        "retriever": {
            "type": "SimpleRetriever",
            "requester": requester,
            "paginator": paginator,
            "record_selector": {
                "type": "RecordSelector",
                "extractor": {"type": "DpathExtractor", "field_path": ["tickets"]},
            },
        },
    }
    return {
        "version": "6.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["tickets"]},
        "streams": [stream],
        "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
    }


def _read(root: str) -> int:
    """How many tickets an export has."""
    models = import_module("airbyte_cdk.models")
    declarative = import_module("airbyte_cdk.sources.declarative.concurrent_declarative_source")
    known = models.AirbyteStream(
        name="tickets", json_schema={"type": "object"}, supported_sync_modes=[models.SyncMode.full_refresh]
    )
    chosen = models.ConfiguredAirbyteStream(
        stream=known,
        sync_mode=models.SyncMode.full_refresh,
        destination_sync_mode=models.DestinationSyncMode.overwrite,
    )
    catalog = models.ConfiguredAirbyteCatalog(streams=[chosen])
    source = declarative.ConcurrentDeclarativeSource(
        catalog=catalog, config={}, state=[], source_config=_manifest(root)
    )
    messages = source.read(logging.getLogger("airbyte"), {}, catalog, [])
    return sum(message.type == models.Type.RECORD for message in messages)


def _timed(root: str) -> tuple[float, float, int]:
    wall, processor = time.perf_counter(), time.process_time()
    tickets = _read(root)
    return time.perf_counter() - wall, time.process_time() - processor, tickets


def main(one: str, many: str) -> None:
    logging.getLogger("airbyte").setLevel(logging.ERROR)
    _read(one)
    start_up, whole = _timed(one), _timed(many)
    print(whole[0] - start_up[0], whole[1] - start_up[1], whole[2])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
