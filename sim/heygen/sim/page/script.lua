-- What keeps the page true: it asks /_sim/ once a second and changes what has changed.
return [==[
"use strict";

const SECOND = 1000, SPEEDS = [0, 1, 60, 600];
const ENDED = { completed: "good", failed: "bad", waiting_for_input: "idle" };
let state = null, pause = SECOND, timer = 0;

// Relative to the page, which may be reached under another path through a proxy.
const at = (path) => path.slice(1);
const $ = (id) => document.getElementById(id);

// Everything goes in as text or as a property: nothing that came from outside is ever read as HTML.
function el(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null));
  return element;
}

function put(element, text) {
  text = text === null || text === undefined ? "" : String(text);
  if (element.textContent !== text) element.textContent = text;
}

function button(text, action) {
  return el("button", { type: "button", textContent: text, onclick: () => attempt(action) });
}

// A list kept by key: what stays keeps its element, and with it a playing video or a half-written reply.
function sync(list, rows, key, make, update) {
  const kept = new Map(Array.from(list.children, (item) => [item.dataset.key, item]));
  let place = list.firstElementChild;
  for (const row of rows) {
    const name = String(row[key]);
    let item = kept.get(name);
    kept.delete(name);
    if (!item) {
      item = make(row);
      item.dataset.key = name;
    }
    if (item === place) place = place.nextElementSibling;
    else list.insertBefore(item, place);
    update(item, row);
  }
  for (const item of kept.values()) item.remove();
}

// ---- talking to the simulator

async function call(method, path, body, key) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  if (path.startsWith("/v3/")) headers["x-api-key"] = key || $("new").elements.key.value || "page";
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const answer = await fetch(at(path), { method, headers, body: sent });
  const text = await answer.text();
  let value = {};
  try { value = JSON.parse(text); } catch { /* a fault may answer with anything */ }
  if (answer.ok && !value.error) return value;
  const error = value.error || { message: text.slice(0, 200) || "no answer" };
  const wait = answer.headers.get("Retry-After");
  throw new Error(error.message + " (HTTP " + answer.status + (error.code ? ", " + error.code : "") +
    (error.param ? ", " + error.param : "") + (wait ? ", again after " + wait + " s" : "") + ")");
}

function complain(text) {
  put($("trouble"), text);
  $("trouble").hidden = !text;
}

async function attempt(action) {
  try {
    await action();
    complain("");
  } catch (error) {
    complain(error.message);
  }
  poll();
}

// ---- words

function clock(seconds) {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");
}

function span(seconds) {
  if (seconds < 60) return Math.ceil(seconds) + " s";
  if (seconds < 3600) return Math.round(seconds / 60) + " min";
  return (seconds / 3600).toFixed(1) + " h";
}

function real(seconds) {
  if (seconds < 0.1) return (seconds * 1000).toFixed(1) + " ms";
  return seconds < 10 ? seconds.toFixed(2) + " s" : Math.round(seconds) + " s";
}

function pill(element, status) {
  put(element, status);
  element.className = "pill " + (ENDED[status] || "");
}

// ---- sessions

function makeSession(row) {
  const parts = {
    pill: el("span"), title: el("span", { className: "title" }), meta: el("div", { className: "meta" }),
    left: el("span", { className: "meta" }), bar: el("progress", { max: 100 }),
    said: el("div", { className: "meta" }),
    text: el("input", { className: "grow", placeholder: "Your answer", maxLength: 10000, required: true }),
  };
  parts.bar.setAttribute("aria-label", "progress");
  parts.text.setAttribute("aria-label", "Your answer");
  const path = "/v3/video-agents/" + encodeURIComponent(row.session_id);
  parts.stop = button("Stop", () => call("POST", path + "/stop", {}));
  parts.reply = el("form", { className: "reply", hidden: true }, parts.text, el("button", { textContent: "Send" }));
  parts.reply.onsubmit = (event) => {
    event.preventDefault();
    attempt(async () => {
      await call("POST", path, { message: parts.text.value });
      parts.text.value = "";
    });
  };
  const end = el("span", { className: "end" }, parts.left, parts.stop);
  const line = el("div", { className: "line" }, parts.pill, parts.title, end);
  const item = el("li", {}, line, parts.bar, parts.said, parts.reply, parts.meta);
  item.parts = parts;
  return item;
}

function showSession(item, row) {
  const parts = item.parts, waits = row.status === "waiting_for_input";
  pill(parts.pill, row.status);
  put(parts.title, row.title || "(no title)");
  put(parts.left, row.left === null ? "" : span(row.left) + " left");
  put(parts.said, row.message && (waits || row.message.type === "error") ? row.message.content : "");
  put(parts.meta, row.session_id + (row.video_visible ? " · video " + row.video_id : "") + " · " + row.mode);
  parts.bar.value = row.progress;
  parts.bar.hidden = !row.running;
  parts.stop.hidden = !row.running;
  parts.reply.hidden = !waits;
}

// ---- videos

function makeVideo(row) {
  const parts = {
    screen: el("div", { className: "screen" }), pill: el("span"), title: el("span", { className: "title" }),
    meta: el("div", { className: "meta" }), links: el("div", { className: "line meta" }),
  };
  const path = "/v3/videos/" + encodeURIComponent(row.video_id);
  const remove = button("Delete", () => call("DELETE", path));
  const line = el("div", { className: "line" }, parts.pill, el("span", { className: "end" }, remove));
  const item = el("li", {}, parts.screen, el("div", { className: "card" }, line, parts.title, parts.meta, parts.links));
  item.parts = parts;
  return item;
}

function player(row) {
  const preload = row.thumbnail_url ? "none" : "metadata";
  const video = el("video", { controls: true, src: at(row.video_url), preload });
  if (row.thumbnail_url) video.poster = at(row.thumbnail_url);
  if (row.subtitle_url) {
    const src = at(row.subtitle_url).replace(/srt$/, "vtt");
    video.append(el("track", { kind: "captions", label: "Captions", srclang: "en", src }));
  }
  return video;
}

function link(text, url, name) {
  return url ? el("a", { textContent: text, href: at(url), download: name }) : null;
}

function showVideo(item, row) {
  const parts = item.parts, name = row.video_id.slice(0, 8);
  pill(parts.pill, row.status);
  put(parts.title, row.title || "(no title)");
  put(parts.meta, row.failure_message || [row.duration && row.duration + " s", row.orientation, row.video_id]
    .filter(Boolean).join(" · "));
  const shown = row.video_url || (row.status === "failed" ? "failed" : "");
  if (parts.url === shown) return;
  parts.url = shown;
  const links = [
    link("mp4", row.video_url, name + ".mp4"), link("captioned", row.captioned_video_url, name + "-captioned.mp4"),
    link("thumbnail", row.thumbnail_url, name), link("gif", row.gif_url, name + ".gif"),
    link("subtitles", row.subtitle_url, name + ".srt"),
  ];
  parts.screen.replaceChildren(row.video_url ? player(row) : shown || "no file yet");
  parts.links.replaceChildren(...links.filter(Boolean));
}

// ---- requests and deliveries

function makeDetails() {
  const parts = { line: el("span", { className: "line" }), more: el("pre") };
  const item = el("li", {}, el("details", {}, el("summary", {}, parts.line), parts.more));
  item.parts = parts;
  return item;
}

function details(item, words, more) {
  const seen = JSON.stringify([words, more]);
  if (item.seen === seen) return;
  item.seen = seen;
  item.parts.line.replaceChildren(...words.filter(Boolean).map(([className, text]) =>
    el("span", { className, textContent: text })));
  put(item.parts.more, more);
}

function kindOf(status) {
  if (!status || status >= 500) return "bad";
  return status >= 400 ? "" : "good";
}

function showRequest(item, row) {
  const headers = Object.entries(row.headers).map(([name, value]) => name + ": " + value).sort().join("\n");
  details(item, [
    ["pill " + kindOf(row.status), row.status === null ? "no answer" : row.status],
    ["path mono", row.method + " " + row.target],
    row.fault && ["pill bad", "fault"],
    ["meta times", "#" + row.connection + (row.reused ? " again" : " new")],
    ["meta times", row.took === null || row.took === undefined ? "under way" : real(row.took)],
  ], headers + "\n\nbody: " + row.body_bytes + " bytes · at " + clock(row.time) +
    (row.fault ? " · the service " + (row.acted ? "acted on it" : "never saw it") : ""));
}

function showDelivery(item, row) {
  const kind = { delivered: "good", dropped: "bad", given_up: "bad" }[row.state] || "";
  const last = row.attempts[row.attempts.length - 1];
  details(item, [
    ["pill " + kind, row.state.replace("_", " ")],
    ["path mono", row.event_type + " → " + row.url],
    ["meta", row.reason || (last ? String(last.status || last.error) : "")],
    ["meta times", row.attempts.length + (row.attempts.length === 1 ? " attempt" : " attempts")],
    row.next_at !== null && ["meta times", "again at " + clock(row.next_at)],
  ], JSON.stringify(row, null, 2));
}

// ---- the rest

function makeCount(row) {
  const value = el("dd");
  const item = el("div", {}, el("dt", { textContent: row.name }), value);
  item.value = value;
  return item;
}

function showCounts(counts, limit) {
  const rows = [
    { name: "running", value: state.running + (limit ? " of " + limit : "") },
    { name: "made", value: counts.creates },
    { name: "made twice", value: counts.duplicates, alarm: counts.duplicates > 0 },
    { name: "requests", value: counts.requests }, { name: "polls", value: counts.polls },
    { name: "downloads", value: counts.downloads }, { name: "connections", value: counts.connections },
    { name: "keys leaked", value: counts.keys_leaked, alarm: counts.keys_leaked > 0 },
  ];
  sync($("counts"), rows, "name", makeCount, (item, row) => {
    put(item.value, row.value);
    item.className = row.alarm ? "alarm" : "";
  });
}

function words(object) {
  return Object.entries(object).map(([name, value]) =>
    name + " " + (typeof value === "object" ? JSON.stringify(value) : value)).join(", ");
}

function showFaults(rules) {
  const rows = rules.map((rule, index) => ({ index, rule }));
  sync($("faults"), rows, "index", () => el("li", { className: "meta" }), (item, { rule }) =>
    put(item, words(rule.match) + " → " + words(rule.effect) + " · fired " + rule.fired + " of " + rule.seen));
  $("no-faults").disabled = rules.length === 0;
}

function showClock() {
  put($("url"), state.url);
  put($("now"), clock(state.now));
  const rows = SPEEDS.includes(state.speed) ? SPEEDS : [...SPEEDS, state.speed];
  sync($("speeds"), rows.map((speed) => ({ speed })), "speed", ({ speed }) =>
    button(speed === 0 ? "Stand still" : speed + "×", () => call("POST", "/_sim/clock", { speed })),
  (item, { speed }) => item.setAttribute("aria-pressed", String(speed === state.speed)));
}

function showScenarios() {
  const select = $("scenario").elements.scenario;
  if (select.options.length === 0) {
    for (const { name } of state.scenarios) select.append(el("option", { textContent: name }));
  }
  const chosen = state.scenarios.find(({ name }) => name === select.value);
  put($("about"), chosen ? chosen.about : "");
}

function show(requests, deliveries) {
  showClock();
  showCounts(state.counts, state.behaviour.concurrency);
  showScenarios();
  showFaults(state.faults);
  $("key-label").hidden = state.keys !== "listed";
  put($("sessions-count"), state.sessions > state.newest.length ? "the newest of " + state.sessions : "");
  sync($("sessions"), state.newest, "session_id", makeSession, showSession);
  sync($("videos"), state.videos, "video_id", makeVideo, showVideo);
  sync($("requests"), requests.reverse(), "number", makeDetails, showRequest);
  sync($("deliveries"), deliveries.reverse(), "id", makeDetails, showDelivery);
}

async function poll() {
  clearTimeout(timer);
  try {
    const [seen, requests, deliveries] = await Promise.all([
      call("GET", "/_sim/state?limit=50"), call("GET", "/_sim/requests?limit=30"),
      call("GET", "/_sim/deliveries?limit=30"),
    ]);
    state = seen;
    show(requests.data, deliveries.data);
    if (pause > SECOND) complain("");
    pause = SECOND;
  } catch (error) {
    pause = Math.min(2 * pause, 8 * SECOND);
    complain("heygen-sim does not answer: " + error.message);
  }
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(poll, pause);
}

$("new").onsubmit = async (event) => {
  event.preventDefault();
  const { prompt, mode, orientation, callback_url } = event.target.elements, result = $("new-result");
  const body = { prompt: prompt.value, mode: mode.value, orientation: orientation.value };
  if (callback_url.value) body.callback_url = callback_url.value;
  const send = event.submitter || event.target.querySelector(".primary");
  send.disabled = true; // once is enough
  put(result, "");
  try {
    const made = await call("POST", "/v3/video-agents", body);
    result.className = "";
    put(result, "Made " + made.data.session_id);
    prompt.value = "";
  } catch (error) {
    result.className = "bad";
    put(result, error.message);
  }
  send.disabled = false;
  poll();
};

$("scenario").onsubmit = (event) => {
  event.preventDefault();
  attempt(() => call("POST", "/_sim/faults", { scenario: event.target.elements.scenario.value }));
};
$("scenario").elements.scenario.onchange = showScenarios;
$("no-faults").onclick = () => attempt(() => call("DELETE", "/_sim/faults"));
$("reset").onclick = () => attempt(() => call("POST", "/_sim/reset"));
for (const each of document.querySelectorAll("[data-advance]")) {
  each.onclick = () => attempt(() => call("POST", "/_sim/clock", { advance: Number(each.dataset.advance) }));
}
document.onvisibilitychange = () => { if (!document.hidden) poll(); };
poll();
]==]
