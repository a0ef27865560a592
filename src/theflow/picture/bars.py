"""Bars as SVG: for each name one bar a series, from its mean, with a mark at p95 and a line to the largest value."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, MARGIN = 760, 16
LETTER = 7.3
LONGEST_NAME = 24
BAR, GAP = 14, 12
HEAD = 52
TICKS = 4
# More names make a page of which nobody reads all.
NAMES = 40
# Series are told apart by their pattern of strokes too, not by colour alone.
STYLE = """
.tf-bars{--ink:#1b1f24;--line:#8a929c;--one:#1d5fd1;--two:#9a5b00;--three:#1a7f37;--four:#8250df;
font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
@media (prefers-color-scheme:dark){.tf-bars{--ink:#e6e9ee;--line:#7d8590;--one:#6ea8fe;--two:#e3a94f;--three:#4cc26a;
--four:#b692f6}}
.tf-bars text{fill:var(--ink)}
.tf-grid{stroke:var(--line);stroke-width:.5;stroke-dasharray:2 4}
.tf-s1{fill:var(--one);stroke:var(--one)}
.tf-s2{fill:none;stroke:var(--two)}
.tf-s3{fill:var(--three);stroke:var(--three);fill-opacity:.35}
.tf-s4{fill:none;stroke:var(--four);stroke-dasharray:4 2}
""".strip()


class Spread(NamedTuple):
    """How some values are spread; all at 0 or above."""

    mean: float
    p95: float
    largest: float


class Series(NamedTuple):
    """The spread of each name, in the order of the names; None where there are no values."""

    label: str
    spreads: Sequence[Spread | None]


def bars(title: str, names: Sequence[str], series: Sequence[Series]) -> str:
    """Draw bars in seconds; `title` stands above, and is read out to those who do not see the picture."""
    shown = names[:NAMES]
    left = MARGIN + max([len(_short(name)) for name in shown], default=0) * LETTER + 8
    row = BAR * len(series) + GAP
    height = HEAD + row * len(shown) + 2 * MARGIN + 12
    spreads = [each for one in series for each in one.spreads[:NAMES] if each is not None]
    scale = _Scale(left, _nice(max((each.largest for each in spreads), default=0.0)))
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    said = title if len(names) <= NAMES else f"{title}; {len(names) - NAMES} more are not drawn"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="tf-bars" role="img" aria-label="{_text(said)}" {size}>',
        f"<title>{_text(said)}</title>",
        f"<style>{STYLE}</style>",
        f'<text x="{MARGIN}" y="{MARGIN + 4}">{_text(said)}</text>',
        *_legend(series),
        *_grid(scale, HEAD, HEAD + row * len(shown)),
    ]
    for number, name in enumerate(shown):
        top = HEAD + row * number + GAP / 2
        middle = top + BAR * len(series) / 2 + 4
        parts.append(f'<text x="{left - 8:.1f}" y="{middle:.1f}" text-anchor="end">{_text(_short(name))}</text>')
        for place, one in enumerate(series):
            spread = one.spreads[number]
            if spread is not None:
                parts.append(_bar(spread, scale, top + place * BAR, f"{name}, {one.label}", place + 1))
    return "\n".join((*parts, "</svg>")) + "\n"


class _Scale(NamedTuple):
    """From seconds to places on the page."""

    left: float
    most: float

    def x(self, seconds: float) -> float:
        """Where a number of seconds stands."""
        return self.left + seconds / self.most * (WIDTH - MARGIN - 24 - self.left)


def _bar(spread: Spread, scale: _Scale, top: float, label: str, kind: int) -> str:
    start, mean, p95, end = (scale.x(each) for each in (0, *spread))
    middle = top + BAR / 2
    words = f"{label}: mean {spread.mean:.1f} s, p95 {spread.p95:.1f} s, longest {spread.largest:.1f} s"
    return (
        f'<g class="tf-s{kind}"><title>{_text(words)}</title>'
        f'<rect x="{start:.1f}" y="{top + 2:.1f}" width="{max(mean - start, 1):.1f}" height="{BAR - 4}"/>'
        f'<path d="M{mean:.1f} {middle:.1f}H{end:.1f}M{p95:.1f} {top + 2:.1f}V{top + BAR - 2:.1f}"/></g>'
    )


def _legend(series: Sequence[Series]) -> list[str]:
    parts, x = [], float(MARGIN)
    for number, one in enumerate(series, 1):
        label = _short(one.label)
        parts.append(f'<rect class="tf-s{number}" x="{x:.1f}" y="29" width="18" height="10"/>')
        parts.append(f'<text x="{x + 24:.1f}" y="38">{_text(label)}</text>')
        x += 24 + len(label) * LETTER + 20
    parts.append(f'<text x="{x:.1f}" y="38">bar: mean, mark: p95, line: longest</text>')
    return parts


def _grid(scale: _Scale, top: float, bottom: float) -> list[str]:
    parts = []
    for number in range(TICKS + 1):
        seconds = scale.most * number / TICKS
        x = scale.x(seconds)
        parts.append(f'<path class="tf-grid" d="M{x:.1f} {top}V{bottom:.1f}"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 16:.1f}" text-anchor="middle">{seconds:g} s</text>')
    return parts


def _nice(most: float) -> float:
    """The next larger number that parts well."""
    size = 1.0
    while size * 10 <= most:
        size *= 10
    return next(size * step for step in (1, 2, 4, 6, 8, 10, 20) if size * step >= most)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _text(text: str) -> str:
    """Text that neither ends an element nor holds what XML forbids."""
    return escape("".join(character if character.isprintable() else "�" for character in text))
