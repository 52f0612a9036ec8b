/** Scripts that try to stop, slow, swell or leave their process: one for each class of attack we know of. */
export interface HostileScript {
  readonly name: string;
  /** The body of `async function run(input, host)`. */
  readonly body?: string;
  /** The whole module, where it matters. */
  readonly module?: string;
  /** How it may end: codes of errors, or `value` for "it did nothing to anyone". */
  readonly ends: readonly string[];
  /** What it gives back when it ends with a value. */
  readonly value?: unknown;
  readonly uses?: readonly string[];
}

const TIME = "script.time_exceeded";
const MEMORY = "script.memory_exceeded";
const THREW = "script.threw";
const CRASHED = "script.crashed";
// Which of the two limits is met first depends on the machine.
const SPENT = [TIME, MEMORY, CRASHED];

export const HOSTILE: readonly HostileScript[] = [
  { name: "an endless loop", body: "for (;;) {}", ends: [TIME] },
  {
    name: "a loop that catches its end",
    body: "for (;;) { try { for (;;) {} } catch {} finally { continue } }",
    ends: [TIME],
  },
  { name: "a loop of awaits", body: "for (;;) await null", ends: [TIME] },
  { name: "a thenable that calls itself", body: "const t = { then(f) { f(t) } }; await t", ends: [TIME] },
  { name: "a loop at the top level", module: "for (;;) {}", ends: [TIME] },
  { name: "a promise that never settles", body: "await new Promise(() => {})", ends: ["script.never_settles"] },
  { name: "a loop after a host call", body: "await host.now(); for (;;) {}", ends: [TIME] },
  { name: "a loop of awaits after a host call", body: "await host.now(); for (;;) await null", ends: [TIME] },
  {
    name: "a memory bomb after a host call",
    body: "await host.now(); const a = []; for (;;) a.push(new Array(1e5).fill(1.5))",
    ends: SPENT,
  },
  { name: "a heap of objects", body: "const a = []; for (;;) a.push({ a: [a.length] })", ends: SPENT },
  {
    name: "a heap bomb that catches its end",
    body: "const a = []; for (;;) { try { for (;;) a.push(new Array(1e6).fill({})) } catch {} }",
    ends: SPENT,
  },
  { name: "a map that grows", body: "const m = new Map(); for (let i = 0; ; i++) m.set(i, { i })", ends: SPENT },
  { name: "a list filled to its greatest length", body: "new Array(2 ** 32 - 1).fill(0)", ends: SPENT },
  { name: "a hundred million elements", body: "Array(1e8).fill(0).length", ends: [...SPENT, "value"] },
  { name: "fifty million arguments", body: "Math.max(...Array(5e7).fill(1))", ends: [...SPENT, THREW] },
  {
    name: "a builtin that cannot be interrupted",
    body: "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)",
    ends: SPENT,
  },
  {
    name: "another builtin that cannot be interrupted",
    body: "Array.prototype.reverse.call({ length: 2 ** 53 - 1 })",
    ends: SPENT,
  },
  {
    name: "a multiplication of big integers without end",
    body: "let x = 2n ** 1_000_000n; for (;;) x = x * x",
    ends: [...SPENT, THREW],
  },
  {
    name: "the text of a big integer",
    body: "return (2n ** (2n ** 29n)).toString().length",
    ends: [TIME, THREW, CRASHED],
  },
  {
    name: "big strings made flat",
    body: "const a = []; for (let i = 0; i < 8; i++) { const s = 'x'.repeat(5e8 - i); s.charCodeAt(0); /y$/.test(s); a.push(s) }",
    ends: [...SPENT, THREW],
  },
  { name: "a catastrophic regular expression", body: "/^(a+)+$/.test('a'.repeat(60) + '!')", ends: [TIME] },
  {
    name: "a buffer that grows",
    body: "return new ArrayBuffer(8, { maxByteLength: 1.5e9 }).resize(1.5e9)",
    ends: [THREW],
  },
  {
    name: "a buffer that grows, made by the hidden constructor",
    body: "return new (new Uint8Array(8).buffer.constructor)(8, { maxByteLength: 1.5e9 }).resizable",
    ends: [THREW],
  },
  { name: "many buffers", body: "const a = []; for (;;) a.push(new ArrayBuffer(1e7))", ends: [...SPENT, THREW] },
  {
    name: "shared memory and wasm",
    body: "return [typeof SharedArrayBuffer, typeof Atomics, typeof WebAssembly]",
    ends: ["value"],
    value: ["undefined", "undefined", "undefined"],
  },
  { name: "deep recursion", body: "const f = () => f() + 1; f()", ends: [THREW] },
  {
    name: "five million lists in each other, parsed",
    body: "JSON.parse('['.repeat(5e6) + ']'.repeat(5e6))",
    ends: [...SPENT, THREW, "value"],
  },
  {
    name: "a deep result",
    body: "let a = []; for (let i = 0; i < 5000; i++) a = [a]; return a",
    ends: ["script.bad_output", THREW],
  },
  {
    name: "a huge result",
    body: "return 'x'.repeat(4e8)",
    ends: ["script.output_too_large", "script.bad_output", ...SPENT],
  },
  { name: "a huge error message", body: "throw new Error('x'.repeat(3e8))", ends: [THREW, ...SPENT] },
  {
    name: "a sparse result of greatest length",
    body: "const a = []; a.length = 2 ** 32 - 1; return a",
    ends: ["script.bad_output", ...SPENT],
  },
  { name: "a result whose getter loops", body: "return { get a() { for (;;) {} } }", ends: [TIME] },
  {
    name: "a result that is a proxy of traps",
    body: "return new Proxy({}, { ownKeys() { for (;;) {} } })",
    ends: [TIME],
  },
  {
    name: "an error whose text loops",
    body: "throw { get message() { for (;;) {} }, get stack() { for (;;) {} } }",
    ends: [TIME],
  },
  {
    name: "an error whose text loops, at the top level",
    module: "throw Object.assign(new Error('x'), { toString() { for (;;) {} } }, Object.defineProperty({}, 'x', {})); ",
    ends: [THREW],
  },
  {
    name: "an error whose getters loop, at the top level",
    module:
      "const e = new Error('x'); for (const k of ['message', 'stack', 'name']) Object.defineProperty(e, k, { get() { for (;;) {} } }); throw e",
    ends: [TIME, THREW],
  },
  { name: "a flood of host calls", body: "for (;;) host.now()", ends: SPENT },
  { name: "a flood of log lines", body: "for (;;) host.log('x'.repeat(1e5))", ends: [TIME] },
  {
    name: "an own __proto__ key",
    body: `return JSON.parse('{"a":{"__proto__":{"polluted":true}}}')`,
    ends: ["script.bad_output"],
  },
  {
    name: "a constructor key",
    body: "return { constructor: { prototype: { polluted: true } } }",
    ends: ["script.bad_output"],
  },
  {
    name: "polluted prototypes",
    body: "Object.prototype.polluted = true; Array.prototype.polluted = true; JSON.parse = () => 1; return {}.polluted",
    ends: ["value"],
    value: true,
  },
  {
    name: "a changed JSON.stringify",
    body: "JSON.stringify = () => '{\"__proto__\":1}'; Object.prototype.toJSON = () => 'mine'; return { a: 1 }",
    ends: ["value"],
    value: "mine",
  },
  {
    name: "a changed Promise",
    body: "Promise.prototype.then = () => { for (;;) {} }; Object.prototype.then = undefined; return await host.now() > 0",
    ends: ["value", TIME, THREW],
    value: true,
  },
  {
    name: "the constructors of the host's functions",
    body: "return [host, host.invoke, host.now(), host.invoke('x').catch((e) => e)].map((x) => x.constructor.constructor('return typeof process + typeof require + typeof fetch')())",
    ends: ["value"],
    value: [
      "undefinedundefinedundefined",
      "undefinedundefinedundefined",
      "undefinedundefinedundefined",
      "undefinedundefinedundefined",
    ],
  },
  {
    name: "the constructor of what the host answers",
    body: "const a = await host.invoke('tool:fails', {}).catch((e) => e); return a.constructor.constructor('return typeof process')()",
    uses: ["tool:fails"],
    ends: ["value"],
    value: "undefined",
  },
  {
    name: "the paths in a host's error",
    body: "return await host.invoke('tool:fails', {}).catch((e) => [e.message, e.stack].join())",
    uses: ["tool:fails"],
    ends: ["value"],
  },
  {
    name: "the frames of a stack",
    body: "Error.prepareStackTrace = (e, s) => s.map((f) => typeof f.getThis() + typeof f.getFunction()); return new Error().stack.every((f) => f === 'undefinedundefined' || f === 'undefinedfunction')",
    ends: ["value"],
  },
  {
    name: "the caller of its caller",
    body: "return typeof new Function('return arguments.callee.caller')()?.call",
    ends: ["value", THREW],
    value: "undefined",
  },
  { name: "a dynamic import", body: "return await import('node:fs')", ends: [THREW] },
  {
    name: "an import",
    module: "import fs from 'node:fs'; export const run = () => fs",
    ends: ["script.imports_refused"],
  },
  {
    name: "timers and requests",
    body: "return [typeof setTimeout, typeof fetch, typeof require, typeof process, typeof structuredClone, typeof console]",
    ends: ["value"],
    value: Array(6).fill("undefined"),
  },
  {
    name: "two hundred thousand groups",
    body: "return new RegExp('('.repeat(2e5) + ')'.repeat(2e5)).source.length",
    ends: [THREW, TIME],
  },
  {
    name: "two hundred thousand functions in each other",
    body: "return eval('() => '.repeat(2e5) + '1')",
    ends: [THREW, "script.bad_output", ...SPENT],
  },
  {
    name: "native memory behind small objects",
    body: "const a = []; for (;;) a.push(new Intl.NumberFormat('de', { style: 'currency', currency: 'EUR' }))",
    ends: SPENT,
  },
  {
    name: "a sort that compares for ever",
    body: "Array.from({ length: 1e6 }, (_, i) => i).sort(() => { for (;;) {} })",
    ends: [TIME],
  },
  {
    name: "an async generator without end",
    body: "for await (const x of (async function* () { for (;;) yield* (async function* () { yield 1 })() })());",
    ends: [TIME],
  },
];
