"""Injected faults: the next calls, updates or mails fail in a chosen way."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """Kinds of faults; `drop` loses the request, `drop_after` the answer of a request that was carried out."""

    FLOOD = "429"
    BLOCKED = "403"
    BROKEN = "500"
    SLOW = "slow"
    DROP = "drop"
    DROP_AFTER = "drop_after"
    DUPLICATE_UPDATE = "duplicate_update"
    LOST_WEBHOOK = "lost_webhook"
    MAIL_LATER = "451"
    MAIL_NEVER = "550"


OF_UPDATES = frozenset({Kind.DUPLICATE_UPDATE, Kind.LOST_WEBHOOK})


@dataclass(slots=True)
class Fault:
    """`times` counts down; `seconds` is the wait of a flood or of a slow answer."""

    kind: Kind
    method: str = "*"
    times: int = 1
    seconds: float = 1


@dataclass
class Faults:
    """Injected faults that are not used up, oldest first."""

    ordered: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        self.ordered.append(fault)

    def clear(self) -> None:
        self.ordered.clear()

    def for_call(self, method: str) -> Fault | None:
        """The fault that applies to this call, or None."""
        names = {"*", method.lower()}
        return self._take(lambda fault: fault.kind not in OF_UPDATES and fault.method.lower() in names)

    def take(self, kind: Kind) -> bool:
        """Whether a fault of this kind applies; uses it up once."""
        return self._take(lambda fault: fault.kind is kind) is not None

    def _take(self, fits: Callable[[Fault], bool]) -> Fault | None:
        found = next((fault for fault in self.ordered if fits(fault)), None)
        if found is None:
            return None
        found.times -= 1
        if found.times <= 0:
            self.ordered.remove(found)
        return found
