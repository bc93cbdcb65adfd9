"""Private keys in files that only their owner can read."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from plainview.ledger.errors import FormatError
from plainview.ledger.private_keys import encode_private_key, parse_private_key
from plainview.ledger.schemes import SEED_SIZE, Scheme
from plainview.ledger.signers import Signer

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyFileError(Exception):
    """A key file that cannot be written or used, and what to do. Never says what is in it."""


def make_key(path: Path, name: str, scheme: Scheme) -> Signer:
    """A new key in a new file of mode 0600, durable on return. Raises KeyFileError, also where there is a file."""
    try:
        line = encode_private_key(name, scheme, secrets.token_bytes(SEED_SIZE))
    except FormatError as error:
        raise KeyFileError(str(error)) from None
    partial = path.with_name(f"{path.name}.{secrets.token_hex(8)}.partial")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(f"{line}\n")
                file.flush()
                os.fsync(descriptor)
            os.link(partial, path)  # whole or not at all, and never over another
        finally:
            partial.unlink()
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except FileExistsError:
        raise KeyFileError(f"{path}: there is a key already, and keys are never overwritten; move it away") from None
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be written ({error.strerror})") from error
    return parse_private_key(line)


def read_key(path: Path) -> Signer:
    """The key in a file. Raises KeyFileError, also where others than its owner can read it."""
    try:
        with path.open(encoding="utf-8") as file:
            if os.fstat(file.fileno()).st_mode & _OTHERS:
                raise KeyFileError(f"{path}: others than its owner may use it; chmod 600 it")
            return parse_private_key(file.read(1 << 16).removesuffix("\n"))
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or 'not UTF-8'})") from error
    except FormatError as error:
        raise KeyFileError(f"{path}: {error}") from None
