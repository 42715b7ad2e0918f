-- What the specs of uploads share: a simulator, a directory for files, and reads of what has come.
local account = require "heygen.sim.service.account"
local child = require "spec.support.child"
local icons = require "heygen.sim.media.icons"
local live = require "spec.support.live"
local shell = require "spec.support.shell"
local support = require "spec.support.sim"

local uploading = {}
uploading.__index = uploading

uploading.PNG = icons.png(8, "abc")

--- Starts the simulator.
function uploading.start()
  local self = { sim = support.start { behaviour = { asset_processing = 2 } }, directory = child.scratch() }
  shell.must("mkdir " .. self.directory)
  return setmetatable(self, uploading)
end

function uploading:stop()
  self.sim:stop()
  shell.must("rm -r " .. self.directory)
end

--- Forgets everything; gives a new client.
function uploading:reset()
  self.sim:reset()
  self.sim:behaviour { asset_processing = 2 }
  self.client = live.client(self.sim)
  return self.client
end

function uploading:path(name)
  return self.directory .. "/" .. name
end

--- Writes a file; beyond `bytes` a hole: large without taking room.
function uploading:write(name, bytes, size)
  local file = assert(io.open(self:path(name), "wb"))
  file:write(bytes)
  if size then
    file:seek("set", size - 1)
    file:write "\0"
  end
  file:close()
  return self:path(name)
end

--- The bytes behind an asset.
function uploading:content_of(asset)
  local status, bytes = self.sim:exchange("GET", (asset.url:gsub("^http://[^/]+", "")))
  if status ~= 200 then
    error("the asset cannot be fetched: " .. status, 2)
  end
  return bytes
end

--- All assets that the service has.
function uploading:assets()
  return assert(live.client(self.sim).assets:list { username = account.USERNAME, limit = 100 }).data
end

--- "METHOD /path" of each request, ids as ID.
function uploading:routes()
  local list = {}
  for _, request in ipairs(self.sim:requests()) do
    list[#list + 1] = request.method .. " " .. request.path:gsub("%x+%x%x%x%x%x%x%x%x%x%x", "ID")
  end
  return list
end

--- Descriptors of this process on our files, and on temporary ones.
function uploading:open_files()
  local pipe = assert(
    io.popen("ls -l /proc/$PPID/fd | grep -c -e " .. self.directory .. " -e '/#[0-9]* (deleted)' -e /heygen-")
  )
  local count = tonumber((pipe:read "*a"))
  pipe:close()
  return count
end

--- A reader of some bytes, in pieces as large as it likes.
function uploading.reader(bytes, piece)
  local at = 1
  return function(wanted)
    assert(wanted >= 1)
    local part = bytes:sub(at, at + piece - 1)
    at = at + piece
    return part ~= "" and part or nil
  end
end

return uploading
