// Messages on their way over a border.
//
// 1. All messages of one turn of the event loop leave as one text: a crossing costs ten times a message. Whoever knows
//    that nothing more comes need not wait for its end; what was sent before leaves before, or with it.
// 2. No text is longer than `most`; a message that alone is longer is refused to whoever sent it.
// 3. At most `window` characters are on their way unread; the rest waits here, and so in the memory of its sender.

export interface OutboxOptions<Message> {
  write(text: string): void;
  /** The most characters of one text. */
  readonly most: number;
  /** Default: no bound. */
  readonly window?: number;
  /** Hears of a message that is too long; `length` is undefined when it could not even be written. */
  refused(message: Message, length: number | undefined): void;
}

export interface Outbox<Message> {
  send(message: Message): void;
  /** Sends what waits and this one at once, where nothing else is expected to leave with it. */
  sendNow(message: Message): void;
  /** Sends what waits at once. */
  flush(): void;
  /** So many characters were read at the other end. */
  read(characters: number): void;
}

// More at once would hold up both ends for too long.
const LARGEST_BATCH = 1_000;

// Its `then` makes a microtask at half the price of `queueMicrotask`, which makes an async resource each time.
const settled = Promise.resolve();

export function createOutbox<Message>(options: OutboxOptions<Message>): Outbox<Message> {
  const { write, most, window = Number.POSITIVE_INFINITY, refused } = options;
  let waiting: Message[] = [];
  let unread = 0;
  let due = false;

  function post(text: string): void {
    unread += text.length;
    write(text);
  }

  function postOneByOne(batch: readonly Message[]): void {
    for (const message of batch) {
      const text = toText([message]);
      if (text === undefined || text.length > most) refused(message, text?.length);
      else post(text);
    }
  }

  function flush(): void {
    while (waiting.length > 0 && unread < window) {
      const batch = waiting.length > LARGEST_BATCH ? waiting.splice(0, LARGEST_BATCH) : waiting;
      if (batch === waiting) waiting = [];
      const text = toText(batch);
      if (text !== undefined && text.length <= most) post(text);
      else postOneByOne(batch);
    }
  }

  // A tick from within a microtask comes after all microtasks: what they send leaves with this.
  const tick = () => process.nextTick(flushDue);

  function flushDue(): void {
    due = false;
    flush();
  }

  return {
    send(message) {
      waiting.push(message);
      if (waiting.length >= LARGEST_BATCH && waiting.length % LARGEST_BATCH === 0) flush();
      if (due) return;
      due = true;
      void settled.then(tick);
    },
    sendNow(message) {
      waiting.push(message);
      flush();
    },
    flush,
    read(characters) {
      unread -= characters;
      if (waiting.length > 0) flush();
    },
  };
}

function toText(batch: readonly unknown[]): string | undefined {
  try {
    return JSON.stringify(batch);
  } catch (error) {
    // Longer than any text can be.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
