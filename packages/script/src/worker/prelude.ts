/**
 * What runs in every isolate before the script: takes away what no script needs and what limits cannot hold, then gives
 * the worker its three handles. Everything after the first line may be attacked by the script, which shares its realm:
 * nothing here is relied on for safety but two things, that every entry is made under a timeout and that only strings
 * leave. What it keeps in closures (the bridge, the counters) a script cannot reach.
 *
 * `$0` is the bridge: (operation, call, name, text).
 */
export const PRELUDE = String.raw`"use strict";
const bridge = $0;
const { parse, stringify } = JSON;
const { freeze, create, getOwnPropertyNames, defineProperty } = Object;
const NativePromise = Promise, NativeError = Error, NativeString = String, NativeTypeError = TypeError;
const uncurry = (method) => Function.prototype.call.bind(method);
const cut = uncurry(NativeString.prototype.slice);
const hostErrors = new WeakMap();
const remember = uncurry(hostErrors.set), recall = uncurry(hostErrors.get);

// Wasm, shared and resizable buffers live outside the memory limit; waiting and finalisers outside the timeout.
for (const name of ["WebAssembly", "SharedArrayBuffer", "Atomics", "console", "FinalizationRegistry", "WeakRef"]) {
  delete globalThis[name];
}
const NativeBuffer = ArrayBuffer;
const { construct } = Reflect;
const Buffer = function ArrayBuffer(length, options) {
  if (new.target === undefined) throw new NativeTypeError("Constructor ArrayBuffer requires 'new'");
  if (options !== null && typeof options === "object" && options.maxByteLength !== undefined) {
    throw new RangeError("Resizable buffers are not available in scripts");
  }
  return construct(NativeBuffer, [length], new.target);
};
defineProperty(Buffer, "prototype", { value: NativeBuffer.prototype, writable: false });
defineProperty(Buffer, "isView", { value: NativeBuffer.isView, writable: true, configurable: true });
defineProperty(Buffer, Symbol.species, { get() { return this; }, configurable: true });
defineProperty(NativeBuffer.prototype, "constructor", { value: Buffer, writable: true, configurable: true });
defineProperty(globalThis, "ArrayBuffer", { value: Buffer, writable: true, configurable: true });

let exported = create(null);
let settings = create(null);
let calls = 0;
let logged = 0;
let pending = create(null);

const refuse = (code, message, retryable) => {
  const error = new NativeError(message);
  error.code = code;
  remember(hostErrors, error, { code, message, retryable: retryable === true });
  return error;
};

const ask = (operation, name, text) => new NativePromise((resolve, reject) => {
  if (calls >= settings.hostCalls) {
    reject(refuse("script.too_many_host_calls", "This script may call its host " + settings.hostCalls + " times, and did. Ask for more at once, or raise the limit hostCalls."));
    return;
  }
  const call = ++calls;
  pending[call] = { resolve, reject };
  bridge(operation, call, name, text);
});

const host = freeze({
  invoke: async (name, input) => {
    if (typeof name !== "string" || settings.uses[name] !== true) {
      throw refuse("script.not_granted", "This script may not use \"" + cut(NativeString(name), 0, 100) + "\". Add it to the list it exports as \"uses\".");
    }
    const text = stringify(input === undefined ? null : input);
    if (typeof text !== "string" || text.length > settings.output) {
      throw refuse("script.bad_host_input", "The input for \"" + name + "\" is not JSON, or is longer than " + settings.output + " characters.");
    }
    return ask("invoke", name, text);
  },
  now: async () => ask("now", "", ""),
  log: (message) => {
    if (++logged > 100) return;
    bridge("log", 0, "", cut(NativeString(message), 0, 1000));
  },
});

const failed = (thrown) => {
  const failure = { __proto__: null, code: "script.threw", name: "Error", message: "" };
  if (thrown !== null && typeof thrown === "object") {
    failure.because = recall(hostErrors, thrown);
    failure.name = cut(NativeString(thrown.name), 0, 100);
    failure.message = cut(NativeString(thrown.message), 0, 500);
    failure.stack = cut(NativeString(thrown.stack), 0, 1000);
  } else {
    failure.message = cut(NativeString(thrown), 0, 500);
  }
  return "E" + stringify(failure);
};

const guarded = (make) => {
  try { return make(); } catch (thrown) {
    try { return failed(thrown); } catch { return 'E{"code":"script.threw","name":"Error","message":"an error that cannot be read"}'; }
  }
};

const written = (value) => {
  let text;
  try { text = stringify(value === undefined ? null : value); } catch (thrown) {
    return guarded(() => "E" + stringify({ __proto__: null, code: "script.bad_output", message: cut(NativeString(thrown.message), 0, 500) }));
  }
  if (typeof text !== "string") return 'E{"code":"script.bad_output","message":"a ' + typeof value + ' is not JSON"}';
  if (text.length > settings.output) return 'E{"code":"script.output_too_large"}';
  return "V" + text;
};

const one = async (name, input) => {
  try {
    const work = exported[name];
    if (typeof work !== "function") return 'E{"code":"script.no_function"}';
    return written(await work(parse(input), host));
  } catch (thrown) {
    return guarded(() => { throw thrown; });
  }
};

const all = async (items, inputs) => {
  let text = "";
  for (let index = 0; index < items.length; index++) {
    const outcome = await one(items[index][0], inputs[items[index][1]]);
    text = text === "" ? outcome : text + "\n" + outcome;
    if (text.length > 262144 || index === items.length - 1) {
      bridge("outcome", 0, "", text);
      text = "";
    }
  }
};

return {
  bind: (namespace, text) => {
    exported = namespace;
    const given = parse(text);
    settings = { __proto__: null, output: given.output, hostCalls: given.hostCalls, uses: { __proto__: null } };
    for (let index = 0; index < given.uses.length; index++) settings.uses[given.uses[index]] = true;
  },
  begin: (items, inputs) => {
    calls = 0;
    pending = create(null);
    all(parse(items), parse(inputs));
  },
  deliver: (call, good, text) => {
    const waiting = pending[call];
    if (waiting === undefined) return;
    delete pending[call];
    const answer = parse(text);
    if (good) waiting.resolve(answer);
    else waiting.reject(refuse(answer.code, answer.message, answer.retryable));
  },
  inspect: () => {
    bridge("outcome", 0, "", guarded(() => {
      const data = create(null), functions = [], names = getOwnPropertyNames(exported);
      for (let index = 0; index < names.length; index++) {
        const value = exported[names[index]];
        if (typeof value === "function") functions[functions.length] = names[index];
        else data[names[index]] = value;
      }
      return written({ __proto__: null, data, functions });
    }));
  },
};
`;
