import { fail } from "../errors.ts";

/** Takes note of what keeps the process alive; the returned check throws when there is more than before. */
export function leakGuard(resources: () => readonly string[]): () => void {
  const before = count(resources());
  return () => {
    const left = [...count(resources())].filter(([name, many]) => many > (before.get(name) ?? 0));
    if (left.length === 0) return;
    throw fail("testing.leak", {
      what: left.map(([name, many]) => `${many - (before.get(name) ?? 0)} ${name}`).join(", "),
    });
  };
}

function count(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
