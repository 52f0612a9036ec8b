// The web-standard globals the kernel may use: all that it needs of the place it runs in.
// This list stands in for the DOM's and Node's types when the kernel is compiled, so using anything else is an error.
// It is not published: in the emitted declarations `AbortSignal` is the one of the reader's own environment.

interface EventTarget {
  addEventListener(
    type: string,
    listener: (event: Event) => void,
    options?: { once?: boolean; signal?: AbortSignal },
  ): void;
  removeEventListener(type: string, listener: (event: Event) => void): void;
  dispatchEvent(event: Event): boolean;
}
declare var EventTarget: { new (): EventTarget; prototype: EventTarget };

interface Event {
  readonly type: string;
}
declare var Event: { new (type: string): Event; prototype: Event };

interface AbortSignal extends EventTarget {
  readonly aborted: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: so it is in the standard's types, and a different type would not merge.
  readonly reason: any;
  throwIfAborted(): void;
}
declare var AbortSignal: {
  prototype: AbortSignal;
  abort(reason?: unknown): AbortSignal;
  any(signals: AbortSignal[]): AbortSignal;
  timeout(ms: number): AbortSignal;
};

interface AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}
declare var AbortController: { new (): AbortController; prototype: AbortController };

interface DOMException extends Error {
  readonly code: number;
}
declare var DOMException: { new (message?: string, name?: string): DOMException; prototype: DOMException };

/** What a timer is differs between environments: hold it, give it back, look no further. */
interface WebTimer {
  readonly timer: unique symbol;
}
declare function setTimeout(callback: () => void, ms?: number): WebTimer;
declare function clearTimeout(timer: WebTimer | undefined): void;
declare function setInterval(callback: () => void, ms?: number): WebTimer;
declare function clearInterval(timer: WebTimer | undefined): void;
/** Not a standard: only used where it is there. */
declare var setImmediate: ((callback: () => void) => unknown) | undefined;
declare function queueMicrotask(callback: () => void): void;
declare function structuredClone<T>(value: T): T;

interface TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
}
declare var TextEncoder: { new (): TextEncoder; prototype: TextEncoder };

interface TextDecoder {
  decode(bytes?: ArrayBufferView | ArrayBuffer): string;
}
declare var TextDecoder: { new (): TextDecoder; prototype: TextDecoder };

interface Performance {
  readonly timeOrigin: number;
  now(): number;
}
declare var performance: Performance;

interface SubtleCrypto {
  digest(algorithm: string, data: ArrayBufferView<ArrayBuffer> | ArrayBuffer): Promise<ArrayBuffer>;
}
interface Crypto {
  readonly subtle: SubtleCrypto;
  randomUUID(): `${string}-${string}-${string}-${string}-${string}`;
  getRandomValues<T extends ArrayBufferView<ArrayBuffer>>(array: T): T;
}
declare var crypto: Crypto;
declare function btoa(text: string): string;
