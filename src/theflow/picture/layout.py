"""Where the tasks of a flow stand in a picture: layers, order within them, positions (Sugiyama's method).

Layers follow the longest path. An edge over several layers gets a bend in each; barycentre sweeps order nodes and bends
with few crossings; then each layer moves, as far as its order allows, to the mean of its neighbours. `layer` runs along
the edges, `place` across them: one unit a node.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import deque
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from theflow.errors import SchemeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# More bends than this cost time and show nothing: the longest edges are then drawn straight.
BENDS_LIMIT = 12_000
SWEEPS = 24
PATIENCE = 8  # sweeps without fewer crossings
MOVES = 8
# Long edges should run straight before nodes stand in the middle of their neighbours (Gansner's weights).
STRAIGHT = 8.0

_Pulls = list[tuple[float, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """The position of a node, or of a bend in an edge."""

    layer: int
    place: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An edge, with all the spots it passes, ends included."""

    source: str
    target: str
    spots: tuple[Spot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A whole picture: a spot for each node, a route for each edge. The smallest place is 0."""

    spots: Mapping[str, Spot]
    routes: tuple[Route, ...]
    layers: int
    span: float


@dataclass(frozen=True, slots=True)
class _Net:
    """Nodes and bends as numbers: `up` and `down` name the neighbours in the layer before and after."""

    layers: list[list[int]]
    up: list[list[int]]
    down: list[list[int]]
    nodes: int

    def bend(self, vertex: int) -> bool:
        """Whether the vertex only leads an edge on."""
        return vertex >= self.nodes

    def pulls(self, vertex: int, near: list[int]) -> _Pulls:
        """How strongly a vertex and each of these neighbours draw each other into one line."""
        weights = (2.0, STRAIGHT) if self.bend(vertex) else (1.0, 2.0)
        return [(weights[self.bend(other)], other) for other in near]


def lay_out(after: Mapping[str, Sequence[str]], *, bend_gap: float = 1.0) -> Layout:
    """Lay out the graph in which each name comes after the names it maps to; `bend_gap` is the room an edge takes."""
    names = list(after)
    number = {name: index for index, name in enumerate(names)}
    if len(number) != len(names) or any(before not in number for befores in after.values() for before in befores):
        raise SchemeError("the picture has an edge from a task that is not in it")
    befores = [sorted({number[before] for before in after[name]}) for name in names]
    layer = layers_of(befores)
    net, bends = _net(befores, layer)
    _order(net)
    places = _places(net, bend_gap)
    spots = [Spot(layer=at, place=places[vertex]) for vertex, at in enumerate(layer)]
    routes = []
    for (source, target), through in bends.items():
        middle = (Spot(layer=layer[source] + 1 + step, place=places[bend]) for step, bend in enumerate(through))
        routes.append(Route(source=names[source], target=names[target], spots=(spots[source], *middle, spots[target])))
    return Layout(
        spots=dict(zip(names, spots, strict=True)),
        routes=tuple(routes),
        layers=len(net.layers),
        span=max(places, default=0.0),
    )


def layers_of(befores: Sequence[Sequence[int]]) -> list[int]:
    """The layer of each vertex: as far down as its longest path, then as near to its successors as possible."""
    following: list[list[int]] = [[] for _ in befores]
    for vertex, sources in enumerate(befores):
        for source in sources:
            following[source].append(vertex)
    waiting = [len(sources) for sources in befores]
    layer = [0] * len(befores)
    ready = deque(vertex for vertex, holds in enumerate(waiting) if not holds)
    done = []
    while ready:
        vertex = ready.popleft()
        done.append(vertex)
        for target in following[vertex]:
            layer[target] = max(layer[target], layer[vertex] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    if len(done) != len(befores):
        raise SchemeError("the picture has a cycle: its tasks wait for each other")
    for vertex in reversed(done):
        # Moving a vertex down shortens the edges behind it and lengthens those before it.
        if following[vertex] and len(following[vertex]) > len(befores[vertex]):
            layer[vertex] = min(layer[target] for target in following[vertex]) - 1
    return layer


def _net(befores: Sequence[Sequence[int]], layer: Sequence[int]) -> tuple[_Net, dict[tuple[int, int], list[int]]]:
    edges = [(source, target) for target, sources in enumerate(befores) for source in sources]
    layers: list[list[int]] = [[] for _ in range(max(layer, default=-1) + 1)]
    net = _Net(layers, [[] for _ in befores], [[] for _ in befores], len(befores))
    for vertex, at in enumerate(layer):
        layers[at].append(vertex)
    bends: dict[tuple[int, int], list[int]] = {edge: [] for edge in edges}
    room = BENDS_LIMIT
    for source, target in sorted(edges, key=lambda edge: layer[edge[1]] - layer[edge[0]]):
        length = layer[target] - layer[source] - 1
        if length > room:
            break
        room -= length
        for at in range(layer[source] + 1, layer[target]):
            bend = len(net.up)
            net.up.append([])
            net.down.append([])
            layers[at].append(bend)
            bends[source, target].append(bend)
        for upper, lower in pairwise((source, *bends[source, target], target)):
            net.down[upper].append(lower)
            net.up[lower].append(upper)
    return net, bends


def _order(net: _Net) -> None:
    """Sweep down and up; keep the order with the fewest crossings."""
    _start(net)
    best, fewest, idle = [list(row) for row in net.layers], _crossings(net), 0
    for sweep in range(SWEEPS):
        if not fewest or idle >= PATIENCE:
            break
        rows = range(1, len(net.layers)) if sweep % 2 == 0 else range(len(net.layers) - 2, -1, -1)
        step, neighbours = (-1, net.up) if sweep % 2 == 0 else (1, net.down)
        for at in rows:
            row = net.layers[at][::-1] if sweep % 4 > 1 else net.layers[at]  # equals meet in another order
            net.layers[at] = _by_barycentre(row, net.layers[at + step], neighbours)
        crossings = _crossings(net)
        idle = 0 if crossings < fewest else idle + 1
        if crossings < fewest:
            best, fewest = [list(row) for row in net.layers], crossings
    net.layers[:] = best


def _start(net: _Net) -> None:
    """Begin with the order in which a walk from the first layer meets the vertices: families stay together."""
    met: dict[int, None] = {}
    for root in (vertex for row in net.layers for vertex in row):
        stack = [root]
        while stack:
            vertex = stack.pop()
            if vertex not in met:
                met[vertex] = None
                stack.extend(reversed(net.down[vertex]))
    rank = {vertex: position for position, vertex in enumerate(met)}
    for row in net.layers:
        row.sort(key=rank.__getitem__)


def _by_barycentre(row: list[int], fixed: list[int], neighbours: list[list[int]]) -> list[int]:
    position = {vertex: index for index, vertex in enumerate(fixed)}
    scale = len(fixed) / max(len(row), 1)
    centre = {}
    for index, vertex in enumerate(row):
        near = neighbours[vertex]
        centre[vertex] = sum(position[other] for other in near) / len(near) if near else index * scale
    return sorted(row, key=centre.__getitem__)


def _crossings(net: _Net) -> int:
    return sum(_crossings_between(net, at) for at in range(len(net.layers) - 1))


def _crossings_between(net: _Net, at: int) -> int:
    """Edges in the order of their upper end cross as often as their lower ends stand the wrong way round."""
    position = {vertex: index for index, vertex in enumerate(net.layers[at + 1])}
    total, seen = 0, list[int]()
    for vertex in net.layers[at]:
        ends = [position[target] for target in net.down[vertex]]
        total += sum(len(seen) - bisect_right(seen, end) for end in ends)
        for end in ends:
            insort(seen, end)
    return total


def _places(net: _Net, bend_gap: float) -> list[float]:
    """Move each layer to the mean of its neighbours, again and again, downwards and upwards in turn."""
    size = [bend_gap if net.bend(vertex) else 1.0 for vertex in range(len(net.up))]
    places = [0.0] * len(size)
    rows = [(row, _offsets(row, size)) for row in net.layers]
    for row, offsets in rows:
        for vertex, offset in zip(row, offsets, strict=True):
            places[vertex] = offset - offsets[-1] / 2
    up, down = ([net.pulls(vertex, near) for vertex, near in enumerate(side)] for side in (net.up, net.down))
    for move in range(MOVES):
        for row, offsets in rows if move % 2 == 0 else reversed(rows):
            _settle(row, offsets, up if move % 2 == 0 else down, places)
    both = [above + below for above, below in zip(up, down, strict=True)]
    for row, offsets in rows:
        _settle(row, offsets, both, places)
    left = min(places, default=0.0)
    return [place - left for place in places]


def _offsets(row: Sequence[int], size: Sequence[float]) -> list[float]:
    """How far each vertex of a row stands from the first when all stand as close as they may."""
    gaps = [(size[left] + size[right]) / 2 for left, right in pairwise(row)]
    return list(accumulate(gaps, initial=0.0))


def _settle(row: list[int], offsets: list[float], pulls: list[_Pulls], places: list[float]) -> None:
    """Place one row as near to its wishes as order and distances allow: isotonic regression by pooling violators."""
    blocks: list[tuple[float, float, int]] = []
    for vertex, offset in zip(row, offsets, strict=True):
        wish = weight = 0.0
        for force, other in pulls[vertex]:
            wish += force * places[other]
            weight += force
        start, weight, count = (wish / weight - offset, weight, 1) if weight else (places[vertex] - offset, 0.01, 1)
        while blocks and blocks[-1][0] >= start:
            before, force, members = blocks.pop()
            start = (before * force + start * weight) / (force + weight)
            weight += force
            count += members
        blocks.append((start, weight, count))
    starts = [start for start, _, count in blocks for _ in range(count)]
    for vertex, start, offset in zip(row, starts, offsets, strict=True):
        places[vertex] = start + offset
