export const description =
  "Pays money back for an order. Paying twice for one ticket is impossible: the payment is kept under the ticket's name.";

export const input = {
  type: "object",
  properties: {
    ticket: { type: "string" },
    order: { type: "string", pattern: "^[A-Z]-\\d{4}$" },
    amount: { type: "number", exclusiveMinimum: 0 },
    decided: { type: ["string", "null"], description: "Who decided, when a person had to." },
  },
  required: ["ticket", "order", "amount", "decided"],
  additionalProperties: false,
};

export const uses = ["tool:store.put"];
export const effect = "idempotent";

export async function run({ ticket, order, amount, decided }, host) {
  await host.invoke("tool:store.put", { id: `refunds/${ticket}`, body: { ticket, order, amount, decided } });
  return { paid: true, order, amount };
}
