"""`Table`: what `kubectl get` prints."""

import datetime
from collections.abc import Sequence

from acrcmk_lab.kube.apimachinery import objects
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.registry.printer_columns import Column


def render(
    columns: Sequence[Column],
    items: Sequence[Object],
    *,
    metadata: Object,
    now: datetime.datetime,
    include: str = "Metadata",
    header: bool = True,
) -> Object:
    """Return a `Table`. `include` is the request's includeObject: `None`, `Metadata` or `Object`."""
    table: Object = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
    table["columnDefinitions"] = [column.definition for column in columns] if header else []
    table["rows"] = [
        {"cells": [column.cell(item, now=now) for column in columns], "object": _row_object(item, include)}
        for item in items
    ]
    return table


def _row_object(item: Object, include: str) -> Object | None:
    if include == "Object":
        return item
    if include == "None":
        return None
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": objects.meta(item)}
