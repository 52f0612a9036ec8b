export const description = "Says whether a ticket asks for money back, for which order, and how much that would be.";

export const input = {
  type: "object",
  properties: { topic: { type: "string" }, order: { type: ["string", "null"] } },
  required: ["topic"],
  additionalProperties: false,
};

export const uses = ["tool:store.get"];

export async function run({ topic, order }, host) {
  if (topic !== "refund" || order === null || order === undefined)
    return { wanted: false, amount: 0, order: order ?? null };
  const found = await host.invoke("tool:store.get", { id: `orders/${order}` });
  if (found === null) return { wanted: false, amount: 0, order, reason: "unknown order" };
  if (found.refunded === true) return { wanted: false, amount: 0, order, reason: "already refunded" };
  return { wanted: true, amount: found.total, order, item: found.item };
}
