export const description = "Finds an order by its number: what was bought, when, for how much, and its state.";

export const input = {
  type: "object",
  properties: { order: { type: "string", pattern: "^[A-Z]-\\d{4}$", description: "The order number, like A-1001." } },
  required: ["order"],
  additionalProperties: false,
};

export const uses = ["tool:store.get"];

export async function run({ order }, host) {
  const found = await host.invoke("tool:store.get", { id: `orders/${order}` });
  if (found === null) return { order, found: false, say: `There is no order ${order}.` };
  // The customer's address stays here: whoever writes the answer does not need it.
  const { item, total, ordered, status } = found;
  return { order, found: true, item, total, ordered, status };
}
