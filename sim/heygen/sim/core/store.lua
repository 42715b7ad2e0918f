-- The state file: the ledger's records on the disk, each there before its answer goes out.
--
-- The file is a row of netstrings without commas ("<bytes>:<packed record>"), the first of them a START record. What a
-- crash has torn is the last one, whose answer was never sent: it is cut off. A damage anywhere else is an error, for
-- behind it lie records that were promised.
local journal = require "heygen.sim.core.journal"
local ledger = require "heygen.sim.core.ledger"

local store = {}
store.__index = store

local PRIVATE, READABLE = 384, 420 -- 0600: the secrets of webhooks are in it; 0644

-- ---- reading

-- The whole records in the bytes of a file: their places, and where they end.
local function scan(bytes)
  local frames, at = {}, 1
  while at <= #bytes do
    local _, colon, digits = bytes:find("^(%d+):", at)
    local stop = colon and #digits < 15 and colon + tonumber(digits)
    if not stop or stop > #bytes then
      break
    end
    local record = ledger.unpack(bytes:sub(colon + 1, stop))
    if not record then
      break
    end
    frames[#frames + 1] = { at = at, record = record }
    at = stop + 1
  end
  return frames, at
end

-- Is there a whole record somewhere behind this place?
local function record_behind(bytes, at)
  while true do
    local first, _, digits = bytes:find("(%d+):%x%x%x%x%x%x%x%x%d+:", at)
    if not first then
      return false
    end
    local colon = first + #digits
    if #digits < 15 and ledger.unpack(bytes:sub(colon + 1, colon + tonumber(digits))) then
      return true
    end
    at = first + 1
  end
end

-- Can the rest of a file, from `at`, be what a crash has left of one record: too short, or with pages never written?
local function is_torn(bytes, at)
  local rest = bytes:sub(at)
  if rest:find "^%d*:?$" or not rest:find "[^%z]" then
    return true
  end
  local digits, check = rest:match "^(%d+):([^:]*)"
  if not digits or not (check:sub(1, 8):find "^%x+$" or check:find "^%z") then
    return false
  end
  return #digits < 15 and #digits + 1 + tonumber(digits) >= #rest and not record_behind(bytes, at + 1)
end

local function read_all(path)
  local file, message = io.open(path, "rb")
  if not file then
    return nil, message
  end
  local bytes = file:read "*a"
  file:close()
  return bytes
end

-- ---- one process at a time

local function owner_of(path)
  local file = io.open(path)
  local pid = file and tonumber(file:read "*l" or "")
  if file then
    file:close()
  end
  return pid
end

-- A number that is alive may belong to something else by now.
local function is_simulator(pid)
  local file = io.open("/proc/" .. pid .. "/cmdline", "rb")
  if not file then
    -- It has ended since it was asked, unless the system has nothing like this.
    local own = io.open "/proc/self/cmdline"
    if own then
      own:close()
    end
    return not own
  end
  local line = file:read "*a"
  file:close()
  return line:find("heygen", 1, true) ~= nil
end

-- What is made and removed at once cannot be older than this, unless its maker was killed in between.
local MOMENT = 5

local function is_new(uv, path)
  local made = uv.fs_stat(path)
  return made ~= nil and math.abs(uv.gettimeofday() - made.mtime.sec) < MOMENT
end

-- Who holds the lock that is there; nil when nobody does.
local function holder(uv, path)
  local pid = owner_of(path)
  if not pid then
    -- Its maker may not have written its number yet.
    return is_new(uv, path) and "another process" or nil
  elseif pid ~= uv.os_getpid() and uv.kill(pid, 0) and is_simulator(pid) then
    return string.format("process %d", pid)
  end
end

-- Takes a lock away that nobody holds. One process at a time looks and removes: what it removes is what it has seen.
local function remove_stale(uv, path)
  local guard = path .. ".old"
  local descriptor = uv.fs_open(guard, "wx", READABLE)
  if descriptor then
    if not holder(uv, path) then
      os.remove(path)
    end
    uv.fs_close(descriptor)
    os.remove(guard)
  elseif not is_new(uv, guard) then
    os.remove(guard)
  end
end

local function lock(self)
  local uv, path = self.uv, self.path .. ".lock"
  for _ = 1, 10 do
    local descriptor, message, name = uv.fs_open(path, "wx", READABLE)
    if descriptor then
      uv.fs_write(descriptor, string.format("%d\n", uv.os_getpid()), 0)
      uv.fs_close(descriptor)
      self.lock_path = path
      return true
    elseif name ~= "EEXIST" then
      return nil, message
    end
    local by = holder(uv, path)
    if by then
      return nil, string.format("it is in use by %s (if it is not, remove %s)", by, path)
    end
    remove_stale(uv, path)
  end
  return nil, "another process is taking it, too"
end

-- ---- writing

local function write_all(uv, descriptor, bytes, offset)
  local done = 0
  while done < #bytes do
    local count, message = uv.fs_write(descriptor, done == 0 and bytes or bytes:sub(done + 1), offset + done)
    if not count or count == 0 then
      return nil, message or "nothing was written"
    end
    done = done + count
  end
  return true
end

-- A name is on the disk only when its directory is.
local function sync_directory(uv, path)
  local descriptor = uv.fs_open(path:match "^(.*/)[^/]*$" or ".", "r", 0)
  if descriptor then
    uv.fs_fsync(descriptor)
    uv.fs_close(descriptor)
  end
end

local function frame(record)
  local packed = ledger.pack(record)
  return string.format("%d:", #packed) .. packed
end

--- Puts a record on the disk; for model.on_record.
---@param record table
---@return boolean|nil ok, string|nil message
function store:add(record)
  local uv, bytes = self.uv, frame(record)
  local ok, message = write_all(uv, self.descriptor, bytes, self.size)
  if ok then
    ok, message = uv.fs_fdatasync(self.descriptor)
  end
  if not ok then
    -- Half a record must not stand before the next one.
    uv.fs_ftruncate(self.descriptor, self.size)
    return nil, tostring(message)
  end
  self.size = self.size + #bytes
  return true
end

-- What came before the last beginning is of no use any more.
local function compact(self, bytes, from)
  local uv, path = self.uv, self.path .. ".new"
  local descriptor, message = uv.fs_open(path, "w", PRIVATE)
  if not descriptor then
    return nil, message
  end
  local ok
  ok, message = write_all(uv, descriptor, bytes:sub(from), 0)
  ok = ok and uv.fs_fsync(descriptor)
  uv.fs_close(descriptor)
  if ok then
    ok, message = uv.fs_rename(path, self.path)
  end
  if not ok then
    os.remove(path)
    return nil, tostring(message)
  end
  sync_directory(uv, self.path)
  return true
end

-- ---- opening

local function load(self)
  local bytes = read_all(self.path) or ""
  local frames, stop = scan(bytes)
  if stop <= #bytes and not is_torn(bytes, stop) then
    return nil, string.format("it is no state of heygen-sim, or damaged at byte %d of %d", stop, #bytes)
  elseif frames[1] and frames[1].record.method ~= "START" then
    return nil, "it is no state of heygen-sim"
  end
  self.torn = #bytes - stop + 1
  bytes = bytes:sub(1, stop - 1)
  local first = 1
  for i, each in ipairs(frames) do
    first = each.record.method == "START" and i or first
  end
  local size = stop - 1
  if first > 1 then
    local ok, message = compact(self, bytes, frames[first].at)
    if not ok then
      return nil, message
    end
    size = size - frames[first].at + 1
  end
  self.records, self.size = {}, size
  for i = first, #frames do
    self.records[#self.records + 1] = frames[i].record
  end
  return true
end

--- Opens a state file, or makes a new one.
---@param path string
---@param uv table luv
---@return table|nil store { records = those found, torn = bytes cut off, add = method, close = method }
---@return string|nil message
function store.open(path, uv)
  local self = setmetatable({ path = path, uv = uv }, store)
  local ok, message = lock(self)
  if ok then
    ok, message = load(self)
  end
  if ok then
    self.descriptor, message = uv.fs_open(path, "r+", PRIVATE)
    if not self.descriptor then
      self.descriptor, message = uv.fs_open(path, "w+", PRIVATE)
      sync_directory(uv, path)
    end
    ok = self.descriptor and uv.fs_ftruncate(self.descriptor, self.size)
  end
  if not ok then
    self:close()
    return nil, path .. ": " .. tostring(message)
  end
  return self
end

function store:close()
  if self.descriptor then
    self.uv.fs_close(self.descriptor)
    self.descriptor = nil
  end
  if self.lock_path then
    os.remove(self.lock_path)
    self.lock_path = nil
  end
end

-- ---- a model and its state

local function order(model, method, target, value)
  local body = value and assert(model.json.encode(value)) or ""
  return model:handle { method = method, target = target, headers = {}, body = body }
end

-- What the command line asks for now, over what the state says; as records, so that others who play them know.
local function adjust(model, values, wanted, had_faults)
  local changes, start = {}, {}
  for name, value in pairs(model.start.behaviour) do
    start[name] = value
  end
  for name, value in pairs(wanted) do
    start[name] = value
    if model.behaviour[name] ~= value then
      changes[name] = value
    end
  end
  model.start.behaviour = start
  if next(changes) then
    order(model, "POST", "/_sim/behaviour", changes)
  end
  if values.speed then
    model.start_speed = values.speed
    if values.speed ~= model.clock.speed then
      order(model, "POST", "/_sim/clock", { speed = values.speed })
    end
  end
  -- Faults are a script for one run: those of the last one are over.
  if had_faults then
    order(model, "DELETE", "/_sim/faults")
    for _, list in ipairs(model.start.faults) do
      if list[1] then
        order(model, "POST", "/_sim/faults", model.json.array(list))
      end
    end
  end
end

local function play(self, model, seed)
  local had_faults = false
  for i, record in ipairs(self.records) do
    if i == 1 and seed and seed ~= model.json.decode(record.body).seed then
      return nil, self.path .. ": it was begun with another --seed"
    end
    local ok, message = model:replay(record)
    if not ok then
      return nil, string.format("%s: record %d cannot be played: %s", self.path, i, tostring(message))
    end
    had_faults = had_faults or record.target == "/_sim/faults"
  end
  return true, had_faults
end

-- Brings a model back to what the file says, when a change of it could not be written there.
local function restore(self, model, refused)
  local kept = { "journal", "noise", "start_speed" }
  if refused.target:sub(1, 6) ~= "/_sim/" and refused.method ~= "START" then
    -- How often each has fired.
    kept[#kept + 1] = "faults"
  end
  local before, behaviour = {}, model.start.behaviour
  for _, name in ipairs(kept) do
    before[name] = model[name]
  end
  model.journal = journal.new(1)
  for _, each in ipairs(scan((read_all(self.path) or ""):sub(1, self.size))) do
    model:replay(each.record)
  end
  for _, name in ipairs(kept) do
    model[name] = before[name]
  end
  model.start.behaviour = behaviour
end

--- Brings a fresh model to the state of the file, and has it kept there from now on.
---@param model table fresh; its clock's source shows real Unix seconds
---@param values table the command line: seed and speed when they were given
---@param wanted table the behaviours that the command line names
---@return number|nil count of records played, string|nil message
function store:attach(model, values, wanted)
  local ok, had_faults = play(self, model, values.seed)
  if not ok then
    return nil, had_faults
  end
  local count, last = #self.records, self.records[#self.records]
  self.records = nil
  function model.on_record(record)
    local written, message = self:add(record)
    -- An attempt of a webhook that is forgotten is only made again.
    if not written and record.method ~= "SETTLE" then
      restore(self, model, record)
    end
    return written, message
  end
  if count == 0 then
    local message
    ok, message = ledger.add(model, ledger.start(model))
    return ok and 0, message
  end
  -- The machine's clock may have been set back meanwhile; that of the service goes on.
  local back = (last.real - model.clock.source()) * model.clock.speed
  if back > 0 then
    order(model, "POST", "/_sim/clock", { advance = back })
  end
  adjust(model, values, wanted, had_faults)
  return count
end

return store
