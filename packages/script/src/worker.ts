// A worker process: runs one job at a time in isolates, and nothing of its own.
//
// 1. It lives as long as its supervisor holds the socket: when that closes, it kills itself at once, whatever runs.
// 2. It has no environment, no console and no kernel; the only way out is the socket.
// 3. Lines of one turn of the event loop leave in one write.
import { Socket } from "node:net";
import { createLineCutter, type FromWorker, type ToWorker } from "./wire.ts";
import { type RunningJob, startJob } from "./worker/job.ts";
import { openRoom, type Room } from "./worker/room.ts";

const PULSE = 50;
const LONGEST_LINE = 128 * 1024 * 1024;
const SPARE_MEMORY = Number(process.argv[3]);

const socket = new Socket({ fd: 3, readable: true, writable: true });
let unsent = "";
let current: { readonly id: number; readonly job: RunningJob } | undefined;
let spare: Promise<Room> | undefined;

const die = () => process.kill(process.pid, "SIGKILL");

function send(line: FromWorker) {
  if (unsent === "") setImmediate(flush);
  unsent += `${JSON.stringify(line)}\n`;
  // Somebody waits for it, and what comes next takes a while.
  if (line.type === "done" || line.type === "catastrophe") flush();
}

function flush() {
  const lines = unsent;
  unsent = "";
  if (lines !== "") socket.write(lines);
}

const catastrophe = (message: string) => send({ type: "catastrophe", message });

function room(memory: number): Promise<Room> {
  const ready = memory === SPARE_MEMORY ? spare : undefined;
  if (ready !== undefined) spare = undefined;
  return ready ?? openRoom(memory, catastrophe);
}

async function work(line: ToWorker & { readonly type: "job" }) {
  const pulse = setInterval(() => send({ type: "pulse", rss: process.memoryUsage.rss() }), PULSE);
  const job = startJob(line, { send, room });
  current = { id: line.job, job };
  await job.ended;
  current = undefined;
  clearInterval(pulse);
  // Made while nobody waits, so that the next job need not.
  spare ??= openRoom(SPARE_MEMORY, catastrophe);
}

function take(text: string) {
  const line = JSON.parse(text) as ToWorker;
  if (line.type === "job") void work(line).catch(die);
  else if (line.job !== current?.id) return;
  else if (line.type === "answer") current.job.answer(line.call, line.good, line.text);
  else current.job.stop();
}

socket.setEncoding("utf8");
socket.on("data", createLineCutter(LONGEST_LINE, take));
socket.on("close", die);
socket.on("error", die);
spare = openRoom(SPARE_MEMORY, catastrophe);
await spare;
send({ type: "ready" });
