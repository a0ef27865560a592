"""A picture as SVG, one element for a page, a file or a notebook: status is shape and word, then colour."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from theflow.picture.layout import Layout, Route, lay_out
from theflow.picture.node import Node

if TYPE_CHECKING:
    from collections.abc import Sequence

ROW = 46
BOX = 36
LETTER = 7.3
PADDING = 12
CHANNEL = 60
MARGIN = 16
LONGEST_LABEL = 40

# The picture brings its own colours and asks the reader's system whether it is dark.
STYLE = """
.tf-graph{--ink:#1b1f24;--line:#8a929c;--box:#fff;--wait:#6b7280;--work:#1d5fd1;--good:#1a7f37;--bad:#c0262d;
--again:#9a5b00;font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
@media (prefers-color-scheme:dark){.tf-graph{--ink:#e6e9ee;--line:#7d8590;--box:#161b22;--wait:#9aa4b0;--work:#6ea8fe;
--good:#4cc26a;--bad:#ff7b72;--again:#e3a94f}}
.tf-graph text{fill:var(--ink)}
.tf-edge{fill:none;stroke:var(--line);stroke-width:1.3}
.tf-tip{fill:var(--line)}
.tf-node rect{fill:var(--box);stroke:var(--line);stroke-width:1.5}
.tf-node .tf-word{font-size:10.5px;fill:var(--wait)}
.tf-pending rect{stroke:var(--wait);stroke-dasharray:5 3}
.tf-running rect{stroke:var(--work);stroke-width:2.5}
.tf-running .tf-word{fill:var(--work)}
.tf-retrying rect{stroke:var(--again);stroke-dasharray:9 3;stroke-width:2.5}
.tf-retrying .tf-word{fill:var(--again)}
.tf-succeeded rect{stroke:var(--good)}
.tf-succeeded .tf-word{fill:var(--good)}
.tf-failed rect{stroke:var(--bad);stroke-width:3}
.tf-failed .tf-word{fill:var(--bad)}
.tf-cancelled rect{stroke:var(--again)}
.tf-cancelled .tf-word{fill:var(--again)}
""".strip()
TIP = """
<defs><marker id="tf-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
<path class="tf-tip" d="M0 0L8 4L0 8z"/></marker></defs>
""".strip()


def svg(nodes: Sequence[Node], title: str) -> str:
    """Draw the tasks from left to right; `title` is read out to those who do not see the picture."""
    layout = lay_out({node.name: node.after for node in nodes}, bend_gap=0.5)
    columns = _columns(nodes, layout)
    width = columns[-1][1] + MARGIN if columns else 2 * MARGIN
    height = layout.span * ROW + BOX + 2 * MARGIN if nodes else 2 * MARGIN
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="tf-graph" role="img" aria-label="{_text(title)}" {size}>',
        f"<title>{_text(title)}</title>",
        f"<style>{STYLE}</style>",
        TIP,
        *(_edge(route, columns) for route in layout.routes),
        *(_box(node, layout, columns) for node in nodes),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _columns(nodes: Sequence[Node], layout: Layout) -> list[tuple[float, float]]:
    """The left and right border of each layer, as wide as its longest label."""
    widest = [0] * layout.layers
    for node in nodes:
        layer = layout.spots[node.name].layer
        widest[layer] = max(widest[layer], len(_short(node.label)), len(node.status or "") + 2)
    columns = []
    left = float(MARGIN)
    for letters in widest:
        columns.append((left, left + letters * LETTER + 2 * PADDING))
        left = columns[-1][1] + CHANNEL
    return columns


def _edge(route: Route, columns: list[tuple[float, float]]) -> str:
    first, *others = route.spots
    x, y = columns[first.layer][1], _middle(first.place)
    path = [f"M{x:.1f} {y:.1f}"]
    for spot in others:
        left, right = columns[spot.layer]
        below = _middle(spot.place)
        half = (x + left) / 2
        path.append(f"C{half:.1f} {y:.1f} {half:.1f} {below:.1f} {left:.1f} {below:.1f}")
        if spot is not others[-1]:
            path.append(f"H{right:.1f}")
        x, y = right, below
    return f'<path class="tf-edge" marker-end="url(#tf-tip)" d="{"".join(path)}"/>'


def _box(node: Node, layout: Layout, columns: list[tuple[float, float]]) -> str:
    spot = layout.spots[node.name]
    left, right = columns[spot.layer]
    middle = _middle(spot.place)
    x = f"{left + PADDING:.1f}"
    rounded = 3 if node.status == "failed" else 9
    rectangle = (
        f'<rect x="{left:.1f}" y="{middle - BOX / 2:.1f}" width="{right - left:.1f}" height="{BOX}" rx="{rounded}"/>'
    )
    if node.status is None:
        kind, words = "tf-node", f'<text x="{x}" y="{middle + 4:.1f}">{_text(_short(node.label))}</text>'
    else:
        kind = f"tf-node tf-{node.status.value}"
        words = (
            f'<text x="{x}" y="{middle - 3:.1f}">{_text(_short(node.label))}</text>'
            f'<text class="tf-word" x="{x}" y="{middle + 11:.1f}">{node.sign} {node.status.value}</text>'
        )
    return f'<g class="{kind}"><title>{_text(node.label)}</title>{rectangle}{words}</g>'


def _middle(place: float) -> float:
    return MARGIN + BOX / 2 + place * ROW


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"


def _text(text: str) -> str:
    """Text that neither ends an element nor holds what XML forbids."""
    return escape("".join(character if character.isprintable() else "�" for character in text))
