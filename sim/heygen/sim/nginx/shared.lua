-- What all workers count together, in nginx's shared memory: the journal, and how often each fault has fired.
--
-- Each reset begins an era, whose number is in the keys of the notes: a request that was under way at the reset ends
-- in the era that it belongs to, where no one sees it.
local journal = require "heygen.sim.core.journal"
local text = require "heygen.sim.core.text"

local shared = setmetatable({}, { __index = journal })
shared.__index = shared

--- A journal with the interface of heygen.sim.core.journal. What it tells is as of the last `pull`.
---@param before table the journal of this worker alone, for its sizes
---@param dict table an ngx.shared dictionary
---@param json table the codec
---@return table journal
function shared.new(before, dict, json)
  local self = setmetatable(
    { room = before.room, bodies = before.bodies, dict = dict, json = json, total = 0, era = 0 },
    shared
  )
  self.counts, self.by_route = {}, {}
  self.ring = setmetatable({}, {
    __index = function(_, slot)
      local bytes = dict:get("r" .. self.era .. ":" .. slot)
      return bytes and json.decode(bytes)
    end,
  })
  return self
end

--- While records of other workers are played, nothing is counted a second time.
---@param muted boolean
function shared:mute(muted)
  self.muted = muted
end

function shared:reset()
  if self.muted then
    return
  end
  self.dict:incr("era", 1, 0)
  for _, key in ipairs(self.dict:get_keys(0)) do
    if key:find "^[cnrft]" then
      self.dict:delete(key)
    end
  end
end

function shared:count(name, step)
  if not self.muted then
    self.dict:incr("c" .. name, step or 1, 0)
    if self.marked then
      self.marked[#self.marked + 1] = name
    end
  end
end

function shared:route(name)
  self.dict:incr("n" .. name, 1, 0)
end

function shared:note(request, at)
  self:count "requests"
  local era = self.dict:get "era" or 0
  local before = self.dict:incr("t" .. era, 1, 0) - 1
  local own = { total = before, counts = { requests = 0 }, ring = {}, room = 1, bodies = self.bodies }
  local entry = journal.note(own, request, at)
  entry.era = era
  return entry
end

local function printable(entry)
  local copy = {}
  for name, value in pairs(entry) do
    copy[name] = type(value) == "string" and text.printable(value) or value
  end
  copy.headers = {}
  for name, value in pairs(entry.headers) do
    copy.headers[text.printable(name)] = text.printable(value)
  end
  return copy
end

--- Puts a note where the other workers see it.
---@param entry table
function shared:commit(entry)
  local bytes = self.json.encode(entry) or self.json.encode(printable(entry))
  self.dict:set("r" .. entry.era .. ":" .. ((entry.number - 1) % self.room + 1), bytes)
end

--- Fetches the counts of all workers.
function shared:pull()
  self.era = self.dict:get "era" or 0
  self.total = self.dict:get("t" .. self.era) or 0
  -- A fresh one has all the names.
  self.counts, self.by_route = journal.new(1).counts, {}
  for _, key in ipairs(self.dict:get_keys(0)) do
    local kind, name = key:sub(1, 1), key:sub(2)
    if kind == "c" then
      self.counts[name] = self.dict:get(key)
    elseif kind == "n" then
      self.by_route[name] = self.dict:get(key)
    end
  end
end

--- A counter for heygen.sim.core.faults: every worker gives the same rule the same number.
---@param dict table
---@param generation number one more at each reset of the model
---@return function (rule, name, step) → the count
function shared.counter(dict, generation)
  return function(rule, name, step)
    return dict:incr(string.format("f%d:%d:%s", generation, rule.number, name), step, 0)
  end
end

return shared
