-- Lines at the foot of a terminal that are drawn over and over, and lines above them that stay. Only what has changed
-- is written. The cursor is never hidden and stands behind the last line: a program that dies leaves nothing to put
-- right.
local cells = require "heygen.progress.cells"

local ceil, concat, format, gsub, max = math.ceil, table.concat, string.format, string.gsub, math.max

---@class heygen.progress.Screen
---@field private write fun(text: string)
---@field private lines string[] what stands at the foot
---@field private columns integer? the width when they were drawn
local Screen = {}
Screen.__index = Screen

-- Rows that a line takes now: after the window became narrower, a terminal has wrapped it.
local function rows_of(text, columns)
  local width = cells.width((gsub(text, "\27%[[%d;]*m", "")))
  return max(1, ceil(width / columns))
end

-- Rows from the beginning of a line to the cursor.
local function rows_from(self, index, columns)
  local rows = -1
  for each = index, #self.lines do
    rows = rows + rows_of(self.lines[each], columns)
  end
  return rows
end

local function up(rows)
  return rows > 0 and format("\27[%dA", rows) or ""
end

-- Writes over the lines that differ and leaves the rest alone.
local function touch_up(self, lines, columns)
  local parts = {}
  for index = 1, #lines do
    if lines[index] ~= self.lines[index] then
      local below = rows_from(self, index, columns)
      parts[#parts + 1] = up(below) .. "\r" .. lines[index] .. "\27[K"
      if below > 0 then
        parts[#parts + 1] = format("\27[%dB", below)
      end
    end
  end
  return concat(parts)
end

-- Writes all again, beginning where the first line began. What stood there is wiped out first: the text of a program
-- may have tabs, which leave what they jump over.
local function redraw(self, settled, lines, columns)
  local parts = { "\r" }
  if #self.lines > 0 then
    parts[1] = up(rows_from(self, 1, columns)) .. "\r\27[J"
  end
  for index = 1, #settled do
    parts[#parts + 1] = settled[index] .. "\27[K\n"
  end
  for index = 1, #lines do
    parts[#parts + 1] = lines[index] .. "\27[K" .. (index < #lines and "\n" or "")
  end
  return concat(parts)
end

---Puts lines above those at the foot, for good, and makes the foot what it is now.
---@param settled string[]
---@param lines string[]
---@param columns integer
function Screen:update(settled, lines, columns)
  local text
  if #settled == 0 and #lines == #self.lines and (self.columns == columns or not self.columns) then
    text = touch_up(self, lines, columns)
  else
    text = redraw(self, settled, lines, columns)
  end
  self.lines, self.columns = lines, columns
  if text ~= "" then
    self.write(text)
  end
end

---Ends the last line, so that other text can follow. What stands there stays.
function Screen:close()
  if #self.lines > 0 then
    self.lines = {}
    self.write "\n"
  end
end

local screen = {}

---@param write fun(text: string)
---@return heygen.progress.Screen
function screen.new(write)
  return setmetatable({ write = write, lines = {} }, Screen)
end

return screen
