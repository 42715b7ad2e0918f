-- What specs of downloads share: a simulator, a raw server and a client, a folder for the files, and videos to fetch.
local folder = require "spec.support.folder"
local live = require "spec.support.live"
local raw = require "spec.support.raw"
local shell = require "spec.support.shell"
local support = require "spec.support.sim"

local downloading = {}

function downloading.new()
  local world = { folder = folder.new "video.mp4" }

  ---@return any sim, any server, heygen.Client client
  function world.start()
    world.sim, world.server = support.start { speed = 0 }, raw.start() -- a child keeps what is open before it
    world.client = live.client(world.sim)
    world.folder.make()
    return world.sim, world.server, world.client
  end

  function world.stop()
    world.sim:stop()
    world.server:stop()
    world.folder.remove()
  end

  --- After each test: no credential has gone anywhere but to the service, and no part is left.
  function world.check()
    assert(world.sim:counts().keys_leaked == 0, "a key has leaked")
    local parts = shell.lines("find " .. world.folder.directory .. " -name '*.part'")
    assert(#parts == 0, table.concat(parts, "\n"))
    world.folder.empty()
  end

  --- A completed video.
  function world.make_video(fields)
    fields = fields or {}
    fields.prompt = "A video"
    local session = assert(world.client:create(fields))
    world.sim:clock { advance = 3600 }
    local video_id = assert(assert(world.client.video_agents:get(session)).video_id)
    return assert(world.client.videos:get(video_id))
  end

  --- The file itself, got without our code.
  function world.true_file(video)
    local _, content = world.sim:exchange("GET", video.video_url:match "^http://[^/]+(.*)$")
    return content
  end

  return world
end

return downloading
