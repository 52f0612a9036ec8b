import { createKernel, type Kernel } from "@mofa/kernel/host";
import { afterAll, beforeAll, expect, test } from "vitest";
import { script } from "../src/index.ts";
import { evaluate, evaluateAll, resultOf } from "./evaluate.ts";
import { HOSTILE, type HostileScript } from "./hostile-scripts.ts";

let kernel: Kernel;

beforeAll(async () => {
  kernel = await createKernel({ plugins: [script({ limits: { time: 250, wall: 1_500 } })] });
  kernel.provide("tool", {
    kind: "tool",
    name: "fails",
    run() {
      throw new TypeError("cannot open /etc/secrets/key.pem for you");
    },
  });
});
afterAll(() => kernel.end());

const sourceOf = ({ name, module, body }: HostileScript) => ({
  name: `${name.replaceAll(" ", "-")}.js`,
  text: module ?? `export async function run(input, host) { ${body} }`,
});

test.each(HOSTILE.map((hostile) => [hostile.name, hostile] as const))(
  "%s is contained, and the next script runs",
  async (_, hostile) => {
    let slowest = 0;
    let last = performance.now();
    const beat = setInterval(() => {
      slowest = Math.max(slowest, performance.now() - last);
      last = performance.now();
    }, 10);
    const [outcome] = await evaluateAll(kernel, [
      { source: sourceOf(hostile), input: 1, uses: hostile.uses ?? ["tool:other"] },
    ]);
    clearInterval(beat);
    const end = outcome !== undefined && "error" in outcome ? outcome.error.code : "value";

    expect(hostile.ends).toContain(end);
    if (end === "value" && hostile.value !== undefined) expect(resultOf(outcome)).toEqual(hostile.value);
    // The host's own loop goes on whatever the script does.
    expect(slowest).toBeLessThan(2_000);
    expect(resultOf(await evaluate(kernel, "return input * 2", { input: 21 }))).toBe(42);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  },
);

test("what a host's error says of this machine's files stays out of the script", async () => {
  const seen = await evaluate(
    kernel,
    "return host.invoke('tool:fails', {}).catch((e) => [e.code, e.message, e.stack].join())",
    {
      uses: ["tool:fails"],
    },
  );
  expect(resultOf(seen)).toContain("error.unexpected,TypeError: cannot open (path) for you");
  expect(resultOf(seen)).not.toMatch(/secrets|packages|\.ts/);
});

test("a source whose process had to be killed three times is not run again", async () => {
  const body = "/* again and again */ Array.prototype.reverse.call({ length: 2 ** 53 - 1 })";
  const codes: unknown[] = [];
  for (let turn = 0; turn < 4; turn++) codes.push(resultOf(await evaluate(kernel, body)));
  expect(codes[3]).toBe("script.quarantined");
  expect(codes.slice(0, 3)).not.toContain("script.quarantined");
  expect(resultOf(await evaluate(kernel, "return 1"))).toBe(1);
});
