"""How much of a rate each flow takes: counted from its input by the class, before it is let in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from theflow.database import codec
from theflow.database.store import RuntimeStore
from theflow.errors import InputError
from theflow.model.look import Look
from theflow.model.rate import checked_units
from theflow.model.scheme import FlowScheme


class Units:
    """Asks the newest version of each class; what cannot be counted is let in as one unit, and told."""

    def __init__(self, store: RuntimeStore, schemes: Mapping[str, FlowScheme]) -> None:
        self._store = store
        self._schemes = {name: scheme for name, scheme in schemes.items() if scheme.shape.units is not None}
        self._known: dict[str, dict[int, int]] = {}
        # Why the units of a flow could not be counted, by its offset.
        self.troubles: dict[int, str] = {}

    def counted(self, flow_class: str, look: Look) -> Look:
        """Return a look whose candidates say how many units they take."""
        scheme = self._schemes.get(flow_class)
        if scheme is None or not look.candidates:
            return look
        before = self._known.get(flow_class, {})
        # What was let in before has paid, and goes on whatever its class would count now.
        offsets = [one.offset for one in look.candidates if not one.charged]
        unknown = [offset for offset in offsets if offset not in before]
        inputs = self._store.inputs(unknown) if unknown else {}
        fresh = {offset: self._count(scheme, offset, text) for offset, text in inputs.items()}
        # What is not in sight any more has been let in, or is counted again.
        known = self._known[flow_class] = {
            offset: units for offset in offsets if (units := before.get(offset, fresh.get(offset))) is not None
        }
        counted = tuple(one._replace(units=known.get(one.offset, 1)) for one in look.candidates)
        return replace(look, candidates=counted)

    def _count(self, scheme: FlowScheme, offset: int, text: str) -> int:
        count: Any = scheme.shape.units
        try:
            return checked_units("units", count(codec.decode(text, scheme.storage)))
        except InputError as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - whatever the function of a user raises
            problem = f"{type(error).__name__}: {error}"
        self.troubles[offset] = f"the units that it takes of a rate could not be counted: {problem}"
        return 1
