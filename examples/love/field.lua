-- A text field of several lines: the text, the caret, and where the lines break. UTF-8 throughout: the caret is a byte
-- offset that never lies within a character.
local core = require "heygen.core"
local utf8 = require "utf8"

local LIMIT = 10000 -- characters of a prompt: code points, as the module and the service count

local Field = {}
Field.__index = Field
Field.limit = LIMIT

local function changed(self, caret)
  self.caret = caret
  self.lines = nil
  self.prompt = self.text:match "^%s*(.-)%s*$" -- without the blanks around it
  self.length = core.utf8_length(self.prompt)
  self.idle = 0 -- seconds since something happened: the caret does not blink while one types
end

---Puts text where the caret is.
---@param text string
---@return boolean? taken false when it is no UTF-8
function Field:insert(text)
  if not core.utf8_length(text) then
    return false
  end
  text = text:gsub("\r\n?", "\n"):gsub("\t", " "):gsub("[%z\1-\9\11-\31\127]", "")
  self.text = self.text:sub(1, self.caret) .. text .. self.text:sub(self.caret + 1)
  changed(self, self.caret + #text)
  return true
end

function Field:clear()
  self.text, self.widths = "", {}
  changed(self, 0)
end

-- ---- lines ----

-- Appends the lines of the paragraph text[first + 1 .. last]. A line is {start, stop}, byte offsets around it. Lines
-- break after spaces, and within a word only where it alone is too wide.
local function wrap_paragraph(lines, text, first, last, width, measure)
  local start, x, at = first, 0, first
  local function break_at(offset)
    lines[#lines + 1] = { start = start, stop = offset }
    start, x = offset, 0
  end
  while at < last do
    local word_stop, stop = text:match("^[^ \n]*() *()", at + 1)
    word_stop, stop = word_stop - 1, stop - 1
    local room = measure(text:sub(at + 1, word_stop))
    if x > 0 and x + room > width then
      break_at(at)
    end
    if room > width then
      for position, code in utf8.codes(text:sub(at + 1, word_stop)) do
        local step = measure(utf8.char(code))
        if x > 0 and x + step > width then
          break_at(at + position - 1)
        end
        x = x + step
      end
    else
      x = x + room
    end
    x = x + measure(text:sub(word_stop + 1, stop))
    at = stop
  end
  lines[#lines + 1] = { start = start, stop = last }
end

---Breaks the text into lines for a width; does nothing when nothing has changed.
---@param font love.Font
---@param width number
---@return table[] lines
function Field:layout(font, width)
  if self.lines and self.width == width and self.font == font then
    return self.lines
  end
  if self.font ~= font then
    self.widths = {} -- of words that were met: measuring is what takes time
  end
  local widths = self.widths
  local function measure(word)
    local known = widths[word]
    if not known then
      known = font:getWidth(word)
      widths[word] = known
    end
    return known
  end
  local lines, first = {}, 0
  repeat
    local newline = self.text:find("\n", first + 1, true)
    wrap_paragraph(lines, self.text, first, newline and newline - 1 or #self.text, width, measure)
    first = newline
  until not newline
  self.lines, self.width, self.font = lines, width, font
  return lines
end

---The line of the caret, and how far right in it.
---@return integer line
---@return number x
function Field:place()
  for index = #self.lines, 1, -1 do
    local line = self.lines[index]
    if line.start <= self.caret then
      return index, self.font:getWidth(self.text:sub(line.start + 1, self.caret))
    end
  end
  return 1, 0
end

---Puts the caret into a line, where it is nearest to x.
---@param index integer of the line; one that is not there means the first or the last
---@param x number
function Field:click(index, x)
  local line = self.lines[math.max(1, math.min(index, #self.lines))]
  local text = self.text:sub(line.start + 1, line.stop)
  local best, distance = 0, math.abs(x)
  for position, code in utf8.codes(text) do
    local stop = position + #utf8.char(code) - 1
    local off = math.abs(self.font:getWidth(text:sub(1, stop)) - x)
    if off < distance then
      best, distance = stop, off
    end
  end
  self.caret, self.idle = line.start + best, 0
end

-- ---- keys ----

-- The offset one character before or after.
local function before(self)
  return self.caret > 0 and utf8.offset(self.text, -1, self.caret + 1) - 1 or 0
end

local function after(self)
  return self.caret < #self.text and utf8.offset(self.text, 2, self.caret + 1) - 1 or self.caret
end

local function cut(self, from, to)
  self.text = self.text:sub(1, from) .. self.text:sub(to + 1)
  changed(self, from)
end

local keys = {}

function keys.backspace(self)
  cut(self, before(self), self.caret)
end

function keys.delete(self)
  cut(self, self.caret, after(self))
end

function keys.left(self)
  self.caret = before(self)
end

function keys.right(self)
  self.caret = after(self)
end

function keys.up(self)
  local line, x = self:place()
  self:click(line - 1, x)
end

function keys.down(self)
  local line, x = self:place()
  self:click(line + 1, x)
end

function keys.home(self)
  self.caret = self.lines[self:place()].start
end

keys["end"] = function(self)
  local line = self.lines[self:place()]
  local wrapped = self.lines[self:place() + 1]
  self.caret = line.stop
  -- The end of a wrapped line is the beginning of the next: stay before its last character.
  if wrapped and wrapped.start == line.stop and line.stop > line.start then
    self.caret = before(self)
  end
end

---@param name string as LÖVE calls the key
function Field:key(name)
  if keys[name] and self.font then
    self:layout(self.font, self.width) -- several keys may come in one frame
    keys[name](self)
    self.idle = 0
  end
end

return function()
  local self = setmetatable({}, Field)
  self:clear()
  return self
end
