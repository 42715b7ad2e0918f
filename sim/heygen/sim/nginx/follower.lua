-- Keeps the models of several workers in step: one file of records for all, and in shared memory how long it is.
--
-- A worker that changes state holds the lock, plays what others have added, answers, and adds its own record. A reader
-- only plays what is new. A worker that was started again plays the whole file. One whose record could not be written
-- is `broken`: its model has a change that no other worker will get, so another one must take its place.
local ledger = require "heygen.sim.core.ledger"
local system = require "heygen.sim.nginx.system"

local follower = {}
follower.__index = follower

---@param model table its on_record is set
---@param options table path = the file of records; dict = shared memory; lock = path of the lock's file; sync = true
---   when each record must be on the disk before its answer goes out; muted = function(boolean) around each replay; log
---@return table follower
function follower.new(model, options)
  local self = setmetatable({ model = model, position = 0, depth = 0 }, follower)
  self.dict, self.log, self.sync, self.muted = options.dict, options.log, options.sync, options.muted
  self.file = assert(io.open(options.path, "r+b"))
  -- Unbuffered for reading, too: others write to this file.
  self.file:setvbuf "no"
  -- A state that is resumed has records already: the first worker says how long they are, and counts them.
  self.first = self.dict:add("length", self.file:seek "end")
  self.lock = system.lock(options.lock)
  self.descriptor = system.open(options.path)
  function model.on_record(record)
    return self:add(record)
  end
  return self
end

local function play(self, bytes)
  local at = 1
  while at <= #bytes do
    local _, colon, size = bytes:find("^(%d+):", at)
    local record = ledger.unpack(bytes:sub(colon + 1, colon + tonumber(size)))
    local ok, message = self.model:replay(record)
    if not ok then
      self.log("a record could not be played: " .. tostring(message))
    end
    at = colon + tonumber(size) + 1
  end
end

--- Plays what others have added.
function follower:catch_up()
  local length, first = self.dict:get "length" or 0, self.first
  self.first = false
  if length == self.position then
    return
  end
  self.file:seek("set", self.position)
  local bytes = self.file:read(length - self.position)
  self.position = length
  self.muted(not first)
  local ok, message = pcall(play, self, bytes)
  self.muted(false)
  if not ok then
    self.log("the records could not be played: " .. tostring(message))
  end
end

--- Runs a function while no other worker can change anything; what it returns.
---@param work function
---@param ... any its arguments
function follower:alone(work, ...)
  if self.depth == 0 then
    self.lock.take()
  end
  self.depth = self.depth + 1
  local function done(ok, ...)
    self.depth = self.depth - 1
    if self.depth == 0 then
      self.lock.release()
    end
    if not ok then
      error((...), 0)
    end
    return ...
  end
  if self.depth == 1 then
    self:catch_up()
  end
  return done(pcall(work, ...))
end

local function write(self, record)
  local packed = ledger.pack(record)
  local bytes = #packed .. ":" .. packed
  if self.file:seek "end" > self.position then
    -- Of a worker that was killed while it wrote.
    system.truncate(self.descriptor, self.position)
  end
  self.file:seek("set", self.position)
  local ok, message = self.file:write(bytes)
  if ok and self.sync then
    ok, message = system.sync(self.descriptor)
  end
  if not ok then
    -- Neither half a record nor one that was refused.
    system.truncate(self.descriptor, self.position)
    self.broken = self.broken or record.method ~= "SETTLE"
    return nil, message
  end
  self.position = self.position + #bytes
  self.dict:set("length", self.position)
  return true
end

--- Adds a record for the others.
---@param record table
---@return boolean|nil ok, string|nil message
function follower:add(record)
  return self:alone(write, self, record)
end

return follower
