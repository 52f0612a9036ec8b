/** How a secret value may be written where it is seen: plain, in JSON (once or twice), in a URL, in HTML (with or without JSON), in base64. */
export function writtenForms(value: string): readonly string[] {
  const json = JSON.stringify(value).slice(1, -1);
  const url = encodeURIComponent(value.toWellFormed());
  const all = [
    value,
    json,
    JSON.stringify(json).slice(1, -1),
    url,
    url.replace(/%[0-9A-F]{2}/g, (byte) => byte.toLowerCase()),
    url.replaceAll("%20", "+"),
    toHtml(value),
    toHtml(json),
    ...[0, 1, 2].flatMap((before) => base64After(value, before)),
  ];
  return [...new Set(all)];
}

function toHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => HTML[sign] ?? sign);
}

const HTML: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

// Fewer signs of base64 than this are found by chance.
const TELLING = 5;

/** The signs of base64 that depend on the value alone when so many bytes (mod 3) stand before it, in both alphabets. */
function base64After(value: string, before: number): readonly string[] {
  const bytes = new TextEncoder().encode(value);
  let text = "\0".repeat(before);
  for (const byte of bytes) text += String.fromCharCode(byte);
  const first = Math.ceil((before * 8) / 6);
  const last = Math.floor(((before + bytes.length) * 8) / 6);
  const own = btoa(text).slice(first, last);
  return own.length < TELLING ? [] : [own, own.replaceAll("+", "-").replaceAll("/", "_")];
}
