"""Whether flows of some classes could ever have the resources that they use."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from theflow.errors import SchemeError
from theflow.model.limit import Limit, LimitRecord, Scope, ScopeKind
from theflow.model.scheme import FlowScheme

_logger = logging.getLogger("theflow.runtime")


def check_uses(schemes: Sequence[FlowScheme], limits: Sequence[LimitRecord]) -> None:
    """Raise SchemeError for a class that uses more of a resource than there is; warn of those nobody has limited."""
    known = {each.scope: each.limit for each in limits}
    for scheme in schemes:
        for resource, units in scheme.shape.uses.items():
            scope = Scope(ScopeKind.RESOURCE, resource)
            limit = known.get(scope, Limit())
            if limit.capacity is None:
                _logger.warning(
                    "class %r uses %s, and nobody has said how much there is: its flows wait until somebody does",
                    scheme.name,
                    scope.line(),
                )
            problem = too_little(limit, units)
            if problem:
                raise SchemeError(
                    f"flow {scheme.name!r} uses {units} of {scope.line()}, and with a {problem} could never start; "
                    "raise that with client.set_limit, or let the class use less"
                )


def too_little(limit: Limit, units: int) -> str:
    """Say what of a limit has no room for so many units at once, ever; empty if nothing."""
    if limit.capacity is not None and units > limit.capacity:
        return f"capacity of {limit.capacity}"
    if limit.rate is not None and units > limit.rate.burst:
        return f"burst of {limit.rate.burst}"
    return ""
