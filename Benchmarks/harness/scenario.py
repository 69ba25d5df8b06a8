"""The kinds of load."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Scenario:
    spans_per_request: int
    connections: int
    # Whether 5 % of the spans refer to TaskRuns that the cluster has; else none does.
    has_references: bool
    compression: str
    spans: int

    @property
    def requests(self):
        return f"{self.spans_per_request}-span requests"

    @property
    def name(self):
        references = "5 % references" if self.has_references else "no references"
        return f"{self.requests}, {self.connections} connections, {references}, {self.compression}"


SCENARIOS = [
    Scenario(spans_per_request, connections, has_references, compression, spans)
    for compression in ("none", "gzip")
    for spans_per_request, connections, spans in ((100, 8, 3_000_000), (10, 32, 1_000_000))
    for has_references in (False, True)
]
