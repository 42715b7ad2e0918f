-- A headless Chromium for specs, driven through its DevTools pipe: no port, no driver, nothing left behind.
local cjson = require "cjson"
local text = require "heygen.sim.core.text"
local uv = require "spec.support.uv"

local browser = {}
browser.__index = browser

local PATIENCE = 30 -- seconds; a browser that is slower than this hangs

-- Only what is on this machine can be reached.
local FLAGS = {
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--no-first-run",
  "--hide-scrollbars",
  "--mute-audio",
  "--window-size=1400,1100",
  "--host-resolver-rules='MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'",
  "--remote-debugging-pipe",
}

-- Runs the event loop until `ready` gives something.
local function await(ready, what)
  local late = false
  local timer = uv.new_timer()
  -- The loop's time is that of its last run, which may be long ago.
  uv.update_time()
  timer:start(PATIENCE * 1000, 0, function()
    late = true
  end)
  local value = ready()
  while not value and not late do
    uv.run "once"
    value = ready()
  end
  timer:close()
  return value or error("the browser took too long: " .. what, 0)
end

-- Messages are JSON texts that end with a NUL byte.
local function receive(self, bytes)
  self.buffer = self.buffer .. bytes
  while true do
    local stop = self.buffer:find("%z")
    if not stop then
      return
    end
    local message = cjson.decode(self.buffer:sub(1, stop - 1))
    self.buffer = self.buffer:sub(stop + 1)
    if message.id then
      self.answers[message.id] = message
    elseif message.method == "Network.requestWillBeSent" then
      self.requests[#self.requests + 1] = message.params.request.url
    elseif message.method == "Runtime.exceptionThrown" then
      self.problems[#self.problems + 1] = cjson.encode(message.params.exceptionDetails)
    elseif message.method == "Log.entryAdded" and message.params.entry.level == "error" then
      self.problems[#self.problems + 1] = message.params.entry.text .. " " .. (message.params.entry.url or "")
    end
  end
end

--- Starts a browser with one empty page.
---@param more string|nil flags of the command line in addition to the usual ones
---@return table browser requests = list of URLs asked for; problems = list of what its console called an error
function browser.start(more)
  local profile = os.tmpname()
  os.remove(profile)
  local self = setmetatable({
    profile = profile,
    input = uv.new_pipe(false),
    output = uv.new_pipe(false),
    buffer = "",
    number = 0,
    answers = {},
    requests = {},
    problems = {},
  }, browser)
  local command = string.format(
    "exec chromium %s %s --user-data-dir=%s </dev/null >/dev/null 2>&1",
    table.concat(FLAGS, " "),
    more or "",
    profile
  )
  self.process = assert(uv.spawn("sh", {
    args = { "-c", command },
    stdio = { 0, 1, 2, self.input, self.output },
  }, function()
    self.ended = true
  end))
  self.output:read_start(function(_, bytes)
    if bytes then
      receive(self, bytes)
    end
  end)
  local target = self:command("Target.createTarget", { url = "about:blank" }).targetId
  self.session = self:command("Target.attachToTarget", { targetId = target, flatten = true }).sessionId
  for _, domain in ipairs { "Page", "Runtime", "Network", "Log" } do
    self:command(domain .. ".enable", {})
  end
  return self
end

--- A DevTools command and its result.
---@param method string
---@param parameters table
---@return table result
function browser:command(method, parameters)
  self.number = self.number + 1
  local id = self.number
  -- An empty table would be encoded as an array.
  local body = next(parameters) and cjson.encode(parameters) or "{}"
  local session = self.session and string.format(',"sessionId":"%s"', self.session) or ""
  self.input:write(string.format('{"id":%d,"method":"%s","params":%s%s}\0', id, method, body, session))
  local answer = await(function()
    return self.answers[id] or (self.ended and { error = { message = "the browser has ended" } })
  end, method)
  self.answers[id] = nil
  if answer.error then
    error(method .. ": " .. answer.error.message, 2)
  end
  return answer.result
end

--- Evaluates JavaScript in the page, as if a person had acted; a promise is awaited.
---@param script string an expression
---@return any value nil for null and undefined
function browser:eval(script)
  local result = self:command("Runtime.evaluate", {
    expression = script,
    awaitPromise = true,
    returnByValue = true,
    userGesture = true,
  })
  if result.exceptionDetails then
    error(script .. ": " .. cjson.encode(result.exceptionDetails), 2)
  end
  local value = result.result.value
  if value == cjson.null then
    return nil
  end
  return value
end

--- Evaluates an expression until it is true; raises when that never happens.
---@param script string
---@return any value
function browser:until_true(script)
  local wait = string.format(
    "new Promise((done) => { const end = Date.now() + %d; (function check() { let value; "
      .. "try { value = (%s); } catch { value = null; } "
      .. "if (value || Date.now() > end) done(value); else setTimeout(check, 25); })(); })",
    PATIENCE * 500,
    script
  )
  return self:eval(wait) or error("this never became true: " .. script, 2)
end

--- Types into the element that a selector finds.
---@param selector string
---@param words string
function browser:type(selector, words)
  self:eval(string.format("document.querySelector(%s).focus()", cjson.encode(selector)))
  self:command("Input.insertText", { text = words })
end

-- Where the middle of an element is, or null when something else is there; notes whether the next click finds it.
local AIM = [[
(() => {
  const find = () => (%s);
  const element = find();
  element.scrollIntoView({ block: "center" });
  const box = element.getBoundingClientRect();
  const place = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const there = document.elementFromPoint(place.x, place.y);
  if (!there || !element.contains(there)) return null;
  window.lastClick = "none";
  const note = (event) => { window.lastClick = find()?.contains(event.target) ? "hit" : "missed"; };
  document.addEventListener("click", note, { capture: true, once: true });
  return place;
})()]]

local TRIES = 50

--- Clicks, with the mouse, into the middle of the element that an expression gives. The page may move it at any moment:
--- a click that has not found it is made again.
---@param script string
function browser:click(script)
  for _ = 1, TRIES do
    local place = self:eval(AIM:format(script))
    if place then
      for _, kind in ipairs { "mousePressed", "mouseReleased" } do
        self:command(
          "Input.dispatchMouseEvent",
          { type = kind, x = place.x, y = place.y, button = "left", clickCount = 1 }
        )
      end
      -- A page that was left by it knows nothing of it.
      local last = self:eval "window.lastClick"
      if last == nil or last == "hit" then
        return
      end
    end
    self:eval "new Promise((done) => setTimeout(done, 20))"
  end
  error("this could not be clicked: " .. script, 2)
end

--- Opens an address.
---@param url string
function browser:open(url)
  self:command("Page.navigate", { url = url })
  self:until_true "document.readyState === 'complete' && location.protocol !== 'about:'"
end

--- How the page is to be seen.
---@param width number of the window, in pixels
---@param dark boolean
function browser:show_as(width, dark)
  self:command(
    "Emulation.setDeviceMetricsOverride",
    { width = width, height = 1100, deviceScaleFactor = 1, mobile = false }
  )
  local feature = { name = "prefers-color-scheme", value = dark and "dark" or "light" }
  self:command("Emulation.setEmulatedMedia", { features = { feature } })
end

--- A picture of the whole page.
---@param path string a PNG file
function browser:screenshot(path)
  self:eval "scrollTo(0, 0)"
  local shot = self:command("Page.captureScreenshot", { format = "png", captureBeyondViewport = true })
  local file = assert(io.open(path, "wb"))
  file:write(assert(text.unbase64(shot.data)))
  file:close()
end

--- Ends it, and takes its profile away.
function browser:stop()
  if self.stopped then
    return
  end
  self.stopped = true
  self.session = nil
  pcall(self.command, self, "Browser.close", {})
  local ok = pcall(await, function()
    return self.ended
  end, "closing")
  if not ok then
    self.process:kill "sigkill"
  end
  for _, handle in ipairs { self.input, self.output, self.process } do
    handle:close()
  end
  uv.run "nowait"
  os.execute("rm -rf '" .. self.profile .. "'")
end

return browser
