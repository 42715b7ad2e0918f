-- The state file: the ledger's records on the disk, each there before its answer goes out.
--
-- The file is a row of netstrings without commas ("<bytes>:<packed record>"), the first of them a START record. What a
-- crash has torn is the last one, whose answer was never sent: it is cut off. A damage anywhere else is an error, for
-- behind it lie records that were promised.
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

-- Whether there is a whole record somewhere behind this place.
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

-- Whether the rest of a file, from `at`, can be what a crash has left of one record: too short, or pages never written.
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

-- The process that holds the lock that is there; nil when none does.
local function holder(uv, path)
  local pid = owner_of(path)
  if not pid then
    -- Its maker may not have written its number yet.
    return is_new(uv, path) and "another process" or nil
  elseif pid ~= uv.os_getpid() and uv.kill(pid, 0) and is_simulator(pid) then
    return string.format("process %d", pid)
  end
end

-- Removes a lock that no process holds. One process at a time checks and removes, so it removes what it has checked.
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

--- The records that are in the file now.
---@return table records
function store:reread()
  local records = {}
  for i, each in ipairs((scan((read_all(self.path) or ""):sub(1, self.size)))) do
    records[i] = each.record
  end
  return records
end

return store
