"""Engines that keep bytes, behind two seams: `RecordStore` for the journal's rows, `ObjectStore` for arrays."""

from plainview.storage.files import FileObjects
from plainview.storage.objects import ObjectDamaged, ObjectLost, ObjectMissing, ObjectStore
from plainview.storage.records import (
    RecordStore,
    Row,
    StoreAbsent,
    StoreDamaged,
    StoreError,
    StoreFailed,
    StoreFull,
    StoreLocked,
)
from plainview.storage.sqlite import SqliteRecords

__all__ = [
    "FileObjects",
    "ObjectDamaged",
    "ObjectLost",
    "ObjectMissing",
    "ObjectStore",
    "RecordStore",
    "Row",
    "SqliteRecords",
    "StoreAbsent",
    "StoreDamaged",
    "StoreError",
    "StoreFailed",
    "StoreFull",
    "StoreLocked",
]
