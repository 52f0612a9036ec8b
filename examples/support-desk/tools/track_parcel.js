export const description = "Tells where the parcel of an order is and when it should arrive.";

export const input = {
  type: "object",
  properties: { order: { type: "string", pattern: "^[A-Z]-\\d{4}$", description: "The order number, like A-1001." } },
  required: ["order"],
  additionalProperties: false,
};

export const uses = ["tool:store.get"];

export async function run({ order }, host) {
  const found = await host.invoke("tool:store.get", { id: `orders/${order}` });
  if (found === null)
    return { order, state: "unknown", say: `There is no order ${order}, so no parcel can be traced.` };
  const { parcel } = found;
  if (parcel === undefined)
    return { order, state: "not sent", say: `Order ${order} has not been handed to the carrier yet.` };
  if (parcel.state === "lost")
    return {
      order,
      state: "lost",
      say: `The parcel of order ${order} is lost. We send the goods again without charge.`,
    };
  return { order, parcel: parcel.state, where: parcel.where, expected: parcel.expected };
}
