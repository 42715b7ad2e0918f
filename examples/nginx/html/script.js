// The page of the studio. It knows the ids of the films that were ordered here, or whose link was opened here; all
// else it asks the server. It never sees a key.
"use strict";

const LONGEST = 10000; // characters of a prompt
const EACH = 1000; // milliseconds between two looks

const $ = (selector, within = document) => within.querySelector(selector);
const films = new Map(); // id -> what the server said last, with `card`
let orderId = newId(); // of the next order, until it is known that it has arrived

// ---- what is remembered here: an entry for each film, so that two tabs do not undo what the other one does ----

const ENTRY = "film ";

function remember({ id, prompt, at }) {
  localStorage.setItem(ENTRY + id, JSON.stringify({ prompt, at }));
}

function remembered(key, value) {
  const film = { id: key.slice(ENTRY.length), prompt: "", at: 0, state: "making", text: "Asking how far it is", age: 0 };
  try {
    const { prompt, at } = JSON.parse(value);
    return Object.assign(film, { prompt: String(prompt), at: Number(at) });
  } catch {
    return film;
  }
}

function allRemembered() {
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(ENTRY));
  return keys.map((key) => remembered(key, localStorage.getItem(key))).sort((a, b) => a.at - b.at);
}

// A film's id is made here and sent along: the same order twice is one film. crypto.randomUUID wants https.
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

// ---- showing ----

const isOver = (film) => film.state !== "ordering" && film.state !== "making";

function show(element, visible) {
  element.hidden = !visible;
}

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return (parts[0] ? parts : parts.slice(1)).map((part, n) => (n ? String(part).padStart(2, "0") : part)).join(":");
}

function tell(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// The address of the file is asked for anew each time, so a film that is opened a week later plays.
function player(film) {
  const video = document.createElement("video");
  video.controls = true;
  video.preload = "metadata";
  video.playsInline = true;
  video.src = `/films/${film.id}/video`;
  let tries = 0;
  video.onloadedmetadata = () => {
    $(".screen", film.card).classList.toggle("tall", video.videoHeight > video.videoWidth);
  };
  video.onerror = () => { // right after the end the file may not be there yet
    tries += 1;
    if (tries < 10) setTimeout(() => video.load(), 1000 * tries);
  };
  return video;
}

function render(film) {
  const { card } = film;
  card.className = film.state;
  tell($("h2", card), film.prompt || "A film");
  tell($(".pill", card), film.text);
  const bar = $("progress", card);
  show(bar, !isOver(film));
  if (film.progress === undefined) bar.removeAttribute("value");
  else bar.value = film.progress;
  tell($(".problem", card), film.problem || "");
  show($(".problem", card), film.problem);
  tell($(".detail", card), film.detail || "");
  show($(".detail", card), film.detail);
  show($(".cancel", card), !isOver(film));
  show($(".again", card), (film.state === "failed" && !film.unsure) || film.state === "cancelled");
  show($(".remove", card), isOver(film));
  for (const link of card.querySelectorAll("a")) show(link, film.state === "ready");
  $(".file", card).href = `/films/${film.id}/video`;
  $(".link", card).href = `#${film.id}`;
  const screen = $(".screen", card);
  show(screen, film.state === "ready");
  if (film.state === "ready" && !screen.firstChild) screen.append(player(film));
  showTime(film);
}

function showTime(film) {
  let text = "";
  if (!isOver(film)) {
    const percent = film.progress === undefined ? "" : `${film.progress} % · `;
    text = percent + clock(film.age + (performance.now() - film.seen) / 1000);
  } else if (film.seconds) {
    text = clock(film.seconds);
  }
  tell($(".time", film.card), text);
}

// Onto the top of the list.
function takeUp(film) {
  film.card = $("#film").content.firstElementChild.cloneNode(true);
  film.seen = performance.now();
  $(".cancel", film.card).onclick = () => cancel(film.id);
  $(".again", film.card).onclick = () => again(film.id);
  $(".remove", film.card).onclick = () => forget(film.id);
  films.set(film.id, film);
  $("#films").prepend(film.card);
  show($("#none"), false);
  render(film);
}

function update(id, said) {
  const film = films.get(id);
  if (!film) return;
  for (const name of ["progress", "problem", "detail", "unsure", "seconds"]) delete film[name];
  Object.assign(film, said, { seen: performance.now() });
  if (id === orderId) { // it has arrived: the next order is another one
    orderId = newId();
    $("#prompt").value = "";
    count();
  }
  render(film);
}

// ---- asking ----

function trouble(text) {
  show($("#trouble"), text);
  tell($("#trouble"), text || "");
}

// The answer, or undefined when there is none; `problem` is in it when it is a refusal.
async function ask(path, body) {
  const options = { signal: AbortSignal.timeout(body ? 400000 : 20000) };
  if (body) {
    options.method = "POST";
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  try {
    const answer = await fetch(path, options);
    const value = await answer.json();
    trouble();
    return value;
  } catch {
    trouble("The studio does not answer. Trying again …");
    return undefined;
  }
}

async function look(film) {
  const said = await ask(`/films/${film.id}`);
  if (!said || isOver(film)) return;
  if (said.state) {
    const isNew = !film.prompt; // its link was opened
    update(film.id, said);
    if (isNew) remember(film);
  } else if (film.id === orderId) {
    forget(film.id);
    refuse("The order did not arrive. Try again.");
  } else {
    update(film.id, { state: "failed", text: "Not found", problem: said.problem });
  }
}

async function lookAtAll() {
  const open = [...films.values()].filter((film) => !isOver(film) && !film.sending);
  if (!document.hidden) await Promise.all(open.map(look));
  setTimeout(lookAtAll, EACH);
}

// ---- what the visitor does ----

const length = () => [...$("#prompt").value].length;

function count() {
  const characters = length();
  const over = characters > LONGEST;
  tell($("#count"), characters > LONGEST * 0.8 ? `${characters.toLocaleString("en")} of ${LONGEST.toLocaleString("en")}` : "");
  $("#count").classList.toggle("over", over);
  return !over;
}

function refuse(text) {
  show($("#refusal"), text);
  tell($("#refusal"), text || "");
}

async function order(event) {
  event.preventDefault();
  const button = $("#order button");
  if (button.disabled) return;
  if (!count()) {
    refuse(`The prompt is too long: ${length().toLocaleString("en")} characters of ${LONGEST.toLocaleString("en")}.`);
    return;
  }
  button.disabled = true;
  refuse();
  const id = orderId;
  const prompt = $("#prompt").value;
  const orientation = $("#order input:checked").value;
  if (!films.has(id)) takeUp({ id, prompt, at: Date.now(), state: "ordering", text: "Sending the order", age: 0 });
  films.get(id).sending = true;
  remember(films.get(id));
  const said = await ask("/films", { id, prompt, orientation });
  button.disabled = false;
  delete films.get(id)?.sending;
  if (said?.state) {
    update(id, said);
  } else if (said) { // nothing was ordered
    forget(id);
    refuse(said.problem);
  } // no answer: the looks tell, or the next click, which sends the same id
}

async function cancel(id) {
  $(".cancel", films.get(id).card).disabled = true;
  const said = await ask(`/films/${id}/cancel`, {});
  if (!films.has(id)) return;
  $(".cancel", films.get(id).card).disabled = false;
  if (said?.state) update(id, said);
}

function again(id) {
  $("#prompt").value = films.get(id).prompt;
  $("#prompt").focus();
  scrollTo({ top: 0, behavior: "smooth" });
  count();
}

function drop(id) {
  films.get(id)?.card.remove();
  films.delete(id);
  show($("#none"), films.size === 0);
}

// Its file stays at the service.
function forget(id) {
  localStorage.removeItem(ENTRY + id);
  drop(id);
}

// Another tab has ordered a film, or removed one.
function follow({ key, newValue }) {
  if (!key?.startsWith(ENTRY)) return;
  const film = remembered(key, newValue);
  if (newValue === null) drop(film.id);
  else if (!films.has(film.id)) takeUp(film);
}

function openLink() {
  const id = location.hash.slice(1);
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) && !films.has(id)) {
    takeUp({ ...remembered(ENTRY + id), at: Date.now() });
  }
}

allRemembered().forEach(takeUp);
openLink();
addEventListener("hashchange", openLink);
addEventListener("storage", follow);
$("#order").addEventListener("submit", order);
$("#prompt").addEventListener("input", count);
setInterval(() => films.forEach((film) => isOver(film) || showTime(film)), 500);
lookAtAll();
