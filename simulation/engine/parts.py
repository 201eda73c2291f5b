"""Compile a function that only other compiled functions call: as a part of each, not as machine code of its own.

Numba optimises every function with all that it calls and makes machine code of it, then does the same for whoever calls it,
and for whoever calls that: a draw of a binomial number six times over. A part is left as it is until a function that
Python calls takes it in. And for each `a + b` Numba tries some thirty ways in which things can be added: what a call of its
own functions means for such types is found out once for all parts. This works within Numba, by names that it does not promise
(hence its pin in pyproject.toml).
"""

# mypy: disable-error-code="no-untyped-call"
# What follows works within Numba, which has no types.

from typing import Any, Final

from numba.core import cgutils
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.typed_passes import InlineOverloads, NopythonRewrites
from numba.core.types.functions import BaseFunction, Function
from numba.core.untyped_passes import (
    FindLiterallyCalls,
    InlineClosureLikes,
    InlineInlinables,
    LiteralPropagationSubPipelinePass,
    LiteralUnroll,
    MakeFunctionToJitFunction,
    RewriteDynamicRaises,
    WithLifting,
)

__all__ = ["PartCompiler"]

# Functions within functions, `with`, types unrolled or asked for as literals, exceptions made of values: without these steps
# Numba refuses them. Expressions of whole arrays stay right, but are not made one loop.
_LEFT_OUT: Final = frozenset(
    {
        FindLiterallyCalls, InlineClosureLikes, InlineInlinables, InlineOverloads, LiteralPropagationSubPipelinePass,
        LiteralUnroll, MakeFunctionToJitFunction, NopythonRewrites, RewriteDynamicRaises, WithLifting,
    }
)  # fmt: skip
_ENVIRONMENT: Final = "_ZN08NumbaEnv"  # how names of the pointers begin that Numba sets for every function
_find_out: Final = BaseFunction.get_call_type
_found: Final[dict[Any, Any]] = {}  # signatures of calls of Numba's own functions
_at_work: Final[list[Any]] = []  # parts that are being compiled, each for the one before it


def _call_type(function: Any, context: Any, args: Any, kws: Any) -> Any:
    """Return the signature of a call of one of Numba's own functions; elsewhere than in parts Numba finds it out each time."""
    if not _at_work:
        return _find_out(function, context, args, kws)
    call = function, context, tuple(args), tuple(kws.items())
    if call not in _found:
        _found[call] = _find_out(function, context, args, kws)
    return _found[call]


Function.get_call_type = _call_type  # type: ignore[assignment, method-assign]


class PartCompiler(Compiler):
    """Compile as Numba does, into a `_Part`."""

    def define_pipelines(self) -> list[Any]:
        """Return Numba's steps without those that look for what no part holds: they took a twentieth of the compiling."""
        (pipeline,) = super().define_pipelines()
        pipeline.passes[:] = [step for step in pipeline.passes if step[0] not in _LEFT_OUT]
        pipeline._finalized = False
        pipeline.finalize()
        return [pipeline]

    def compile_extra(self, func: Any) -> Any:
        """Compile a function."""
        part = _Part(self.state.targetctx.codegen(), func.__qualname__)
        part.enable_object_caching()
        self.state.library = part
        _at_work.append(part)
        try:
            return super().compile_extra(func)
        finally:
            _at_work.pop()


class _Part(JITCodeLibrary):
    """Hold a function for others to take in."""

    def get_pointer_to_function(self, name: str) -> int:
        """Return 0: there is no machine code."""
        self._ensure_finalized()
        return 0

    def _optimize_final_module(self) -> None:
        """Leave that to whoever takes it in."""

    def _finalize_final_module(self) -> None:
        """Make nothing but the pointer that Numba will set."""
        self._finalize_dynamic_globals()
        engine = self._codegen._engine
        names = [gv.name for gv in self._final_module.global_variables if gv.name.startswith(_ENVIRONMENT)]
        new = [name for name in names if not engine.is_symbol_defined(name)]
        if new:
            beside = self._codegen.create_library(f"{self.name}.environment")
            module = beside.create_ir_module(beside.name)
            for name in new:
                pointer = cgutils.add_global_variable(module, cgutils.voidptr_t, name)
                pointer.linkage = "common"
                pointer.initializer = cgutils.get_null_value(cgutils.voidptr_t)
            beside.add_ir_module(module)
            beside.finalize()
        self._finalized = True
