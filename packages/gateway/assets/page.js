// Keeps a page as new as its server: fetches the same page again and exchanges the parts that changed.
// All HTML is made, and escaped, by the server; this script never builds any from data.

const EVERY = 1000;
const parts = new Map();
const state = document.querySelector("[data-live-state]");
const pause = document.querySelector("[data-pause]");
const said = document.querySelector("[data-said]");
let paused = false;
// While a button is held down nothing is exchanged: the click would go to one that is gone.
let pressing = false;
let seenAt = Date.now();

for (const part of document.querySelectorAll("[data-live]")) parts.set(part.dataset.live, part.innerHTML);

async function renew() {
  const response = await fetch(location.pathname + location.search, {
    headers: { accept: "text/html" },
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  if (pressing) return;
  for (const part of document.querySelectorAll("[data-live]")) {
    const now = fresh.querySelector(`[data-live="${CSS.escape(part.dataset.live)}"]`);
    if (now === null || now.innerHTML === parts.get(part.dataset.live)) continue;
    parts.set(part.dataset.live, now.innerHTML);
    exchange(part, now);
  }
  document.title = fresh.title;
  seenAt = Date.now();
}

// Cards keep their place and what somebody is typing into them; everything else is small enough to be put in anew.
function exchange(part, now) {
  const cards = part.querySelector("[data-keyed]");
  const nowCards = now.querySelector("[data-keyed]");
  if (cards !== null && nowCards !== null) return exchangeCards(cards, nowCards);
  const open = [...part.querySelectorAll("details")].map((details) => details.open);
  const place = actsIn(part).indexOf(document.activeElement);
  const focused = document.activeElement.dataset.act;
  part.replaceChildren(...now.childNodes);
  // A button that did its work is another one now: Pause became Resume.
  if (place !== -1) (actsIn(part).find(({ dataset }) => dataset.act === focused) ?? actsIn(part)[place])?.focus();
  for (const [index, details] of part.querySelectorAll("details").entries()) details.open = open[index] ?? details.open;
}

function actsIn(part) {
  return [...part.querySelectorAll("[data-act]")];
}

function exchangeCards(cards, nowCards) {
  const here = new Map([...cards.children].map((card) => [card.dataset.key, card]));
  const wanted = [...nowCards.children].map((card) => here.get(card.dataset.key) ?? card);
  for (const card of [...cards.children]) if (!wanted.includes(card)) card.remove();
  for (const [index, card] of wanted.entries()) {
    if (cards.children[index] !== card) cards.insertBefore(card, cards.children[index] ?? null);
  }
  fillNames();
}

const relative = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "short" });
const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
];

function tellTimes() {
  for (const time of document.querySelectorAll("time[data-relative]")) {
    const at = Date.parse(time.dateTime);
    const ms = at - Date.now();
    const [unit, size] = UNITS.find(([, each]) => Math.abs(ms) >= each) ?? UNITS[3];
    const text = Math.abs(ms) < 1000 ? "now" : relative.format(Math.trunc(ms / size), unit);
    if (time.textContent !== text) time.textContent = text;
    if (time.title === "") time.title = new Date(at).toLocaleString();
  }
}

function tellState(name, text) {
  if (state.textContent === text) return;
  state.dataset.state = name;
  state.textContent = text;
}

async function follow() {
  if (!paused && !document.hidden) {
    try {
      await renew();
      tellState("live", "Live");
    } catch {
      const since = new Date(seenAt).toLocaleTimeString();
      tellState("lost", `Disconnected since ${since}, showing what was known then`);
    }
  }
  tellTimes();
  setTimeout(follow, EVERY);
}

const NAME = "mofa.name";

// A browser may forbid storage; then the name is typed each time.
function remember(name) {
  try {
    if (name !== undefined) localStorage.setItem(NAME, name);
    return localStorage.getItem(NAME) ?? "";
  } catch {
    return "";
  }
}

function fillNames() {
  const name = remember();
  for (const input of document.querySelectorAll("form[data-decision] input[name=by]")) input.value ||= name;
}

// What cannot be read as JSON is an answer in plain words.
function readAnswer(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function answer(form, button) {
  const outcome = form.querySelector(".outcome");
  const { by, comment, value } = form.elements;
  const body = { value: readAnswer(button?.dataset.value ?? value.value), by: by.value };
  if (comment.value !== "") body.comment = comment.value;
  remember(by.value);
  const buttons = form.querySelectorAll("button");
  for (const each of buttons) each.disabled = true;
  outcome.textContent = "Sending…";
  try {
    await post(`/api/decisions/${encodeURIComponent(form.dataset.decision)}`, JSON.stringify(body));
    outcome.textContent = "Answered. Thank you.";
  } catch (error) {
    // What has a code was said by the server; everything else did not get there.
    outcome.textContent = error.code === undefined ? `Not sent: ${error.message}. Try again.` : error.message;
    for (const each of buttons) each.disabled = false;
  }
}

async function post(to, body) {
  const response = await fetch(to, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  const { error } = await response.json();
  if (error !== undefined) throw error;
  return response.status;
}

function say(text, level) {
  said.dataset.level = level;
  said.textContent = text;
}

async function steer(button) {
  const { act, body, confirm: question } = button.dataset;
  if (button.ariaDisabled === "true") return;
  if (question !== undefined && !confirm(question)) return;
  const what = button.getAttribute("aria-label");
  // Not really disabled: it would lose the focus.
  button.ariaDisabled = "true";
  say(`${what}…`, "going");
  try {
    const status = await post(act, body);
    say(status === 202 ? `${what}: begun, and takes a while.` : `${what}: done.`, "done");
  } catch (error) {
    say(`${what} did not work: ${error.message}`, "failed");
  }
  button.ariaDisabled = null;
  // Without waiting for the next turn; what goes wrong is told there.
  await renew().catch(() => {});
  tellTimes();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (button !== null) void steer(button);
});
document.addEventListener("pointerdown", () => {
  pressing = true;
});
for (const end of ["pointerup", "pointercancel"])
  document.addEventListener(end, () => {
    pressing = false;
  });

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-decision]");
  if (form === null) return;
  event.preventDefault();
  void answer(form, event.submitter);
});

if (state !== null) {
  state.hidden = false;
  pause.hidden = false;
  pause.setAttribute("aria-pressed", "false");
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    if (paused) tellState("paused", "Paused");
  });
  fillNames();
  void follow();
}
