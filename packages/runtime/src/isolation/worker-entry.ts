// The program of a thread or process that holds one isolated agent.
//
// 1. In a thread, only this file has the port to the kernel; in a process, it is the file handle 3.
// 2. A process ends at once when either of its two pipes to the kernel closes, whatever it is doing.
import { Socket } from "node:net";
import { isMainThread, type MessagePort, parentPort, Worker } from "node:worker_threads";
import { toErrorJson } from "@mofa/kernel";
import { serve } from "./inside/inner-host.ts";
import { createPort } from "./inside/port.ts";
import { createLineCutter } from "./lines.ts";

// Watches the second pipe from a thread, which no endless loop can hold up.
const LIFELINE = `
  const { Socket } = require("node:net");
  const end = () => process.kill(process.pid, "SIGKILL");
  new Socket({ fd: 4, readable: true, writable: false }).on("close", end).on("error", end).resume();
`;
const MOST = Number(process.argv[2]);

function serveThread(link: MessagePort): void {
  const port = createPort((text) => link.postMessage(text), MOST);
  serve(port);
  link.on("message", port.read);
}

function serveProcess(): void {
  const die = () => process.kill(process.pid, "SIGKILL");
  const socket = new Socket({ fd: 3, readable: true, writable: true });
  const port = createPort((text) => void socket.write(`${text}\n`), MOST);
  serve(port);
  socket.setEncoding("utf8");
  socket.on("data", createLineCutter(Number.POSITIVE_INFINITY, port.read));
  socket.on("close", die);
  socket.on("error", die);
  // The kernel decides what becomes of it when somebody presses Control-C.
  process.on("SIGINT", () => {});
  process.on("uncaughtExceptionMonitor", (error) => {
    port.send(["crash", toErrorJson(error)]);
    port.flush();
  });
  new Worker(LIFELINE, { eval: true, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: 16 } }).unref();
}

if (isMainThread) serveProcess();
else parentPort?.once("message", serveThread);
