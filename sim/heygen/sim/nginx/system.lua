-- What a worker of nginx asks of the system, through LuaJIT's FFI: locks, syncs, lives of processes, sockets.
local ffi = require "ffi"

local system = {}

ffi.cdef [[
typedef struct { long seconds; long nanoseconds; } heygen_sim_time;
typedef struct { unsigned short family, port; unsigned char rest[124]; } heygen_sim_address;
typedef struct { int on, seconds; } heygen_sim_linger;
int clock_gettime(int clock, heygen_sim_time *time);
int flock(int fd, int operation);
int fsync(int fd);
int ftruncate(int fd, long length);
void *signal(int number, void *handler);
int open(const char *path, int flags, ...);
int kill(int pid, int signal);
int getppid(void);
int prctl(int option, unsigned long argument);
int getpeername(int fd, heygen_sim_address *address, unsigned int *size);
int setsockopt(int fd, int level, int option, const void *value, unsigned int size);
]]

local C = ffi.C
local MONOTONIC, PDEATHSIG, QUIT, TERM = 1, 1, 3, 15
local EXCLUSIVE, UNLOCK, READ_WRITE, CREATE_READ_WRITE = 2, 8, 2, 66
local XFSZ, IGNORE = 25, 1
local SOL_SOCKET, SO_LINGER = 1, 13

local time = ffi.new "heygen_sim_time"

--- Seconds of the clock that all processes of the machine share.
---@return number
function system.now()
  C.clock_gettime(MONOTONIC, time)
  return tonumber(time.seconds) + tonumber(time.nanoseconds) / 1e9
end

--- A lock among processes; the system releases it when its holder dies.
---@param path string
---@return table lock with the functions take and release
function system.lock(path)
  local fd = C.open(path, CREATE_READ_WRITE, ffi.cast("int", 384))
  assert(fd >= 0, "the lock cannot be opened")
  return {
    take = function()
      -- Interrupted by a signal: once more.
      repeat
      until C.flock(fd, EXCLUSIVE) == 0
    end,
    release = function()
      C.flock(fd, UNLOCK)
    end,
  }
end

--- A descriptor of an existing file, for sync and truncate.
---@param path string
---@return number fd
function system.open(path)
  local fd = C.open(path, READ_WRITE)
  assert(fd >= 0, "the file cannot be opened")
  return fd
end

--- Waits until what was written is on the disk.
---@param fd number
---@return boolean|nil ok, string|nil message
function system.sync(fd)
  if C.fsync(fd) ~= 0 then
    return nil, "fsync failed"
  end
  return true
end

--- A file that has reached the size that this process may write is an error, not the end of it.
function system.survive_file_limit()
  if ffi.os == "Linux" then
    C.signal(XFSZ, ffi.cast("void *", IGNORE))
  end
end

--- Cuts a file off behind so many bytes.
---@param fd number
---@param length number
function system.truncate(fd, length)
  C.ftruncate(fd, length)
end

---@param pid number
---@return boolean
function system.alive(pid)
  return C.kill(pid, 0) == 0 or ffi.errno() ~= 3
end

--- Whether a child still belongs to this parent. A parent that is a zombie has lost its children, too.
---@param child number pid
---@param parent number pid
---@return boolean
function system.belongs(child, parent)
  local file = io.open("/proc/" .. child .. "/status")
  if not file then
    return system.alive(parent)
  end
  local text = file:read "*a"
  file:close()
  return tonumber(text:match "\nPPid:%s*(%d+)") == parent
end

---@return number pid
function system.parent()
  return C.getppid()
end

--- Ends this process with its parent. Linux does it at once; elsewhere the parent must be checked.
function system.die_with_parent()
  if ffi.os == "Linux" then
    C.prctl(PDEATHSIG, TERM)
  end
end

---@param pid number
function system.terminate(pid)
  C.kill(pid, TERM)
end

--- Ends one of nginx's workers once it has answered what it has begun; its master starts another one.
---@param pid number
function system.retire(pid)
  C.kill(pid, QUIT)
end

local function port_of(fd)
  local address, size = ffi.new "heygen_sim_address", ffi.new("unsigned int[1]", 128)
  if C.getpeername(fd, address, size) ~= 0 then
    return nil
  end
  return math.floor(address.port / 256) + address.port % 256 * 256
end

--- Makes the close of a connection a reset. nginx does not give its descriptor, so it is searched for.
---@param port number the peer's
---@param most number|nil highest descriptor that is tried
---@return boolean found
function system.reset_on_close(port, most)
  for fd = 3, most or 20000 do
    if port_of(fd) == port then
      local linger = ffi.new("heygen_sim_linger", 1, 0)
      return C.setsockopt(fd, SOL_SOCKET, SO_LINGER, linger, ffi.sizeof(linger)) == 0
    end
  end
  return false
end

return system
