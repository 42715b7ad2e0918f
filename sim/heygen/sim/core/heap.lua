-- What comes next: a binary heap of things by their time; among equals, in the order of their coming.
local heap = {}
heap.__index = heap

---@return table heap
function heap.new()
  return setmetatable({ count = 0 }, heap)
end

local function before(a, b)
  if a.at ~= b.at then
    return a.at < b.at
  end
  return a.order < b.order
end

---@param at number
---@param what any
---@return table item { at, what }: gone from the heap only when it is taken
function heap:push(at, what)
  self.count = self.count + 1
  local item = { at = at, order = self.count, what = what }
  local place = #self + 1
  while place > 1 do
    local parent = math.floor(place / 2)
    if before(self[parent], item) then
      break
    end
    self[place], place = self[parent], parent
  end
  self[place] = item
  return item
end

local function sink(self, item)
  local place, size = 1, #self
  while true do
    local child = 2 * place
    if child > size then
      break
    elseif child < size and before(self[child + 1], self[child]) then
      child = child + 1
    end
    if before(item, self[child]) then
      break
    end
    self[place], place = self[child], child
  end
  self[place] = item
end

--- Takes the first thing out if its time has come.
---@param now number
---@return table|nil item
function heap:take(now)
  local first, size = self[1], #self
  if not first or first.at > now then
    return nil
  end
  local last = self[size]
  self[size] = nil
  if size > 1 then
    sink(self, last)
  end
  return first
end

return heap
