"""From samples to the table and the JSON."""

import statistics
import unicodedata
from dataclasses import asdict, dataclass, field

from workloads import Bound, Metric, Numbers, Workload

# name of the contender -> its numbers, one a round
Samples = dict[str, list[Numbers]]


@dataclass
class Ratio:
    """gatehouse's number divided by another's, round by round."""

    median: float
    low: float
    high: float


@dataclass
class Verdict:
    text: str
    met: bool
    value: float


@dataclass
class Row:
    workload: str
    title: str
    unit: str
    medians: dict[str, float]
    samples: dict[str, list[float]]
    ratios: dict[str, Ratio] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)


def rows_of(workload: Workload, samples: Samples) -> list[Row]:
    return [row for metric in workload.metrics if (row := _row(workload, metric, samples)) is not None]


def _row(workload: Workload, metric: Metric, samples: Samples) -> Row | None:
    series = _series(metric, samples)
    if "gatehouse" not in series:
        return None
    medians = {name: statistics.median(values) for name, values in series.items()}
    row = Row(workload.name, workload.title, metric.unit, medians, series)
    for name, values in series.items():
        if name != "gatehouse" and not metric.above_floor and all(v > 0 for v in values):
            row.ratios[name] = _ratio(series["gatehouse"], values)
    row.verdicts = [v for bound in metric.bounds if (v := _verdict(bound, metric, row)) is not None]
    return row


def _series(metric: Metric, samples: Samples) -> dict[str, list[float]]:
    series = {name: [n[metric.key] for n in numbers] for name, numbers in samples.items() if metric.key in numbers[0]}
    if not metric.above_floor:
        return series
    floor = series.pop("floor", None)
    if floor is None:
        return {}
    return {name: [v - f for v, f in zip(values, floor)] for name, values in series.items()}


def _ratio(ours: list[float], theirs: list[float]) -> Ratio:
    ratios = [a / b for a, b in zip(ours, theirs)]
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))


def _verdict(bound: Bound, metric: Metric, row: Row) -> Verdict | None:
    sign = "≥" if metric.higher_is_better else "≤"
    if not bound.of:
        return _judged(f"{sign} {bound.factor:g}", row.medians["gatehouse"], bound.factor, metric)
    name = _best_peer(metric, row) if bound.of == "best" else bound.of
    if name not in row.ratios:
        return None
    text = f"{sign} {bound.factor:g} × {name}" + (" (best)" if bound.of == "best" else "")
    return _judged(text, row.ratios[name].median, bound.factor, metric)


def _judged(text: str, value: float, bound: float, metric: Metric) -> Verdict:
    met = value >= bound if metric.higher_is_better else value <= bound
    return Verdict(f"{text}: {'met' if met else f'MISSED with {value:.3g}'}", met, value)


def _best_peer(metric: Metric, row: Row) -> str:
    """The peer that gatehouse stands worst against, round by round."""
    peers = {name: r.median for name, r in row.ratios.items() if name not in ("floor", "before")}
    return (min if metric.higher_is_better else max)(peers, key=lambda name: peers[name], default="")


COLUMNS = ("before", "floor", "nginx", "lighttpd", "apache")


def table(rows: list[Row]) -> str:
    """One line a row: gatehouse's median, then what its ratio to each of the others is."""
    lines = [["workload", "unit", "gatehouse", *(f"to {name}" for name in COLUMNS), "bounds"]]
    title = ""
    for row in rows:
        cells = [_cell(row, name) for name in COLUMNS]
        bounds = "; ".join(v.text for v in row.verdicts)
        lines.append([row.title if row.title != title else "", row.unit, _number(row.medians["gatehouse"]), *cells, bounds])
        title = row.title
    widths = [max(_width(line[i]) for line in lines) for i in range(len(lines[0]))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(_padded(c, w) for c, w in zip(line, widths)) + " |" for line in lines)


def _cell(row: Row, name: str) -> str:
    if name == "floor" and "small" in row.ratios:
        name = "small"
    if name in row.ratios:
        ratio = row.ratios[name]
        return f"{ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"
    return f"has {_number(row.medians[name])}" if name in row.medians else ""


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _width(text: str) -> int:
    return sum(not unicodedata.combining(c) for c in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def as_json(rows: list[Row]) -> list[dict]:
    return [asdict(row) for row in rows]
