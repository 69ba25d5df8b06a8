"""Figures in a table, and what is wrong with them."""

import statistics

COLUMNS = (
    ("CPU s / million spans", "cpu_seconds_per_million_spans", 1, 2),
    ("1000 spans / s", "spans_per_second", 1e-3, 0),
    ("peak MB", "peak_memory_mb", 1, 1),
    ("anonymous MB", "peak_anonymous_mb", 1, 1),
    ("p50 ms", "p50_us", 1e-3, 2),
    ("p99 ms", "p99_us", 1e-3, 2),
    ("ready s", "ready_seconds", 1, 3),
)


def grouped(results):
    groups = {}
    for result in results:
        groups.setdefault((result.gateway, result.scenario), []).append(result)
    return groups


def median(group, key):
    return statistics.median(getattr(result, key) for result in group)


def table(results):
    """Markdown: the median of each figure, and the least and greatest where they differ."""
    lines = ["| gateway | scenario | " + " | ".join(title for title, *_ in COLUMNS) + " |"]
    lines.append("|---|---|" + "--:|" * len(COLUMNS))
    for (gateway, scenario), group in grouped(results).items():
        cells = []
        for _, key, factor, digits in COLUMNS:
            values = sorted(getattr(result, key) * factor for result in group)
            low, middle, high = (f"{value:.{digits}f}" for value in (values[0], statistics.median(values), values[-1]))
            cells.append(middle if low == high else f"{middle} ({low} to {high})")
        lines.append(f"| {gateway} | {scenario} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def wrong(results):
    """Runs in which not every span arrived once, or in which no step span was added where some were due."""
    failures = [
        f"{result.gateway}, {result.scenario}: {result.sent_spans} spans sent, {result.received_spans} received, "
        f"{result.malformed} malformed bodies"
        for result in results
        if result.sent_spans != result.received_spans or result.malformed
    ]
    failures += [
        f"{result.gateway}, {result.scenario}: no spans were added"
        for result in results
        if result.expects_added and not result.added_spans
    ]
    return failures


def exceeded(results, thresholds):
    """Medians of steptrace above a threshold. Those for CPU hold without compression, as they are stated."""
    failures = []
    groups = grouped(results)

    def check(name, what, value, limit):
        if value > limit:
            failures.append(f"{name}: {what} is {value:.3g}, more than {limit:.3g}")

    for (gateway, name), group in groups.items():
        if gateway != "steptrace":
            continue
        if group[0].compression == "none":
            limit = thresholds["cpu_seconds_per_million_spans"][group[0].requests]
            cpu = median(group, "cpu_seconds_per_million_spans")
            check(name, "CPU seconds per million spans", cpu, limit)
        check(name, "peak memory in MB", median(group, "peak_memory_mb"), thresholds["peak_memory_mb"])
        anonymous = median(group, "peak_anonymous_mb")
        check(name, "anonymous memory in MB", anonymous, thresholds["peak_anonymous_mb"])
        check(name, "start to ready in seconds", median(group, "ready_seconds"), thresholds["ready_seconds"])
        peer = groups.get(("rotel", name))
        if peer and thresholds["p99_no_worse_than_peer"]:
            check(name, "p99 in ms", median(group, "p99_us") / 1e3, median(peer, "p99_us") / 1e3)
    return failures
