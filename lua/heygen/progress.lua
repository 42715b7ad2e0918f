-- What a wait or a transfer tells, as one line of a terminal that is drawn anew, or as plain lines elsewhere.
--
-- Three steps that know nothing of each other: an event becomes a view, a view becomes a line of a given width, and a
-- bar decides when a line is written. A display of several bars needs another writer only.
local core = require "heygen.core"
local errors = require "heygen.errors"
local suggest = require "heygen.suggest"

local progress = {}

local concat, floor, format, max, min, rep =
  table.concat, math.floor, string.format, math.max, math.min, string.rep

local printable = errors.printable

local NARROWEST, WIDEST = 5, 40 -- cells of the bar; narrower ones say nothing, wider ones add nothing
local DETAILS = 15 -- columns kept for the text behind the bar: "12.3 of 45.6 MB" fits
local STEP = 10 -- per cent between two plain lines

-- ---- an event becomes a view ----

---@class heygen.progress.View
---@field phase string "wait" or "transfer"
---@field percent integer? 0 to 100
---@field details string[] the most important first
---@field elapsed number seconds
---@field ended boolean
---@field failed boolean
---@field amount integer? bytes of a transfer

local function size_text(bytes, unit)
  if unit == "MB" then
    return format("%.1f", bytes / 1e6)
  end
  return format("%.0f", bytes / 1e3)
end

local function transfer_view(event)
  local bytes, total = event.received or event.sent, event.total
  local unit = max(bytes, total or 0) >= 1e6 and "MB" or "kB"
  local details = {
    total and format("%s of %s %s", size_text(bytes, unit), size_text(total, unit), unit)
      or size_text(bytes, unit) .. " " .. unit,
  }
  if event.elapsed > 0.5 then
    local rate = bytes / event.elapsed
    local rate_unit = rate >= 1e6 and "MB" or "kB"
    details[2] = size_text(rate, rate_unit) .. " " .. rate_unit .. "/s"
  end
  return {
    phase = "transfer",
    percent = total and floor(total > 0 and min(bytes / total, 1) * 100 or 100),
    details = details,
    elapsed = event.elapsed,
    ended = total ~= nil and bytes >= total,
    failed = false,
    amount = bytes,
  }
end

-- How jobs end, in the words of all kinds.
local FAILED = { failed = true, cancelled = true, deleted = true }
local ENDED = { completed = true, complete = true }

local function wait_view(event)
  local status = printable(tostring(event.status or "starting"), 30)
  local details = { status }
  if event.total then
    details[1] = format("%s, %d of %d", status, event.finished, event.total)
  end
  if event.err then
    local refused = event.err.kind == "api" and event.err.status
    details[2] = refused and format("HTTP %d", refused) or tostring(event.err.kind)
    details[3] = "asking again"
  end
  return {
    phase = "wait",
    percent = event.progress and floor(event.progress),
    details = details,
    elapsed = event.elapsed,
    ended = ENDED[status] or FAILED[status] or false,
    failed = FAILED[status] or false,
  }
end

local function view_of(event)
  if event.received or event.sent then
    return transfer_view(event)
  end
  return wait_view(event)
end

-- ---- a view becomes a line ----

local function clock(seconds)
  seconds = max(0, floor(seconds))
  local minutes = floor(seconds / 60)
  if minutes < 60 then
    return format("%d:%02d", minutes, seconds % 60)
  end
  return format("%d:%02d:%02d", floor(minutes / 60), minutes % 60, seconds % 60)
end

local function percent_text(percent)
  return percent and format("%3d %%", percent) or "     "
end

-- As many details as fit, but at least the beginning of the first.
local function fit(details, room)
  local text = details[1]
  if #text > room then
    return room > 0 and text:sub(1, room) or ""
  end
  for index = 2, #details do
    if #text + 2 + #details[index] > room then
      break
    end
    text = text .. ", " .. details[index]
  end
  return text
end

local PLAIN_STYLE = { full = "#", empty = "." }

---The line for a terminal.
---@param view heygen.progress.View
---@param columns integer width of the terminal; the line is one shorter, since a full one would wrap
---@param style table full and empty: the text of one cell; colour: boolean
---@param label string?
---@return string
function progress.line(view, columns, style, label)
  style = style or PLAIN_STYLE
  local head = format("%5s ", clock(view.elapsed))
  if label then
    head = label .. " " .. head
  end
  local percent = percent_text(view.percent)
  local room = columns - 1 - (core.utf8_length(head) or #head) - #percent - 1
  local cells = min(WIDEST, room - DETAILS - 1)
  local parts = { head }
  if cells >= NARROWEST then
    local filled = floor(cells * (view.percent or 0) / 100)
    local full, empty = rep(style.full, filled), rep(style.empty, cells - filled)
    if style.colour then
      full = (view.failed and "\27[31m" or "\27[32m") .. full
      empty = "\27[90m" .. empty .. "\27[0m"
    end
    parts[#parts + 1] = full .. empty .. " "
    room = room - cells - 1
  end
  parts[#parts + 1] = percent .. " "
  parts[#parts + 1] = fit(view.details, room)
  return concat(parts)
end

-- The line for a file or a pipe.
local function plain_line(view, label)
  return format(
    "%s%5s %s %s",
    label and label .. " " or "",
    clock(view.elapsed),
    percent_text(view.percent),
    concat(view.details, ", ")
  )
end

-- ---- a bar writes lines ----

---@class heygen.Progress
---@field private stream {write: function, flush: function}
---@field private columns (fun(): integer?)?
---@field private label string?
---@field private style table
---@field private now fun(): number
---@field private open boolean a line without its end stands on the terminal
---@field private view heygen.progress.View? the last one
---@field private at number when it came
---@operator call(heygen.WaitEvent|heygen.TransferEvent): nil
local Bar = {}
Bar.__index = Bar
Bar.__name = "heygen.progress"

function Bar:__tostring()
  return "heygen.progress (" .. (self.columns and "bar" or "lines") .. ")"
end

local function write(self, text)
  self.stream:write(text)
  self.stream:flush()
end

-- Ends the line that stands open.
local function end_line(self)
  if self.open then
    self.open = false
    write(self, "\n")
  end
end

local function draw(self, view)
  local text = progress.line(view, self.columns() or 80, self.style, self.label)
  if text ~= self.drawn or not self.open then
    self.open, self.drawn = true, text
    write(self, "\r" .. text .. "\27[K")
  end
end

-- Is there news worth a line of its own?
local function is_news(view, before)
  if not before or view.phase ~= before.phase or view.ended then
    return true
  elseif view.phase == "wait" and concat(view.details) ~= concat(before.details) then
    return true
  elseif view.percent or before.percent then
    return (view.percent or 0) - (before.percent or 0) >= STEP
  end
  return view.phase == "transfer" and view.amount >= 2 * max(before.amount, 1e6)
end

-- What on_progress is called with: an event of a wait or of a transfer.
function Bar:__call(event)
  local view = view_of(event)
  local before = self.view
  if before and before.ended and view.ended and before.phase == view.phase then
    return -- the end was told already
  elseif before and (before.phase ~= view.phase or before.ended) then
    end_line(self)
  end
  self.view, self.at = view, self.now()
  if self.columns then
    draw(self, view)
    if view.ended then
      end_line(self)
    end
  elseif is_news(view, self.told) then
    self.told = view
    write(self, plain_line(view, self.label) .. "\n")
  end
end

---Draws the time anew. Waits tell something every 10 to 75 seconds; a task that calls this once a second keeps the
---clock going in between. Does nothing where plain lines are written.
function Bar:tick()
  local view = self.view
  if self.columns and view and not view.ended and self.open then
    local moment = {} ---@type heygen.progress.View
    for name, value in pairs(view) do
      moment[name] = value
    end
    moment.elapsed = view.elapsed + self.now() - self.at
    draw(self, moment)
  end
end

---Ends the line, so that other text can follow. A completed wait or transfer does it by itself.
function Bar:close()
  end_line(self)
end

-- ---- making one ----

local function environment(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

local function is_utf8()
  local locale = environment "LC_ALL" or environment "LC_CTYPE" or environment "LANG" or ""
  return locale:upper():find "UTF%-?8" ~= nil
end

local DESCRIPTORS = { { io.stdout, 1 }, { io.stderr, 2 } }

-- A function that gives the width of the terminal behind a stream; nil when there is none.
local function terminal(stream)
  if environment "TERM" == "dumb" then
    return nil
  end
  for _, each in ipairs(DESCRIPTORS) do
    if stream == each[1] and core.columns(each[2]) then
      return function()
        return core.columns(each[2])
      end
    end
  end
end

local OPTIONS = { "columns", "label", "stream" }

local function check(options, level)
  if type(options) ~= "table" then
    error("heygen.progress: expected a table of options, got " .. type(options), level + 1)
  end
  for name in pairs(options) do
    if name ~= "columns" and name ~= "label" and name ~= "stream" then
      error(
        "heygen.progress: " .. tostring(name) .. ": unknown option" .. suggest.hint(name, OPTIONS),
        level + 1
      )
    end
  end
  local columns, label, stream = options.columns, options.label, options.stream
  if columns ~= nil and columns ~= false and type(columns) ~= "number" then
    error(
      "heygen.progress: columns: expected a number, or false for plain lines, got " .. type(columns),
      level + 1
    )
  elseif label ~= nil and type(label) ~= "string" then
    error("heygen.progress: label: expected a string, got " .. type(label), level + 1)
  elseif stream ~= nil and not pcall(function()
    return stream.write, stream.flush
  end) then
    error("heygen.progress: stream: expected a file, got " .. type(stream), level + 1)
  end
end

---Makes a progress bar, for `on_progress` of waits and downloads.
---@param options heygen.ProgressOptions?
---@param level integer? of the caller, for errors
---@param now (fun(): number)? the clock
---@return heygen.Progress
function progress.new(options, level, now)
  options = options or {}
  check(options, (level or 1) + 1)
  local stream, columns = options.stream or io.stderr, nil
  if options.columns then
    columns = function()
      return options.columns
    end
  elseif options.columns == nil then
    columns = terminal(stream)
  end
  local style = is_utf8() and { full = "\226\150\136", empty = "\226\150\145" } or { full = "#", empty = "." }
  style.colour = environment "NO_COLOR" == nil
  return setmetatable({
    stream = stream,
    columns = columns,
    label = options.label and printable(options.label, 20),
    style = style,
    now = now or core.now,
    open = false,
  }, Bar)
end

progress.options = OPTIONS

return progress
