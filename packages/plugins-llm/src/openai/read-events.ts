// Cuts a stream of bytes into the data of server-sent events.
//
// 1. Chunks may end anywhere: inside a character, between CR and LF, inside a line. The events are the same.
// 2. Lines end with LF, CRLF or CR; comments and fields other than `data` are passed over; several data lines make one text.

/** Takes bytes as they come and gives the data of each event that is complete. */
export interface EventReader {
  push(bytes: Uint8Array): readonly string[];
  /** The data of an event that the end of the stream left without its empty line, if there is one. */
  rest(): string | undefined;
}

/** Makes a reader for one stream. */
export function createEventReader(): EventReader {
  const decoder = new TextDecoder();
  let unread = "";
  let data: string | undefined;

  function takeLine(line: string, events: string[]): void {
    if (line === "") {
      if (data !== undefined) events.push(data);
      data = undefined;
    } else if (line.startsWith("data:")) {
      const text = line.slice(line.charCodeAt(5) === 32 ? 6 : 5);
      data = data === undefined ? text : `${data}\n${text}`;
    } else if (line === "data") {
      data = data === undefined ? "" : `${data}\n`;
    }
  }

  function takeLines(text: string): readonly string[] {
    const events: string[] = [];
    const ends = /\r\n|\n|\r/g;
    let start = 0;
    for (let end = ends.exec(text); end !== null; end = ends.exec(text)) {
      // A CR at the very end may be half of a CRLF: wait for what follows.
      if (end[0] === "\r" && ends.lastIndex === text.length) break;
      takeLine(text.slice(start, end.index), events);
      start = ends.lastIndex;
    }
    unread = text.slice(start);
    return events;
  }

  return {
    push: (bytes) => takeLines(unread + decoder.decode(bytes, { stream: true })),
    rest() {
      const events = [...takeLines(`${unread}${decoder.decode()}\n\n`)];
      return events[0];
    },
  };
}
