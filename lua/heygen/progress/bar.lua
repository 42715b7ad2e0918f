-- One bar: takes the events of one wait or transfer after the other, and knows which of them deserve a line of their
-- own. It does not write; its display does.
local checker = require "heygen.schema.options"
local values = require "heygen.schema.value"
local view = require "heygen.progress.view"

local concat, max = table.concat, math.max

local STEP = 10 -- per cent between two plain lines
local PAUSE = 1 -- seconds between two plain lines of a transfer

---What a display hands out: give it as on_progress.
---@class heygen.ProgressBar
---@field private display heygen.Progress
---@field name string? what stands in front
---@field turn integer where it stands among the others
---@field private view heygen.progress.View? the last one
---@field private rate heygen.progress.Rate? of the transfer
---@field private shown integer? per cent
---@field private at number when the last view came
---@field private printed heygen.progress.View? the last that became a plain line
---@operator call(heygen.WaitEvent|heygen.TransferEvent|heygen.UploadEvent): nil
local Bar = {}
Bar.__index = Bar
Bar.__name = "heygen.progress.bar"

function Bar:__tostring()
  return "heygen.progress bar" .. (self.name and " (" .. self.name .. ")" or "")
end

local function check_colon(self, form)
  if getmetatable(self) ~= Bar then
    checker.refuse_dot("bar:" .. form, 3)
  end
end

-- Whether the view differs enough for a line of its own.
local function is_new_line(now, before)
  if not before or now.phase ~= before.phase or now.ended or before.ended then
    return true
  elseif now.phase == "wait" and concat(now.details) ~= concat(before.details) then
    return true
  elseif now.amount and now.elapsed - before.elapsed < PAUSE and now.elapsed >= before.elapsed then
    return false
  elseif now.percent or before.percent then
    return (now.percent or 0) - (before.percent or 0) >= STEP
  end
  return now.amount ~= nil and now.amount >= 2 * max(before.amount or 0, 1e6)
end

local function show(self, new)
  self.view, self.at = new, self.display.now()
  if is_new_line(new, self.printed) then
    self.printed = new
    self.display:show(self, true)
  else
    self.display:show(self, false)
  end
end

-- What on_progress is called with.
function Bar:__call(event)
  if type(event) ~= "table" then
    error("heygen.progress: " .. values.expected("an event of on_progress", event), 2)
  end
  local before = self.view
  self.display:announce(event)
  local new, rate = view.of(event, self.rate)
  if before and before.ended and new.ended and before.phase == new.phase then
    return -- the end was shown already
  elseif before and (before.phase ~= new.phase or before.ended) then
    self.display:settle(self)
    if rate then
      new, rate = view.of(event) -- nothing of the transfer before
    end
  end
  self.rate = rate
  if not before or before.phase ~= new.phase or before.ended or new.elapsed < before.elapsed then
    self.shown = nil
  end
  view.estimate(new, 0, self.shown)
  self.shown = new.percent
  show(self, new)
end

---Ends the bar as failed: on_progress gets no event when a call gives up.
---@param reason any the message that came with nil
function Bar:fail(reason)
  check_colon(self, "fail(...)")
  local before = self.view
  if before and before.ended and before.failed then
    return
  end
  local elapsed = before and before.elapsed + (before.ended and 0 or self.display.now() - self.at) or 0
  show(self, view.failure(before, tostring(reason or "no reason given"), elapsed))
end

---Draws the time of the whole display again; see Display:tick.
function Bar:tick()
  check_colon(self, "tick()")
  self.display:tick()
end

---Ends the bar as it is; a later event begins another. One that has reached its end has done it by itself.
function Bar:close()
  check_colon(self, "close()")
  self.display:settle(self)
end

-- The view at this moment: the clock runs between events.
function Bar:moment()
  local last, moment = self.view, {} ---@type heygen.progress.View, heygen.progress.View
  if last.ended then
    return last
  end
  for name, value in pairs(last) do
    moment[name] = value
  end
  local since = max(0, self.display.now() - self.at)
  moment.elapsed = last.elapsed + since
  view.estimate(moment, since, self.shown)
  self.shown = moment.percent
  return moment
end

local bar = {}

---@param display heygen.Progress
---@param name string?
---@param turn integer where it stands among the others
---@return heygen.ProgressBar
function bar.new(display, name, turn)
  return setmetatable({ display = display, name = name, turn = turn, at = 0 }, Bar)
end

return bar
