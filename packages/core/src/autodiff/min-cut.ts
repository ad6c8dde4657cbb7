/**
 * Minimum cut of a flow network: Dinic's algorithm ("Algorithm for solution of a
 * problem of maximum flow in networks with power estimation", 1970), with the
 * searches written as loops, because a network may be as deep as a graph is long.
 */

export interface FlowNetwork {
  /** Adds an edge; Infinity means that it is never cut. */
  edge(from: number, to: number, capacity: number): void;
  /**
   * For each vertex, whether it is on the sink's side of a cut of least capacity: of all such cuts the one
   * nearest to the sink. Undefined when every cut has infinite capacity.
   */
  sinkSide(source: number, sink: number): readonly boolean[] | undefined;
}

export function flowNetwork(vertexCount: number): FlowNetwork {
  // Edges in pairs: edge e and its reverse e ^ 1.
  const heads: number[] = [];
  const capacities: number[] = [];
  const edgesOf: number[][] = Array.from({ length: vertexCount }, () => []);

  function addEdge(from: number, to: number, capacity: number): void {
    edgesOf[from].push(heads.length);
    heads.push(to);
    capacities.push(capacity);
    edgesOf[to].push(heads.length);
    heads.push(from);
    capacities.push(0);
  }

  function levelsFrom(source: number): Int32Array {
    const level = new Int32Array(vertexCount).fill(-1);
    level[source] = 0;
    const queue = [source];
    for (let i = 0; i < queue.length; i++)
      for (const edge of edgesOf[queue[i]])
        if (capacities[edge] > 0 && level[heads[edge]] < 0) {
          level[heads[edge]] = level[queue[i]] + 1;
          queue.push(heads[edge]);
        }
    return level;
  }

  /** Sends flow along shortest paths until none is left; returns the amount, Infinity at once when a path has no limit. */
  function blockingFlow(source: number, sink: number, level: Int32Array): number {
    const next = new Int32Array(vertexCount);
    const path: number[] = [];
    let total = 0;
    let vertex = source;
    for (;;) {
      if (vertex === sink) {
        const amount = path.reduce((least, edge) => Math.min(least, capacities[edge]), Infinity);
        if (amount === Infinity) return Infinity;
        for (const edge of path) {
          capacities[edge] -= amount;
          capacities[edge ^ 1] += amount;
        }
        total += amount;
        path.length = 0;
        vertex = source;
        continue;
      }
      const edges = edgesOf[vertex];
      while (
        next[vertex] < edges.length &&
        !(capacities[edges[next[vertex]]] > 0 && level[heads[edges[next[vertex]]]] === level[vertex] + 1)
      )
        next[vertex]++;
      if (next[vertex] < edges.length) {
        const edge = edges[next[vertex]];
        path.push(edge);
        vertex = heads[edge];
      } else {
        const back = path.pop();
        if (back === undefined) return total;
        vertex = heads[back ^ 1];
        next[vertex]++;
      }
    }
  }

  /** The vertices from which the sink can still be reached. */
  function reaching(sink: number): boolean[] {
    const marked = new Array<boolean>(vertexCount).fill(false);
    marked[sink] = true;
    const queue = [sink];
    for (let i = 0; i < queue.length; i++)
      for (const edge of edgesOf[queue[i]])
        if (capacities[edge ^ 1] > 0 && !marked[heads[edge]]) {
          marked[heads[edge]] = true;
          queue.push(heads[edge]);
        }
    return marked;
  }

  return {
    edge: addEdge,
    sinkSide(source, sink) {
      for (;;) {
        const level = levelsFrom(source);
        if (level[sink] < 0) return reaching(sink);
        if (blockingFlow(source, sink, level) === Infinity) return undefined;
      }
    },
  };
}
