-- The style of the page, by day and by night.
return [==[
:root {
  color-scheme: light dark;
  --back: #f5f5f8; --card: #fff; --text: #1c1b22; --quiet: #62606d; --line: #dddbe5;
  --accent: #5b46d6; --on-accent: #fff; --good: #1a7f4b; --bad: #c0283b; --busy: #8a5a00; --tint: #eeebfc;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #131218; --card: #1d1c24; --text: #eceaf4; --quiet: #a09dae; --line: #34323f;
    --accent: #9c8cff; --on-accent: #14121d; --good: #5fd39a; --bad: #ff8390; --busy: #f0bd58; --tint: #2a2740;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body {
  margin: 0; padding: 1rem 1.25rem 3rem; background: var(--back); color: var(--text);
  font: 15px/1.45 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
header, main, #counts, #trouble { max-width: 84rem; margin-inline: auto; }
header { display: flex; flex-wrap: wrap; gap: .75rem 2rem; align-items: center; justify-content: space-between; }
h1 { display: flex; align-items: center; gap: .6rem; margin: 0; font-size: 1.25rem; }
h1 code { font-size: .85rem; font-weight: 400; color: var(--quiet); }
h2 { margin: 0 0 .75rem; font-size: 1rem; }
h2 small { font-weight: 400; color: var(--quiet); }
code, .mono { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .85em; }
.clock { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; }
.clock time { font-variant-numeric: tabular-nums; margin-right: .4rem; }
.segments { display: inline-flex; }
.segments button { border-radius: 0; margin-left: -1px; }
.segments button:first-child { border-radius: 6px 0 0 6px; margin-left: 0; }
.segments button:last-child { border-radius: 0 6px 6px 0; }
button, input, select, textarea {
  font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px;
  padding: .35rem .6rem;
}
button { cursor: pointer; }
button:hover { border-color: var(--accent); }
button:disabled { opacity: .5; cursor: default; }
button[aria-pressed="true"], .primary {
  background: var(--accent); border-color: var(--accent); color: var(--on-accent);
}
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
#trouble {
  margin-block: 1rem 0; padding: .6rem .9rem; border-radius: 8px; background: var(--bad); color: var(--card);
}
#counts { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin-block: 1rem; }
#counts div { display: flex; gap: .4rem; align-items: baseline; }
#counts dt { color: var(--quiet); }
#counts dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; }
#counts .alarm dd { color: var(--bad); }
main { display: grid; grid-template-columns: minmax(17rem, 21rem) minmax(0, 1fr); gap: 1rem; align-items: start; }
@media (max-width: 56rem) { main { grid-template-columns: minmax(0, 1fr); } }
.side, .lists { display: grid; gap: 1rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem; min-width: 0; }
form { display: grid; gap: .7rem; }
form.row { display: flex; gap: .4rem; }
.grow { flex: 1; min-width: 0; }
label { display: grid; gap: .2rem; font-size: .9rem; color: var(--quiet); }
label > * { width: 100%; color: var(--text); }
textarea { resize: vertical; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .7rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
output, .quiet { color: var(--quiet); font-size: .9rem; margin: .5rem 0; overflow-wrap: anywhere; }
output { margin: 0; }
output:empty { display: none; }
output.bad { color: var(--bad); }
ul { list-style: none; margin: 0; padding: 0; }
.empty { margin: 0; color: var(--quiet); }
ul:not(:empty) + .empty { display: none; }
.plain > li { border-top: 1px solid var(--line); padding: .5rem 0; }
.plain > li:first-child { border-top: 0; }
.line { display: flex; flex-wrap: wrap; gap: .3rem .7rem; align-items: center; }
.title { font-weight: 600; overflow-wrap: anywhere; }
.meta { color: var(--quiet); font-size: .85rem; overflow-wrap: anywhere; }
.end { margin-left: auto; display: flex; gap: .4rem; align-items: center; }
.pill {
  padding: .05rem .55rem; border-radius: 1rem; font-size: .8rem; border: 1px solid currentColor; white-space: nowrap;
  color: var(--busy);
}
.pill.good { color: var(--good); }
.pill.bad { color: var(--bad); }
.pill.idle { color: var(--quiet); }
progress { width: 100%; height: .4rem; margin: .35rem 0; accent-color: var(--accent); display: block; }
.reply { display: flex; gap: .4rem; margin-top: .4rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem; }
.cards > li {
  border: 1px solid var(--line); border-radius: 8px; overflow: hidden; display: flex; flex-direction: column;
}
.screen { aspect-ratio: 16 / 9; background: var(--tint); display: grid; place-items: center; color: var(--quiet); }
.screen video { width: 100%; height: 100%; background: #000; display: block; }
.card { padding: .6rem .75rem; display: grid; gap: .35rem; }
.card a { color: var(--accent); }
summary { cursor: pointer; }
summary .line { display: inline-flex; width: calc(100% - 1.2rem); vertical-align: top; }
summary .path { flex: 1 1 14rem; overflow-wrap: anywhere; }
.times { font-variant-numeric: tabular-nums; }
pre { margin: .4rem 0 0; padding: .6rem; background: var(--back); border-radius: 6px; white-space: pre-wrap;
  overflow-wrap: anywhere; font-size: .8rem; }
]==]
