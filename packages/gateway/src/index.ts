/** The network door of a kernel. */
export { type GatewayOptions, gateway } from "./gateway.ts";
