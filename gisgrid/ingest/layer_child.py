"""Streams one layer of a vector file as Arrow, in a process of its own that knows only the formats we name.

Room: ingest. In: the command line `PATH LAYER ENCODING ROWS`. Out: an Arrow stream on stdout whose schema carries what
the layer says of itself. Run by `point_layer`, never imported. Why a process: see `gdal_child`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from gisgrid.ingest.gdal_child import leave_out_other_drivers, limit_this_process


def main(path: str, wanted: str, encoding: str, rows: str) -> None:
    """Write the layer to stdout, or only its schema with the names of the layers where none can be chosen."""
    limit_this_process()
    leave_out_other_drivers("gisgrid.ingest.layer_child")
    import pyarrow as pa  # noqa: PLC0415  after the limits
    import pyogrio  # noqa: PLC0415  as above
    import pyogrio.raw  # noqa: PLC0415  as above

    layers = [str(name) for name, _ in pyogrio.list_layers(path)]
    layer = wanted or (layers[0] if len(layers) == 1 else "")
    if layer not in layers:
        _write_stream(pa, pa.schema([]), {"layers": layers}, ())
        return
    info = pyogrio.read_info(path, layer=layer, encoding=encoding or None, force_feature_count=True)
    with pyogrio.raw.open_arrow(
        path, layer=layer, encoding=encoding or None, batch_size=int(rows), use_pyarrow=True
    ) as (meta, reader):
        head = {
            "layer": layer,
            "layers": layers,
            "crs": meta["crs"],
            "geometry": meta["geometry_name"] or "wkb_geometry",
            "geometry_type": meta["geometry_type"],
            "features": int(info["features"]),
        }
        _write_stream(pa, reader.schema, head, reader)


def _write_stream(pa: Any, schema: Any, head: Mapping[str, Any], batches: Iterable[Any]) -> None:
    """Write the batches as an Arrow stream with the head in the metadata of its schema."""
    schema = schema.with_metadata({**(schema.metadata or {}), b"gisgrid": json.dumps(head).encode()})
    with pa.ipc.new_stream(sys.stdout.buffer, schema) as stream:
        for batch in batches:
            stream.write_batch(batch.replace_schema_metadata(schema.metadata))


if __name__ == "__main__":
    main(*sys.argv[1:5])
