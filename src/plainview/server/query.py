"""Query strings: each parameter is one that the route takes, and is there once. Litestar passes over any other, and of
two it takes the last."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import unquote_plus

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from plainview.platform.faults import Fault
from plainview.platform.malformed import quoted


async def check_query(request: Request[Any, Any, Any]) -> None:
    """Raises Fault for a parameter that the route does not take, or that is there twice."""
    query: bytes = request.scope["query_string"]
    if not query:
        return
    taken = _taken(request.scope["route_handler"])
    names = [part.partition(b"=")[0] for part in query.split(b"&")]
    if taken.keys() >= (given := set(names)) and len(given) == len(names):
        return
    # Rare enough to look closer: names may be spelt with %, and `a=1&&b=2` has nothing between two of them.
    seen = set()
    for name in (unquote_plus(name.decode("latin-1")) for name in names if name):
        if name not in taken.values():
            name = quoted(name)
            takes = f"takes {', '.join(taken.values())}" if taken else "takes no parameters"
            raise Fault("malformed", f"{name}: there is no such parameter; {request.scope['path']} {takes}", name)
        if name in seen:
            raise Fault("malformed", f"{name}: it is there twice; send it once", name)
        seen.add(name)


@cache
def _taken(handler: HTTPRouteHandler) -> dict[bytes, str]:
    """The query parameters of a route, in its order, by their names as they are sent."""
    fields = handler.parsed_fn_signature.parameters.values()
    definitions = ((field.name, field.kwarg_definition) for field in fields)
    names = [told.name or name for name, told in definitions if isinstance(told, QueryParameter)]
    return {name.encode(): name for name in names}
