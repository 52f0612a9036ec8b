// The rules of the desk: the first that fits sets the priority. Edit and save: the next ticket follows the new rules.

export const description = "Sets a ticket's priority and topic.";

const RULES = [
  {
    name: "danger",
    priority: "critical",
    topic: "safety",
    when: (t) => /\b(smoke|burn(t|ing|ed)?|fire|electric shock|injur)/i.test(t),
  },
  {
    name: "attack on the assistant",
    priority: "high",
    topic: "manipulation",
    when: (t) => /(ignore (all|any|the|your).{0,30}(instructions|rules)|system prompt|you are now)/i.test(t),
  },
  {
    name: "abuse",
    priority: "low",
    topic: "abuse",
    when: (t) => /\b(idiots?|morons?|go to hell|screw you|scum)\b/i.test(t),
  },
  {
    name: "money back",
    priority: "high",
    topic: "refund",
    when: (t) => /\b(refund|money back|reimburse|geld zurück|erstattung|remboursement)\b/i.test(t),
  },
  {
    name: "late parcel",
    priority: "high",
    topic: "delivery",
    when: (t) =>
      /\b(late|not arrived|hasn't arrived|never arrived|where is|still waiting|lost|tracking|verspätet)\b/i.test(t),
  },
  {
    name: "broken",
    priority: "high",
    topic: "warranty",
    when: (t) => /\b(broken|leak(s|ing)?|does not work|doesn't work|defect|crack(ed)?|warranty)\b/i.test(t),
  },
  {
    name: "wrong item",
    priority: "normal",
    topic: "exchange",
    when: (t) => /\b(wrong (item|colou?r|size|one)|exchange|instead of)\b/i.test(t),
  },
  { name: "papers", priority: "normal", topic: "invoice", when: (t) => /\b(invoice|receipt|vat|billing)\b/i.test(t) },
  {
    name: "personal data",
    priority: "normal",
    topic: "privacy",
    when: (t) => /\b(gdpr|personal data|erase|delete my)\b/i.test(t),
  },
];

const EXCERPT = 6000;

export function run({ text }) {
  const plain = text.trim();
  if (plain === "")
    return {
      priority: "low",
      topic: "empty",
      rule: "empty",
      order: null,
      orders: [],
      excerpt: "(The ticket is empty.)",
      cut: 0,
    };
  const rule = RULES.find((candidate) => candidate.when(plain)) ?? {
    name: "none",
    priority: "normal",
    topic: "question",
  };
  const orders = [...new Set(plain.match(/\b[A-Z]-\d{4}\b/g) ?? [])];
  return {
    priority: rule.priority,
    topic: rule.topic,
    rule: rule.name,
    order: orders[0] ?? null,
    orders: orders.slice(0, 5),
    excerpt: plain.slice(0, EXCERPT),
    cut: Math.max(0, plain.length - EXCERPT),
  };
}
