// Warnings of Node that are about this command's own doings, and that nobody who uses it can do anything about.
const OURS = [
  // Plugins in TypeScript are read with this.
  "stripTypeScriptTypes",
  // And find their packages by this.
  "vm.USE_MAIN_CONTEXT_DEFAULT_LOADER",
];

/** Keeps the two warnings from the terminal that loading plugins brings with it; Node says all others as before. */
export function quietWarnings(emitter: NodeJS.Process = process): void {
  const printers = emitter.listeners("warning");
  emitter.removeAllListeners("warning");
  emitter.on("warning", (warning) => {
    const ours = warning.name === "ExperimentalWarning" && OURS.some((one) => warning.message.startsWith(`${one} `));
    if (!ours) for (const print of printers) print(warning);
  });
}
