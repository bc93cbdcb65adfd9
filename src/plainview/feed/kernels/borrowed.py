"""Arrays whose references are not counted: who calls a kernel holds them until it returns. No value changes.

Numba counts a reference, atomically, for each array that it takes out of a tuple, unless it sees that it need not:
that was a fifth of what folding took. A pointer that is null is not counted, and where the kernel itself has made it
null, LLVM leaves the call out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_A = TypeVar("_A")


@intrinsic
def _borrowed(typing: Any, held: Any) -> Any:
    whole = held.types if isinstance(held, types.BaseTuple) else (held,)
    if not all(isinstance(one, types.Array) for one in whole):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def of(kind: Any, value: Any) -> Any:
            array = context.make_array(kind)(context, builder, value)
            array.meminfo = cgutils.get_null_value(array.meminfo.type)  # type: ignore[no-untyped-call]
            return array._getvalue()

        value = arguments[0]
        if not isinstance(held, types.BaseTuple):
            return of(held, value)
        for place, kind in enumerate(whole):
            value = builder.insert_value(value, of(kind, builder.extract_value(value, place)), place)
        return value

    return held(held), generate


borrowed = cast(Callable[[_A], _A], _borrowed)
"""Inside kernels: an argument, an array or a named tuple of arrays, to be used in its place. It is not to be returned,
and what the kernel itself has made is none: Numba frees that after its last use, as it sees it."""
