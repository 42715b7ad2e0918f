-- What a terminal shows: enough of one to see the lines that bars leave on it. It wraps long lines as terminals do,
-- knows the sequences that are written here, and raises on any other.
local terminal = {}

local unpack = unpack or table.unpack
terminal.__index = terminal

---@param columns integer
---@param wide table<string, boolean>? characters that take two cells
function terminal.new(columns, wide)
  return setmetatable({ columns = columns, wide = wide or {}, rows = { {} }, row = 1, column = 1 }, terminal)
end

local function put(self, character)
  local width = self.wide[character] and 2 or 1
  if self.column + width - 1 > self.columns then
    self.row, self.column = self.row + 1, 1
    self.wrapped = (self.wrapped or 0) + 1
  end
  self.rows[self.row] = self.rows[self.row] or {}
  local row = self.rows[self.row]
  for column = #row + 1, self.column - 1 do
    row[column] = " "
  end
  row[self.column] = character
  if width == 2 then
    row[self.column + 1] = ""
  end
  self.column = self.column + width
end

local function cut(row, from)
  for column = #row, from, -1 do
    row[column] = nil
  end
end

local function control(self, number, letter)
  if letter == "A" then
    assert(self.row - (tonumber(number) or 1) >= 1, "the cursor went above what was written")
    self.row = self.row - (tonumber(number) or 1)
  elseif letter == "B" then
    self.row = self.row + (tonumber(number) or 1)
    assert(self.rows[self.row], "the cursor went below what was written")
  elseif letter == "K" and number == "" then
    cut(self.rows[self.row], self.column)
  elseif letter == "J" and number == "" then
    cut(self.rows[self.row], self.column)
    for row = #self.rows, self.row + 1, -1 do
      self.rows[row] = nil
    end
  else
    assert(letter == "m", "an unknown sequence: " .. number .. letter)
    self.colour = number ~= "0" and number or nil
  end
end

---Takes what was written. A newline goes to the beginning of the next line, as terminals are set up.
function terminal:feed(text)
  local at = 1
  while at <= #text do
    local number, letter, after = text:match("^\27%[([%d;]*)(%a)()", at)
    if number then
      control(self, number, letter)
      at = after
    else
      local character = text:match("^[%z\1-\127\194-\244][\128-\191]*", at)
      if character == "\r" then
        self.column = 1
      elseif character == "\n" then
        self.row, self.column = self.row + 1, 1
        self.rows[self.row] = self.rows[self.row] or {}
      elseif character == "\t" then
        self.column = self.column + 8 - (self.column - 1) % 8
      else
        assert(character:byte() >= 32, "a control character")
        put(self, character)
      end
      at = at + #character
    end
  end
end

---Another width: lines that are too long wrap, as most terminals do it.
function terminal:resize(columns)
  local rows, row = {}, self.row
  for index, old in ipairs(self.rows) do
    repeat
      local part = {}
      for column = 1, math.min(columns, #old) do
        part[column] = old[column]
      end
      old = { unpack(old, columns + 1) }
      rows[#rows + 1] = part
    until #old == 0
    if index == self.row then
      row = #rows
    end
  end
  self.rows, self.row, self.columns = rows, row, columns
  self.column = #rows[row] + 1
end

---@return string[] lines without what is empty at their ends
function terminal:lines()
  local lines = {}
  for index, row in ipairs(self.rows) do
    lines[index] = table.concat(row):gsub("%s+$", "")
  end
  return lines
end

return terminal
