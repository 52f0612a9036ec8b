const STOP = new Set(
  (
    "a an and any are as at be been but by can could did do does for from get give had has have he her here hi hello him his how i if in into is it its just " +
    "know like me more my need no not now of on or our out over please she should so some tell than thank thanks that the their them then there they this to " +
    "too up us very want was we were what when where which who why will with would yes you your am about also dear regards kind write wrote"
  ).split(" "),
);

/** The words of a name in any style: `find_order`, `orders.getById`, `customer-id`. */
export function wordsOf(name: string): readonly string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");
}

/** The stems of the words of a text that say something, in order. */
export function termsOf(text: string): readonly string[] {
  return wordsOf(text.replace(/[’']s?\b/g, ""))
    .filter((word) => !STOP.has(word) && (word.length > 1 || /\d/.test(word)))
    .map(stem);
}

/** Cuts the endings of an English word, so that `refunds`, `refunded` and `refund` are one. */
export function stem(word: string): string {
  let cut = word;
  if (/ies$/.test(cut) && cut.length > 4) cut = `${cut.slice(0, -3)}y`;
  else if (/(s|x|z|ch|sh)es$/.test(cut)) cut = cut.slice(0, -2);
  else if (/[^sui]s$/.test(cut) && cut.length > 3) cut = cut.slice(0, -1);
  if (/ing$/.test(cut) && cut.length > 5) cut = single(cut.slice(0, -3));
  else if (/ed$/.test(cut) && cut.length > 4) cut = single(cut.slice(0, -2));
  if (/[ey]$/.test(cut) && cut.length > 4) cut = cut.slice(0, -1);
  return cut;
}

/** A name as words that read well in a sentence: `expectedAt` → `expected at`. */
export function sayName(name: string): string {
  return wordsOf(name).join(" ");
}

function single(cut: string): string {
  return /([^aeiou])\1$/.test(cut) && !/(ll|ss)$/.test(cut) ? cut.slice(0, -1) : cut.replace(/ll$/, "l");
}
