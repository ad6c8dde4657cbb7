/**
 * Where the vertices of a data flow stand. Time goes from left to right: a state enters on the left and leaves on the right on a
 * track of its own. Tracks of states that are only scaled and added to are at the top, those that functions read at the
 * bottom; between them stand the functions with weights in one row, in the order in which they are needed, and above them what
 * combines their results.
 */
import type { DataFlow, FlowVertex } from "./data-flow.js";

/** What stands at which crossing of columns and rows; both count from 0, rows from the top. */
export interface Placement {
  /** The vertices, with those that gather several signals. */
  readonly flow: DataFlow;
  readonly columns: readonly number[];
  readonly rows: readonly number[];
  readonly columnCount: number;
  readonly rowCount: number;
}

/** A column while columns are still put between others. */
interface Column {
  readonly rows: Set<number>;
}

const isEnd = ({ kind }: FlowVertex): boolean => kind === "next" || kind === "output";
const isStart = ({ kind }: FlowVertex): boolean => kind === "input" || kind === "state";

/** How many vertices follow each on the longest way to an end. */
function distancesToEnd(flow: DataFlow): readonly number[] {
  const distances = flow.map(() => 0);
  for (let i = flow.length - 1; i >= 0; i--)
    for (const from of flow[i].reads)
      distances[from] = Math.max(distances[from], distances[i] + (isEnd(flow[i]) ? 0 : 1));
  return distances;
}

/** For each vertex the state on whose track it is: operators between the state and its next value. */
function tracksOf(flow: DataFlow): ReadonlyMap<number, number> {
  const tracks = new Map<number, number>();
  flow.forEach((state, id) => {
    if (state.kind !== "state") return;
    const end = flow.findIndex(({ kind, label }) => kind === "next" && label === `${state.label}'`);
    const path = end < 0 ? undefined : pathBack(flow, flow[end].reads[0], id, tracks);
    for (const each of path ?? []) tracks.set(each, id);
  });
  return tracks;
}

/** The way back from a vertex to a state through operators that are on no track; undefined where there is none. */
function pathBack(
  flow: DataFlow,
  from: number | undefined,
  state: number,
  taken: ReadonlyMap<number, number>,
): readonly number[] | undefined {
  const cameFrom = new Map<number, number | undefined>();
  const pending = from === undefined ? [] : [from];
  if (from !== undefined) cameFrom.set(from, undefined);
  for (let at = pending.shift(); at !== undefined; at = pending.shift()) {
    if (at === state) {
      const path: number[] = [];
      for (let each: number | undefined = at; each !== undefined; each = cameFrom.get(each)) path.push(each);
      return path;
    }
    if (flow[at].kind !== "operator" || taken.has(at)) continue;
    for (const read of flow[at].reads)
      if (!cameFrom.has(read)) {
        cameFrom.set(read, at);
        pending.push(read);
      }
  }
  return undefined;
}

/** The flow with a vertex wherever several functions with weights read the same inputs and states: [x, h] is one line. */
function withJoins(flow: DataFlow): DataFlow {
  const tracks = tracksOf(flow);
  const groups = new Map<string, { readonly reads: readonly number[]; readonly readers: number[] }>();
  flow.forEach(({ kind, learned, reads }, id) => {
    if (kind !== "function" || learned !== true) return;
    const all = reads.filter((read) => isStart(flow[read])).toSorted((a, b) => a - b);
    // A state that passes above, as the cell of an LSTM does, comes to each by itself, if there are others below.
    const below = all.filter((read) => !tracks.has(read));
    const starts = below.length < 2 ? all : below;
    if (starts.length < 2) return;
    const key = starts.join();
    const group = groups.get(key) ?? { reads: starts, readers: [] };
    group.readers.push(id);
    groups.set(key, group);
  });
  const shared = [...groups.values()].filter(({ readers }) => readers.length > 1);
  if (shared.length === 0) return flow;
  // Joins come right behind the starts, so that everything still reads only what is before it; each adds one signal.
  const starts = flow.findLastIndex(isStart) + 1;
  const joins: FlowVertex[] = [];
  const joinOf = new Map<number, number>();
  for (const { reads, readers } of shared) {
    reads.slice(1).forEach((read, i) => {
      const before = i === 0 ? reads[0] : starts + joins.length - 1;
      joins.push({ kind: "join", label: "", reads: [before, read] });
    });
    for (const reader of readers) joinOf.set(reader, starts + joins.length - 1);
  }
  const moved = (id: number): number => (id < starts ? id : id + joins.length);
  const change = (vertex: FlowVertex, id: number): FlowVertex => {
    const join = joinOf.get(id);
    if (join === undefined) return { ...vertex, reads: vertex.reads.map(moved) };
    const joined = shared.find(({ readers }) => readers.includes(id))?.reads ?? [];
    return { ...vertex, reads: [join, ...vertex.reads.filter((read) => !joined.includes(read)).map(moved)] };
  };
  return [...flow.slice(0, starts), ...joins, ...flow.slice(starts).map((vertex, i) => change(vertex, starts + i))];
}

/** Without what nothing reads, such as the number of the step where no equation has it. */
function withoutUnread(flow: DataFlow): DataFlow {
  const read = new Set(flow.flatMap(({ reads }) => reads));
  const kept = flow.flatMap((vertex, id) => (isStart(vertex) && !read.has(id) ? [] : [id]));
  return kept.map((id) => ({ ...flow[id], reads: flow[id].reads.map((each) => kept.indexOf(each)) }));
}

/** The order in which vertices are placed: what is far from the end first, then what ends need first. */
function orderOf(flow: DataFlow, tracks: ReadonlyMap<number, number>): readonly number[] {
  const distances = distancesToEnd(flow);
  const seen = new Set<number>();
  const visit = (id: number): void => {
    if (seen.has(id)) return;
    // Along the track first: what is done to the state early stands on the left.
    const reads = flow[id].reads.toSorted((a, b) => Number(tracks.has(b)) - Number(tracks.has(a)));
    reads.forEach(visit);
    seen.add(id);
  };
  const ends = flow.flatMap((vertex, id) => (isEnd(vertex) ? [id] : []));
  const onTrack = (id: number): number => (tracks.has(flow[id].reads[0]) ? 0 : 1);
  ends.toSorted((a, b) => onTrack(a) - onTrack(b)).forEach(visit);
  const rank = new Map([...seen].map((id, i) => [id, i] as const));
  return [...seen].toSorted((a, b) => distances[b] - distances[a] || (rank.get(a) ?? 0) - (rank.get(b) ?? 0));
}

/** Places a data flow. */
export function placementOf(plain: DataFlow): Placement {
  const flow = withJoins(withoutUnread(plain));
  const tracks = tracksOf(flow);
  const order = orderOf(flow, tracks);
  const depths: number[] = [];
  flow.forEach(({ reads }, id) => (depths[id] = 1 + Math.max(0, ...reads.map((read) => depths[read]))));

  const states = flow.flatMap(({ kind }, id) => (kind === "state" ? [id] : []));
  const nextOf = (state: number): number =>
    flow.findIndex(({ kind, label }) => kind === "next" && label === `${flow[state].label}'`);
  const upper = states.filter((id) => tracks.has(id)).toSorted((a, b) => depths[nextOf(b)] - depths[nextOf(a)]);
  const lower = states.filter((id) => !tracks.has(id));
  const joins = flow.flatMap(({ kind }, id) => (kind === "join" ? [id] : []));

  const top = 1 + upper.length;
  const [FALLING, MIDDLE, GATES] = [top, top + 1, top + 2];
  const bottom = GATES + 1;
  const busCount = Math.max(lower.length, 1);
  const inputRow = bottom + busCount;

  const rows: number[] = flow.map(() => MIDDLE);
  upper.forEach((state, i) => (rows[state] = 1 + i));
  lower.forEach((state, i) => (rows[state] = bottom + i));
  joins.forEach((join, i) => {
    const state = flow[join].reads.find((read) => lower.includes(read));
    rows[join] = state === undefined ? bottom + (i % busCount) : rows[state];
  });
  const isFalling = (id: number): boolean =>
    flow[id].reads.every((read) => tracks.has(read) && !isStart(flow[read]) && !isEnd(flow[id]));
  flow.forEach((vertex, id) => {
    const track = tracks.get(id);
    if (vertex.kind === "input") rows[id] = inputRow;
    else if (track !== undefined) rows[id] = rows[track];
    else if (vertex.kind === "function" && vertex.learned === true) rows[id] = GATES;
    else if (vertex.kind === "function" && isFalling(id)) rows[id] = FALLING;
    else if (vertex.kind === "output") rows[id] = 0;
    else if (vertex.kind === "next") {
      const state = states.find((each) => nextOf(each) === id);
      rows[id] = state === undefined ? MIDDLE : rows[state];
    }
  });

  const columns: Column[] = [];
  const columnOf = new Map<number, Column>();
  const indexOf = (id: number): number => columns.indexOf(columnOf.get(id) ?? columns[0]);
  const put = (id: number, column: Column): void => {
    column.rows.add(rows[id]);
    columnOf.set(id, column);
  };
  const insertAfter = (index: number): Column => {
    const column: Column = { rows: new Set() };
    columns.splice(index + 1, 0, column);
    return column;
  };
  const append = (): Column => insertAfter(columns.length - 1);

  // States on the far left, then what comes from below.
  const left = append();
  states.forEach((state) => put(state, left));
  const inputs = flow.flatMap(({ kind }, id) => (kind === "input" ? [id] : []));
  for (const join of joins) {
    const column = append();
    put(join, column);
    inputs
      .filter((input) => flow[join].reads.includes(input) && !columnOf.has(input))
      .forEach((input, i) => {
        if (i === 0) put(input, column);
      });
  }
  inputs
    .filter((input) => !columnOf.has(input))
    .forEach((input) => {
      put(input, append());
    });

  /** Whether a column is free from one row to another, ends included except the first. */
  const isFree = (column: Column, from: number, to: number): boolean => {
    const [low, high] = from < to ? [from + 1, to] : [to, from - 1];
    for (let row = low; row <= high; row++) if (column.rows.has(row)) return false;
    return true;
  };
  for (const id of order) {
    const vertex = flow[id];
    if (isStart(vertex) || isEnd(vertex) || vertex.kind === "join") continue;
    const row = rows[id];
    if (vertex.kind === "function" && row === GATES) {
      put(id, append());
      continue;
    }
    const reads = vertex.reads.filter((read) => !isStart(flow[read]) && flow[read].kind !== "join");
    const last = reads.toSorted((a, b) => indexOf(a) - indexOf(b)).at(-1);
    if (last === undefined) {
      put(id, append());
      continue;
    }
    const column = columns[indexOf(last)];
    const above = tracks.has(last) && !tracks.has(id);
    // The way straight up from a gate is kept for the track, where both it and others read the gate.
    const isKept =
      !tracks.has(id) && flow.some(({ reads: others }, other) => tracks.has(other) && others.includes(last));
    const isStraight = rows[last] !== row && !above && !isKept && isFree(column, rows[last], row);
    if (isStraight) put(id, column);
    else if (above || vertex.kind === "function") put(id, append());
    else put(id, insertAfter(indexOf(last)));
  }
  const right = append();
  flow.forEach((vertex, id) => {
    if (vertex.kind === "next") put(id, right);
    if (vertex.kind === "output") put(id, insertAfter(columns.length - 2));
  });
  return {
    flow,
    columns: flow.map((_, id) => indexOf(id)),
    rows,
    columnCount: columns.length,
    rowCount: inputRow + 1,
  };
}
