// The page of the studio. It knows the ids of the videos that were ordered here, or whose link was opened here; all
// else it asks the server. It never sees a key.
"use strict";

const LONGEST = 10000; // characters of a prompt
const EACH = 1000; // milliseconds between two polls

const $ = (selector, within = document) => within.querySelector(selector);
const videos = new Map(); // id -> what the server said last, with `card`
let orderId = newId(); // of the next order, until it is known that it has arrived

// ---- what is remembered here: an entry for each video, so that two tabs do not undo what the other one does ----

const ENTRY = "video ";

function remember({ id, prompt, at }) {
  localStorage.setItem(ENTRY + id, JSON.stringify({ prompt, at }));
}

function remembered(key, value) {
  const video = { id: key.slice(ENTRY.length), prompt: "", at: 0, state: "making", text: "Asking how far it is", age: 0 };
  try {
    const { prompt, at } = JSON.parse(value);
    return Object.assign(video, { prompt: String(prompt), at: Number(at) });
  } catch {
    return video;
  }
}

function allRemembered() {
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(ENTRY));
  return keys.map((key) => remembered(key, localStorage.getItem(key))).sort((a, b) => a.at - b.at);
}

// A video's id is made here and sent along: the same order twice is one video. crypto.randomUUID wants https.
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

// ---- showing ----

const isOver = (video) => video.state !== "ordering" && video.state !== "making";

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

// The page requests the address of the file each time, so a video that is opened a week later plays.
function player(video) {
  const element = document.createElement("video");
  element.controls = true;
  element.preload = "metadata";
  element.playsInline = true;
  element.src = `/videos/${video.id}/file`;
  let tries = 0;
  element.onloadedmetadata = () => {
    $(".screen", video.card).classList.toggle("tall", element.videoHeight > element.videoWidth);
  };
  element.onerror = () => { // right after the end the file may not be there yet
    tries += 1;
    if (tries < 10) setTimeout(() => element.load(), 1000 * tries);
  };
  return element;
}

function render(video) {
  const { card } = video;
  card.className = video.state;
  tell($("h2", card), video.prompt || "A video");
  tell($(".pill", card), video.text);
  const bar = $("progress", card);
  show(bar, !isOver(video));
  if (video.progress === undefined) bar.removeAttribute("value");
  else bar.value = video.progress;
  tell($(".problem", card), video.problem || "");
  show($(".problem", card), video.problem);
  tell($(".detail", card), video.detail || "");
  show($(".detail", card), video.detail);
  show($(".cancel", card), !isOver(video));
  show($(".again", card), (video.state === "failed" && !video.unsure) || video.state === "cancelled");
  show($(".remove", card), isOver(video));
  for (const link of card.querySelectorAll("a")) show(link, video.state === "ready");
  $(".file", card).href = `/videos/${video.id}/file`;
  $(".link", card).href = `#${video.id}`;
  const screen = $(".screen", card);
  show(screen, video.state === "ready");
  if (video.state === "ready" && !screen.firstChild) screen.append(player(video));
  showTime(video);
}

function showTime(video) {
  let text = "";
  if (!isOver(video)) {
    const percent = video.progress === undefined ? "" : `${video.progress} % · `;
    text = percent + clock(video.age + (performance.now() - video.seen) / 1000);
  } else if (video.seconds) {
    text = clock(video.seconds);
  }
  tell($(".time", video.card), text);
}

// Onto the top of the list.
function takeUp(video) {
  video.card = $("#video").content.firstElementChild.cloneNode(true);
  video.seen = performance.now();
  $(".cancel", video.card).onclick = () => cancel(video.id);
  $(".again", video.card).onclick = () => again(video.id);
  $(".remove", video.card).onclick = () => forget(video.id);
  videos.set(video.id, video);
  $("#videos").prepend(video.card);
  show($("#none"), false);
  render(video);
}

function update(id, said) {
  const video = videos.get(id);
  if (!video) return;
  for (const name of ["progress", "problem", "detail", "unsure", "seconds"]) delete video[name];
  Object.assign(video, said, { seen: performance.now() });
  if (id === orderId) { // it has arrived: the next order is another one
    orderId = newId();
    $("#prompt").value = "";
    count();
  }
  render(video);
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

async function poll(video) {
  const said = await ask(`/videos/${video.id}`);
  if (!said || isOver(video)) return;
  if (said.state) {
    const isNew = !video.prompt; // its link was opened
    update(video.id, said);
    if (isNew) remember(video);
  } else if (video.id === orderId) {
    forget(video.id);
    refuse("The order did not arrive. Try again.");
  } else {
    update(video.id, { state: "failed", text: "Not found", problem: said.problem });
  }
}

async function lookAtAll() {
  const open = [...videos.values()].filter((video) => !isOver(video) && !video.sending);
  if (!document.hidden) await Promise.all(open.map(poll));
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
  if (!videos.has(id)) takeUp({ id, prompt, at: Date.now(), state: "ordering", text: "Sending the order", age: 0 });
  videos.get(id).sending = true;
  remember(videos.get(id));
  const said = await ask("/videos", { id, prompt, orientation });
  button.disabled = false;
  delete videos.get(id)?.sending;
  if (said?.state) {
    update(id, said);
  } else if (said) { // nothing was ordered
    forget(id);
    refuse(said.problem);
  } // no answer: a poll tells, or the next click, which sends the same id
}

async function cancel(id) {
  $(".cancel", videos.get(id).card).disabled = true;
  const said = await ask(`/videos/${id}/cancel`, {});
  if (!videos.has(id)) return;
  $(".cancel", videos.get(id).card).disabled = false;
  if (said?.state) update(id, said);
}

function again(id) {
  $("#prompt").value = videos.get(id).prompt;
  $("#prompt").focus();
  scrollTo({ top: 0, behavior: "smooth" });
  count();
}

function drop(id) {
  videos.get(id)?.card.remove();
  videos.delete(id);
  show($("#none"), videos.size === 0);
}

// Its file stays at the service.
function forget(id) {
  localStorage.removeItem(ENTRY + id);
  drop(id);
}

// Another tab has ordered a video, or removed one.
function follow({ key, newValue }) {
  if (!key?.startsWith(ENTRY)) return;
  const video = remembered(key, newValue);
  if (newValue === null) drop(video.id);
  else if (!videos.has(video.id)) takeUp(video);
}

function openLink() {
  const id = location.hash.slice(1);
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) && !videos.has(id)) {
    takeUp({ ...remembered(ENTRY + id), at: Date.now() });
  }
}

allRemembered().forEach(takeUp);
openLink();
addEventListener("hashchange", openLink);
addEventListener("storage", follow);
$("#order").addEventListener("submit", order);
$("#prompt").addEventListener("input", count);
setInterval(() => videos.forEach((video) => isOver(video) || showTime(video)), 500);
lookAtAll();
