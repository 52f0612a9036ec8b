/** Tells who did what, for people. */
export type Say = (who: string, what: string) => void;

/** Begins to tell: each line with the seconds since then. */
export function createSay(): Say {
  const begun = performance.now();
  return (who, what) => {
    const seconds = ((performance.now() - begun) / 1000).toFixed(2).padStart(5);
    process.stdout.write(who === "" ? `\n${what}\n` : `${seconds} s  ${who.padEnd(7)} ${what}\n`);
  };
}
