-- A thousand videos at once over one pool of connections: all finish, memory stays flat, no descriptor is left.
local child = require "spec.support.child"
local core = require "heygen.core"
local heygen = require "heygen"
local live = require "spec.support.live"
local support = require "spec.support.sim"

local COUNT, CONNECTIONS, ROUNDS = 1000, 20, 5

-- Kilobytes of Lua's own memory that are in use.
local function lua_memory()
  collectgarbage()
  collectgarbage()
  return collectgarbage "count"
end

-- Kilobytes of the process.
local function resident()
  local file = assert(io.open "/proc/self/status")
  local text = file:read "*a"
  file:close()
  return tonumber(text:match "VmRSS:%s*(%d+)")
end

describe("a thousand videos at once", function()
  local sim

  setup(function()
    -- A video takes half a second.
    sim = support.start { speed = 1440, remember = COUNT * 20 }
  end)

  teardown(function()
    sim:stop()
  end)

  local function round(client, count)
    local finished, ids = 0, {}
    heygen.run(function()
      for index = 1, count do
        heygen.spawn(function()
          local video = assert(client:generate {
            prompt = "video " .. index,
            wait = { interval = 0.3, max_interval = 0.3 },
          })
          assert(video.status == "completed" and video.title == "video " .. index)
          assert(not ids[video.id])
          ids[video.id] = true
          finished = finished + 1
        end)
      end
    end)
    return finished
  end

  it("finish, each created once, over few connections #slow", function()
    core.engine():close()
    sim:reset()
    local client = live.client(sim, { max_connections = CONNECTIONS })
    local before = live.descriptors()
    local most, watching = 0, true
    local watcher = heygen.spawn(function()
      while watching do
        most = math.max(most, live.descriptors())
        heygen.sleep(0.2)
      end
    end)
    local finished
    heygen.run(function()
      finished = round(client, COUNT)
      watching = false
    end)
    assert.equal(COUNT, finished)
    assert.is_true(watcher:done())
    local counts = sim:counts()
    assert.equal(COUNT, counts.creates)
    assert.equal(COUNT, counts.create_requests)
    -- The poller, its timer, and what the measuring itself opens.
    assert.is_true(most > before, "nothing was measured")
    assert.is_true(most <= before + CONNECTIONS + 8, most .. " descriptors, " .. before .. " before")
    core.engine():close()
  end)

  it("leave no descriptor and no task behind #slow", function()
    core.engine():close()
    local before = live.descriptors()
    local client = live.client(sim, { max_connections = CONNECTIONS })
    assert.equal(50, round(client, 50))
    assert.equal(0, client:update())
    core.engine():close()
    assert.is_true(live.descriptors() <= before) -- less where something was collected that an earlier test had left
  end)

  it("take no more memory in the fifth round than in the second #slow #native", function()
    local client = live.client(sim, { max_connections = CONNECTIONS })
    local used, whole = {}, {}
    for index = 1, ROUNDS do
      sim:reset()
      assert.equal(300, round(client, 300))
      used[index], whole[index] = lua_memory(), resident()
    end
    core.engine():close()
    assert.is_true(used[ROUNDS] < used[2] + 100, ("Lua: %.0f kB, then %.0f kB"):format(used[2], used[ROUNDS]))
    assert.is_true(
      whole[ROUNDS] < whole[2] * 1.1 + 2000,
      ("all: %.0f kB, then %.0f kB"):format(whole[2], whole[ROUNDS])
    )
  end)
end)

describe("a program that ends with requests under way", function()
  it("ends cleanly, whether it closes the engine or not", function()
    local sim = support.start { faults = { { stall = true } } }
    for _, close in ipairs { "", 'require("heygen.core").engine():close()' } do
      local output = child.must(([[
        local heygen = require "heygen"
        local client = heygen.new { api_key = "k", base_url = %q }
        for _ = 1, 5 do
          heygen.spawn(client.poll, client, "v")
        end
        client:update()
        %s
        io.write "fine"
      ]]):format(sim.url, close))
      assert.equal("fine", output)
    end
    sim:stop()
  end)
end)
