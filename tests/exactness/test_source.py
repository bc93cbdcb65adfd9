"""What the source of the algorithm may not contain, by its syntax trees (DESIGN section 5)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import plainview

PACKAGE = Path(plainview.__file__).parent
MEASURES = {"learning/evaluation.py"}
"""Files that only measure: nothing of them is hashed or enters a page."""

LIBRARY = {
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "logaddexp", "power", "float_power", "pow",
    "sin", "cos", "tan", "sinh", "cosh", "tanh", "arctan", "arctanh", "erf", "gamma", "lgamma", "cbrt",
}  # fmt: skip
"""Functions that libraries compute differently on different CPUs."""
REDUCTIONS = {
    "dot", "vdot", "inner", "outer", "matmul", "einsum", "tensordot", "sum", "nansum", "mean", "average", "std", "var",
    "cumsum", "cumprod", "prod", "trapezoid", "convolve", "correlate",
}  # fmt: skip
"""NumPy picks their order of operations by CPU."""
UNORDERED = {"argpartition", "partition"}
SORTS = {"argsort"}
CHANCE = {"random", "default_rng", "Generator", "rand", "randn", "randint", "shuffle", "choice", "permutation"}
OWN = {"exp", "log", "sum"}
"""Bare names that may be called: our own polynomials, and Python's sum, which goes from first to last."""


def offences(source: str) -> Iterator[str]:
    """What in `source` could give other bits elsewhere, one description each."""
    for node in ast.walk(ast.parse(source)):
        line = getattr(node, "lineno", 0)
        match node:
            case ast.Call(func=function, keywords=keywords):
                given = {word.arg: word.value for word in keywords}
                for option in ("fastmath", "parallel"):
                    if option in given and not _is(given[option], False):
                        yield f"{line}: {option}"
                name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
                bare = isinstance(function, ast.Name)
                if name in LIBRARY | REDUCTIONS and not (bare and name in OWN):
                    yield f"{line}: {name}() of a library"
                if name in UNORDERED:
                    yield f"{line}: {name}() leaves ties open"
                if name in SORTS and not _is(given.get("kind"), "stable"):
                    yield f'{line}: {name}() without kind="stable"'
                if name in CHANCE:
                    yield f"{line}: {name}(): chance comes from the counter-based generator"
                if name == "prange":
                    yield f"{line}: prange"
                if bare and name in {"id", "hash", "vars", "globals"}:
                    yield f"{line}: {name}() differs from process to process"
            case ast.BinOp(op=ast.MatMult()) | ast.AugAssign(op=ast.MatMult()):
                yield f"{line}: @ on arrays"
            case ast.For(iter=iterated) | ast.comprehension(iter=iterated) if _is_set(iterated):
                yield f"{getattr(iterated, 'lineno', 0)}: the order of a set"
            case ast.Import(names=names) if any(alias.name in {"math", "random", "time", "secrets"} for alias in names):
                yield f"{line}: import of math, random, time or secrets"
            case ast.ImportFrom(module="math" | "random" | "time" | "secrets"):
                yield f"{line}: import of math, random, time or secrets"
            case ast.FunctionDef() if _is_kernel(node):
                yield from _untyped(node)
                yield from _unchecked(node)
            case _:
                pass


def _untyped(kernel: ast.FunctionDef) -> Iterator[str]:
    """Float literals in a kernel that are not made float32 at once: Numba takes them for float64."""
    typed: set[ast.AST] = set()
    for node in ast.walk(kernel):
        name = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
        if name in {"F32", "float32"}:
            typed |= set(ast.walk(node))
    for node in ast.walk(kernel):
        if isinstance(node, ast.Constant) and isinstance(node.value, float) and node not in typed:
            yield f"{node.lineno}: the literal {node.value} is a float64"


def _is_kernel(function: ast.FunctionDef) -> bool:
    names = (one.func if isinstance(one, ast.Call) else one for one in function.decorator_list)
    return any(getattr(name, "id", getattr(name, "attr", "")) in {"njit", "jit", "vectorize"} for name in names)


def _unchecked(kernel: ast.FunctionDef) -> Iterator[str]:
    """Whole-number divisions where none by zero is found out."""
    if any("error_model" in ast.unparse(decorator) for decorator in kernel.decorator_list):
        for node in ast.walk(kernel):
            if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.FloorDiv | ast.Mod):
                yield f"{node.lineno}: // or % under an error_model"


def _is(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value == value


def _is_set(node: ast.expr) -> bool:
    called = isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"set", "frozenset"}
    return called or isinstance(node, (ast.Set, ast.SetComp))


FILES = sorted(
    path.relative_to(PACKAGE).as_posix()
    for room in ("feed", "learning")
    for path in (PACKAGE / room).rglob("*.py")
    if path.relative_to(PACKAGE).as_posix() not in MEASURES
)


def test_all_files_are_looked_at() -> None:
    assert len(FILES) > 30
    assert {"feed/ranking.py", "feed/kernels/arithmetic.py", "learning/step.py"} <= set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_nothing_that_could_give_other_bits(name: str) -> None:
    # The probe compares subnormal float64 numbers on purpose.
    found = [
        one for one in offences((PACKAGE / name).read_text()) if not (name == "feed/probe.py" and "float64" in one)
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "@njit(cache=True, fastmath=True)\ndef f(x): return x",
        "@njit(parallel=True)\ndef f(x): return x",
        "for i in prange(3): pass",
        '@njit(error_model="numpy")\ndef f(x): return 5 // x',
        '@njit(error_model="numpy")\ndef f(x):\n    x %= 5\n    return x',
        "import math",
        "from math import exp",
        "y = np.exp(x)",
        "y = np.log1p(x)",
        "y = np.tanh(x)",
        "y = np.dot(a, b)",
        "y = a @ b",
        "a @= b",
        "y = x.sum()",
        "y = np.mean(x)",
        "y = np.cumsum(x)",
        "y = np.argpartition(x, 3)",
        "x.partition(4)",
        "y = np.argsort(x)",
        "y = np.argsort(x, kind='quicksort')",
        "y = x.argsort()",
        "y = np.random.default_rng(1)",
        "y = rng.shuffle(x)",
        "y = hash(x)",
        "for x in {1, 2}: pass",
        "for x in set(y): pass",
        "y = [x for x in frozenset(z)]",
        "@njit(cache=True)\ndef f(x): return x * 0.1",
        "@njit\ndef f(x): return F32(x) + 1e-3",
    ],
)
def test_the_scan_can_fail(source: str) -> None:
    assert list(offences(source))


@pytest.mark.parametrize(
    "source",
    [
        "y = np.argsort(x, kind='stable')",
        "@njit(cache=True, nogil=True)\ndef f(x): return F32(0.1) * x + exp(x)",
        "y = np.sqrt(x) / z",
        "y = sum(x)",
        "y = [x for x in sorted(set(z))]",
        "@njit(fastmath=False)\ndef f(x): return x",
        '@njit(error_model="numpy")\ndef f(x): return x / (x + z)',
    ],
)
def test_the_scan_lets_through_what_is_exact(source: str) -> None:
    assert not list(offences(source))
