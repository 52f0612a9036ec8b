import { type NodeDefinition, toEdge } from "./definition.ts";

/** For each node, the numbers of those that it comes after, as often as it says so; -1 for one that is not there. */
export function beforesOf(
  nodes: readonly NodeDefinition[],
  numbers: ReadonlyMap<string, number>,
): readonly (readonly number[])[] {
  return nodes.map(({ after }) => after?.map((text) => numbers.get(toEdge(text).from) ?? -1) ?? NOTHING);
}

const NOTHING: readonly number[] = [];

/** The numbers of nodes in an order in which each comes after all that it waits for; what runs in a circle is left out. */
export function topologicalOrder(befores: readonly (readonly number[])[]): readonly number[] {
  const followers = befores.map((): number[] => []);
  for (const [number, before] of befores.entries()) for (const from of before) followers[from]?.push(number);
  const left = befores.map((before) => before.length);
  const order = left.flatMap((count, number) => (count === 0 ? [number] : []));
  for (const number of order) {
    for (const follower of followers[number] ?? NOTHING) {
      const count = (left[follower] ?? 0) - 1;
      left[follower] = count;
      // The list grows while it is walked: a node is appended once all before it are in.
      if (count === 0) order.push(follower);
    }
  }
  return order;
}

/** The ids of nodes that wait for each other, the first one again at the end; undefined when there is no circle. */
export function findCycle(
  nodes: readonly NodeDefinition[],
  befores: readonly (readonly number[])[],
): readonly string[] | undefined {
  const order = topologicalOrder(befores);
  if (order.length === nodes.length) return undefined;
  const done = new Set(order);
  const left = new Map(nodes.flatMap((node, number) => (done.has(number) ? [] : [[node.id, node] as const])));
  const path: string[] = [];
  const seen = new Set<string>();
  let here = [...left.keys()][0];
  while (here !== undefined && !seen.has(here)) {
    path.push(here);
    seen.add(here);
    here = left
      .get(here)
      ?.after?.map((text) => toEdge(text).from)
      .find((id) => left.has(id));
  }
  return here === undefined ? undefined : closeCircle(path, here);
}

/** The path goes backwards along `after`; people read it forwards. */
function closeCircle(path: readonly string[], next: string): readonly string[] {
  const circle = path.slice(path.indexOf(next)).toReversed();
  return [...circle, circle[0] ?? next];
}
