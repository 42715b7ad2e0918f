-- HTTP/2: requests share a connection, and it breaks. What may not be sent twice is not, although libcurl takes a
-- connection that others joined for a reused one, and repeats by itself what was unanswered on it.
local core = require "heygen.core"
local heygen = require "heygen"
local live = require "spec.support.live"
local raw = require "spec.support.raw"
local support = require "spec.support.sim"

describe("on a shared connection that is reset", function()
  local sim, edge, client

  setup(function()
    sim = support.start { speed = 0, front = "nginx", tls = true }
    edge = raw.start() -- in front of the TLS: it passes all bytes on, until the first connection is to break
    client = live.client(nil, {
      base_url = "https://127.0.0.1:" .. edge.port,
      ca_file = sim.server.ca,
    })
  end)

  teardown(function()
    edge:stop()
    sim:stop()
  end)

  -- From here on the next connection is the first one.
  local function begin()
    core.engine():close()
    local script = "c:relay(%d) while not (n == 1 and broken) do c:sleep(0.005) end c:reset()"
    edge:ask "_G.broken = false return true"
    edge:serve(script:format(sim.url:match "%d+$"))
  end

  before_each(function()
    sim:reset()
    begin()
  end)

  after_each(function()
    core.engine():close()
  end)

  local function seen(method)
    local count = 0
    for _, request in ipairs(sim:requests()) do
      count = count + (request.method == method and 1 or 0)
    end
    return count
  end

  -- Begins a call whose first request gets no answer, lets a read join its connection, or two of which one is under way
  -- as well, and breaks it. Gives what became of the call.
  local function interrupted(method, read_as_well, call)
    sim:faults {
      { method = method, nth = 1, stall = true, act = true },
      { path = "/v3/videos/joins", nth = 1, stall = true },
    }
    local result, read
    local before = seen "GET"
    heygen.run(function()
      local task = heygen.spawn(function()
        local value, _, err = call()
        result = { value = value, err = err }
      end)
      live.until_true(function()
        return seen(method) == 1
      end)
      local response = heygen.response(assert(client.videos:list()))
      assert.same({ "2", 0 }, { response.http_version, response.timings.connections })
      if read_as_well then
        read = heygen.spawn(function()
          return live.failure(client.videos:get "joins")
        end)
        live.until_true(function()
          return seen "GET" == before + 2
        end)
      end
      assert.equal(1, #edge:seen())
      edge:ask "_G.broken = true return true"
      task:join()
      if read then
        local err = read:join()
        assert.same({ "api", 404 }, { err.kind, err.status }) -- a read is repeated
      end
    end)
    return result
  end

  for _, read_as_well in ipairs { false, true } do
    local with_read = read_as_well and ", with a read under way," or ""

    it("a create" .. with_read .. " is not repeated, and says that it may have been made", function()
      local result = interrupted("POST", read_as_well, function()
        return client:create { prompt = "A video" }
      end)
      assert.equal(1, sim:counts().create_requests)
      assert.equal(1, sim:counts().creates)
      assert.is_nil(result.value)
      local err = result.err
      assert.same({ "network", "closed", "maybe", 1 }, { err.kind, err.code, err.sent, err.attempts })
      assert.is_nil(err.status)
      assert.is_false(err.retryable)
    end)

    it("a delete" .. with_read .. " is repeated by us only, who know that it may have succeeded", function()
      local session = assert(client:create { prompt = "A video" })
      sim:clock { advance = 3600 }
      local video_id = session.video_id
      begin()
      local result = interrupted("DELETE", read_as_well, function()
        return client.videos:delete(video_id)
      end)
      assert.is_nil(result.err)
      assert.is_true(result.value.deleted)
      assert.equal(2, seen "DELETE")
    end)
  end
end)
