-- Shows the events of waits and transfers: as bars at the foot of a terminal, or as plain lines elsewhere.
--
-- Steps that know nothing of each other: an event becomes a view (progress/view.lua), a view becomes a line of a
-- given width (progress/line.lua), a bar decides what deserves a line (progress/bar.lua), and this file decides where
-- lines go.
local bars = require "heygen.progress.bar"
local cells = require "heygen.progress.cells"
local checker = require "heygen.schema.options"
local core = require "heygen.core"
local errors = require "heygen.errors"
local line = require "heygen.progress.line"
local screens = require "heygen.progress.screen"
local values = require "heygen.schema.value"

local progress = {}

local concat, format, max = table.concat, string.format, math.max

-- ---- options ----

local function is_columns(value)
  return value == false or (type(value) == "number" and value >= 1 and value < math.huge)
end

local function is_stream(value)
  return (pcall(function()
    return value.write, value.flush
  end))
end

local OPTIONS = {
  columns = { expected = "a number >= 1, or false for plain lines", is = is_columns },
  label = { type = "string" },
  stream = { expected = "a file", is = is_stream },
}

local BAR_OPTIONS = { label = OPTIONS.label }

---@class heygen.Progress
---@field private stream {write: function, flush: function}
---@field private size (fun(): integer?, integer?)? columns and rows of the terminal
---@field private screen heygen.progress.Screen
---@field private style table
---@field private live heygen.ProgressBar[] those at the foot, in the order they were made
---@field private own table<string, heygen.ProgressBar> those of events that were given to the display itself
---@field private made integer bars so far
---@field private widest integer cells of their longest name
---@field now fun(): number
---@operator call(heygen.WaitEvent|heygen.TransferEvent|heygen.UploadEvent): nil
local Display = {}
Display.__index = Display
Display.__name = "heygen.progress"

function Display:__tostring()
  return "heygen.progress (" .. (self.size and "bar" or "lines") .. ")"
end

local function check_colon(self, form)
  if getmetatable(self) ~= Display then
    checker.refuse_dot("display:" .. form, 3)
  end
end

-- A display must not break what it shows: when nothing can be written any more, nothing is.
local function write(self, text)
  if not self.broken then
    self.broken = not pcall(function()
      self.stream:write(text)
      self.stream:flush()
    end)
  end
end

-- ---- on a terminal ----

-- All lines have the same room for names, those that stay as well.
local function label_room(self, columns)
  return self.widest > 0 and line.label_room(columns, self.widest) or 0
end

-- Lines of those that are under way, as many as the terminal has rows for.
local function foot(self, columns, rows, now)
  local live = self.live
  local room = label_room(self, columns)
  local shown = #live
  if shown > max(1, rows - 1) then
    shown = max(1, rows - 2)
  end
  local lines = {}
  for index = 1, shown do
    local view = now and live[index]:moment() or live[index].view
    lines[index] = line.drawn(view, columns, self.style, live[index].name, room)
  end
  if shown < #live and rows > 2 then
    lines[shown + 1] = cells.cut(format("and %d more", #live - shown), max(1, columns - 1), "")
  end
  return lines
end

local function draw(self, settled, now)
  local columns, rows = self.size()
  columns = columns or 80
  self.screen:update(settled or {}, foot(self, columns, rows or 24, now), columns)
end

-- The line of a bar that leaves the foot: nothing is drawn over it any more, so it may wrap.
local function last_line(self, bar)
  local columns = self.size() or 80
  local room = label_room(self, columns)
  if bar.view.whole then
    return line.plain(bar.view, room > 0 and cells.pad(bar.name or "", room) or bar.name, self.style)
  end
  return line.drawn(bar.view, columns, self.style, bar.name, room)
end

local function find(list, wanted)
  for index = 1, #list do
    if list[index] == wanted then
      return index
    end
  end
end

-- Adds a bar to the foot, where its turn is.
local function join(self, bar)
  local index = #self.live + 1
  while index > 1 and self.live[index - 1].turn > bar.turn do
    index = index - 1
  end
  table.insert(self.live, index, bar)
end

-- ---- what bars call ----

---The id of a session, once: with it the wait can be resumed, whatever becomes of this program.
---@package
function Display:announce(event)
  local id = event.session_id
  if type(id) == "string" and id ~= self.announced and not event.received and not event.sent then
    self.announced = id
    self:print("session " .. cells.clean(errors.printable(id, 100)))
  end
end

---A bar has another view. Ended ones move above the live ones.
---@package
function Display:show(bar, is_new_line)
  if not self.size then
    if is_new_line then
      write(self, line.plain(bar.view, bar.name) .. "\n")
    end
    return
  end
  local index = find(self.live, bar)
  if not bar.view.ended then
    if not index then
      join(self, bar)
    end
    draw(self)
    return
  end
  if index then
    table.remove(self.live, index)
  end
  draw(self, { last_line(self, bar) })
end

---A bar ends as it is.
---@package
function Display:settle(bar)
  local index = find(self.live, bar)
  if index then
    table.remove(self.live, index)
    draw(self, { last_line(self, bar) })
  end
end

-- ---- what programs call ----

-- An event without a bar of its own. Events of uploads that run side by side have the names of their files.
function Display:__call(event)
  if type(event) ~= "table" then
    error("heygen.progress: " .. values.expected("an event of on_progress", event), 2)
  end
  local name, key = event.sent and event.filename, ""
  if type(name) == "string" then
    key = name .. "\0" .. tostring(event.total) -- files of one name in two directories differ in length
  else
    name = nil
  end
  local bar = self.own[key]
  if not bar then
    bar = self:bar(name or self.label)
    self.own[key] = bar
  end
  bar(event)
end

local function clean(text)
  return cells.clean(errors.printable(text, 200))
end

---Another bar, shown from its first event on.
---@param options string|{label: string}|nil what stands in front of it
---@return heygen.ProgressBar
function Display:bar(options)
  check_colon(self, "bar(...)")
  if type(options) ~= "table" then
    options = { label = options }
  end
  local label = checker.read("display:bar", options, BAR_OPTIONS, 2).label
  self.made = self.made + 1
  local name = label and label ~= "" and cells.cut(clean(label), line.LABEL, self.style.mark) or nil
  self.widest = max(self.widest, name and cells.width(name) or 0)
  return bars.new(self, name, self.made)
end

---Writes a line as print does, above the bars.
---@param ... any
function Display:print(...)
  check_colon(self, "print(...)")
  local parts = { ... }
  for index = 1, select("#", ...) do
    parts[index] = tostring(parts[index])
  end
  local text = concat(parts, "\t")
  if self.size then
    draw(self, { text })
  else
    write(self, text .. "\n")
  end
end

---Draws the time again. Waits emit an event every 10 to 60 seconds; a task that calls this once a second keeps the
---clock going in between. Does nothing where plain lines are written.
function Display:tick()
  check_colon(self, "tick()")
  if self.size and #self.live > 0 then
    draw(self, nil, true)
  end
end

---Ends the lines of bars that are still under way, so that other text can follow.
function Display:close()
  check_colon(self, "close()")
  self.live = {}
  self.screen:close()
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

-- A function that gives the size of the terminal behind a stream; nil when there is none.
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

local function check(options, level)
  if type(options) == "table" and options.elapsed then -- an event: the function was given, not what it returns
    error("heygen.progress: it makes a display: write on_progress = heygen.progress()", level + 1)
  end
  local read = checker.read("heygen.progress", options, OPTIONS, level + 1)
  return read
end

local UTF8_STYLE = { full = "\226\150\136", empty = "\226\150\145", mark = "\226\128\166" }
local ASCII_STYLE = { full = "#", empty = ".", mark = ".." }

local function style()
  local chosen = {}
  for name, value in pairs(is_utf8() and UTF8_STYLE or ASCII_STYLE) do
    chosen[name] = value
  end
  chosen.colour = environment "NO_COLOR" == nil
  return chosen
end

---Makes a display. It can be given as on_progress itself; `display:bar` makes one bar of several.
---@param options heygen.ProgressOptions?
---@param level integer? of the caller, for errors
---@param now (fun(): number)? the clock
---@return heygen.Progress
function progress.new(options, level, now)
  options = check(options, (level or 1) + 1)
  local stream, size = options.stream or io.stderr, nil
  if options.columns then
    local columns = math.floor(options.columns)
    size = function()
      return columns
    end
  elseif options.columns == nil then
    size = terminal(stream)
  end
  local self = setmetatable({
    stream = stream,
    size = size,
    label = options.label,
    style = style(),
    live = {},
    own = {},
    announced = nil, -- the id of a session
    made = 0,
    widest = 0,
    now = now or core.now,
  }, Display)
  self.screen = screens.new(function(text)
    write(self, text)
  end)
  return self
end

progress.line = line.drawn
progress.options = checker.names(OPTIONS)

return progress
