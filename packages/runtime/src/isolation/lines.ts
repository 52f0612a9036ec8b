/** Cuts a stream of text into lines; the returned function gives false once a line grows beyond `longest` characters. */
export function createLineCutter(longest: number, take: (line: string) => void): (chunk: string) => boolean {
  let parts: string[] = [];
  let length = 0;
  return (chunk) => {
    let from = 0;
    for (let end = chunk.indexOf("\n"); end >= 0; end = chunk.indexOf("\n", from)) {
      const last = chunk.slice(from, end);
      from = end + 1;
      const line = parts.length === 0 ? last : parts.join("") + last;
      parts = [];
      length = 0;
      take(line);
    }
    if (from === chunk.length) return length <= longest;
    parts.push(from === 0 ? chunk : chunk.slice(from));
    length += chunk.length - from;
    return length <= longest;
  };
}
