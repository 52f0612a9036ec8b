/** The samples of a scrape: `name{label="value"}` → number; throws on a line that is not in the text format. */
export function parseScrape(text: string): ReadonlyMap<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line === "" || /^# (HELP|TYPE) [a-z0-9_]+ ./.test(line)) continue;
    const [, name, value] = /^([a-z0-9_]+(?:\{(?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)+\})?) (\S+)$/.exec(line) ?? [];
    if (name === undefined || Number.isNaN(Number(value?.replace("+Inf", "Infinity"))))
      throw new Error(`not a sample: ${line}`);
    if (samples.has(name)) throw new Error(`twice: ${name}`);
    samples.set(name, Number(value));
  }
  return samples;
}

/** The samples whose name begins like this, as an object to compare with. */
export function pick(samples: ReadonlyMap<string, number>, ...begins: readonly string[]): Record<string, number> {
  return Object.fromEntries([...samples].filter(([name]) => begins.some((begin) => name.startsWith(begin))));
}
