-- The page's frame; script.lua fills it.
return [==[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>heygen-sim</title>
<link rel="icon" href="_sim/icon.svg">
<link rel="stylesheet" href="_sim/page.css">
<script src="_sim/page.js" defer></script>
</head>
<body>
<header>
  <h1><img src="_sim/icon.svg" alt="" width="24" height="24"> heygen-sim <code id="url"></code></h1>
  <div class="clock" role="group" aria-label="Simulated clock">
    <time id="now"></time>
    <span id="speeds" class="segments"></span>
    <button type="button" data-advance="60">+1 min</button>
    <button type="button" data-advance="720">+12 min</button>
    <button type="button" id="reset" title="Back to how it began: no sessions, no counts">Reset</button>
  </div>
</header>
<p id="trouble" role="alert" hidden></p>
<dl id="counts"></dl>
<main>
  <div class="side">
    <section aria-labelledby="new-title">
      <h2 id="new-title">New video</h2>
      <form id="new">
        <label>Prompt
          <textarea name="prompt" rows="4" required maxlength="10000"
            placeholder="A presenter explains our launch in 30 seconds"></textarea></label>
        <div class="pair">
          <label>Mode <select name="mode"><option>generate</option><option>chat</option></select></label>
          <label>Orientation <select name="orientation"><option>landscape</option><option>portrait</option></select>
          </label>
        </div>
        <label>Callback URL, if any
          <input name="callback_url" type="url" placeholder="https://…" autocomplete="off"></label>
        <label id="key-label" hidden>API key
          <input name="key" type="password" autocomplete="off"></label>
        <button class="primary">Make it</button>
        <output id="new-result"></output>
      </form>
    </section>
    <section aria-labelledby="faults-title">
      <h2 id="faults-title">Faults</h2>
      <form id="scenario" class="row">
        <label class="grow"><span class="unseen">Scenario</span> <select name="scenario"></select></label>
        <button>Start</button>
        <button type="button" id="no-faults">Clear</button>
      </form>
      <p id="about" class="quiet"></p>
      <ul id="faults" class="plain"></ul>
    </section>
  </div>
  <div class="lists">
    <section aria-labelledby="sessions-title">
      <h2 id="sessions-title">Sessions <small id="sessions-count"></small></h2>
      <ul id="sessions" class="plain"></ul>
      <p class="empty">No session yet: make one, or let your program do it.</p>
    </section>
    <section aria-labelledby="videos-title">
      <h2 id="videos-title">Videos <small id="videos-count"></small></h2>
      <ul id="videos" class="cards"></ul>
      <p class="empty">No video yet.</p>
    </section>
    <section aria-labelledby="deliveries-title">
      <h2 id="deliveries-title">Deliveries <small>webhooks sent</small></h2>
      <ul id="deliveries" class="plain"></ul>
      <p class="empty">Nothing was sent to a callback URL or a webhook endpoint.</p>
    </section>
    <section aria-labelledby="requests-title">
      <h2 id="requests-title">Requests <small>the last 30</small></h2>
      <ul id="requests" class="plain"></ul>
      <p class="empty">No request was seen yet.</p>
    </section>
  </div>
</main>
</body>
</html>
]==]
