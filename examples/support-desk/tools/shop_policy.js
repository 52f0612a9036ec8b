export const description =
  "Tells the shop's policy on a topic: refund, exchange, warranty, delivery, invoice, privacy or safety.";

export const input = {
  type: "object",
  properties: {
    topic: { type: "string", enum: ["refund", "exchange", "warranty", "delivery", "invoice", "privacy", "safety"] },
  },
  required: ["topic"],
  additionalProperties: false,
};

const POLICY = {
  refund: "Goods can be returned within 30 days; up to 100 euros are paid back at once, more is decided by a person.",
  exchange: "A wrong or broken item is exchanged free of charge; the customer need not wait for the return to arrive.",
  warranty: "Machines carry two years of warranty, grinders five; wear parts are not covered.",
  delivery: "Parcels take two to four working days; after ten days a parcel counts as lost and is sent again.",
  invoice: "Invoices are sent by e-mail on the day of dispatch and can be corrected for three months.",
  privacy: "Customers may see and erase what is kept about them; other customers' data is never given out.",
  safety:
    "A machine that smoked or smelt burnt must stay unplugged and must not be used again; we collect it the same day.",
};

export function run({ topic }) {
  return { topic, say: POLICY[topic] };
}
