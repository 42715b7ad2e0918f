-- Downloads to a function: all bytes, in order, each once, in constant memory, however slow it is.
local core = require "heygen.core"
local heygen = require "heygen"
local live = require "spec.support.live"
local range_server = require "spec.support.range_server"
local sample = require "spec.support.sample"

local FIRST = range_server.FIRST

describe("a download to a function", function()
  local server, client

  setup(function()
    server = range_server.start()
    client = live.client(nil, { base_url = server.url })
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    core.engine():close() -- a connection that is kept stays with the script that it began with
    range_server.start(server)
  end)

  local count = 0
  local function url(mode, cut)
    count = count + 1
    return ("%s/%s/%d/%d"):format(server.url, mode, cut or 1000, count)
  end

  local function collector()
    local parts = {}
    return function(bytes)
      assert(type(bytes) == "string" and bytes ~= "")
      parts[#parts + 1] = bytes
    end, function()
      return table.concat(parts)
    end
  end

  it("gives it each byte once, wherever it was cut", function()
    for _, mode in ipairs {
      "plain",
      "date",
      "short",
      "chunked",
      "no_total",
      "ignores",
      "behind",
      "silent",
      "past",
      "endless",
    } do
      for _, cut in ipairs { 1, 500, 999 } do
        local sink, got = collector()
        local bytes, message = client:download(url(mode, cut), sink)
        assert(bytes, mode .. cut .. ": " .. tostring(message))
        assert.equal(1000, bytes)
        assert(got() == FIRST, mode .. cut)
      end
    end
  end)

  it("gives it each byte once, wherever it is cut #once #slow", function()
    for cut = 0, 999, sample(7) do
      local sink, got = collector()
      assert(client:download(url("plain", cut), sink))
      assert(got() == FIRST)
    end
  end)

  it("has all of a file that neither length nor tag belong to", function()
    local sink, got = collector()
    assert.equal(1000, client:download(url "simple", sink))
    assert.equal(FIRST, got())
    local err = live.failure(client:download(url("simple", 500), (collector())))
    assert.equal("changed", err.code) -- it seemed to end after 500 bytes
    assert.equal(500, err.received)
  end)

  it("resumes at a fresh address", function()
    local sink, got = collector()
    assert.equal(
      1000,
      client:download(url("expires", 400), sink, {
        refresh = function()
          return { url = url "plain" }
        end,
      })
    )
    assert.equal(FIRST, got())
  end)

  it("does not resume with another version, nor with one that has no tag", function()
    for mode, code in pairs { changed = "changed", grown = "changed", blind = "changed", weak = "truncated" } do
      local sink, got = collector()
      local err = live.failure(client:download(url(mode, 500), sink))
      assert.equal("network", err.kind)
      assert.equal(code, err.code, mode)
      assert.equal(500, err.received)
      assert.equal(FIRST:sub(1, 500), got())
    end
  end)

  it("ends when it says so, or raises", function()
    local function ended(pattern, fn)
      local calls = 0
      local err = live.failure(client:download(url "plain", function(bytes)
        calls = calls + 1
        return fn(bytes)
      end))
      assert.equal("callback", err.kind)
      assert.matches(pattern, err.message)
      assert.equal(1, calls)
    end
    ended("ended it: no more", function()
      return nil, "no more"
    end)
    ended("ended it: false", function()
      return false
    end)
    ended("raised: .-ouch", function()
      error "ouch"
    end)
    local unspeakable = setmetatable({}, {
      __tostring = function()
        error "of another kind"
      end,
    })
    ended("raised: something that cannot be shown", function()
      error(unspeakable)
    end)
    ended("ended it: something that cannot be shown", function()
      return nil, unspeakable
    end)
    assert.equal(
      1000,
      client:download(url "plain", function()
        return nil
      end)
    )
    assert.equal(1000, client:download(url "plain", setmetatable({}, { __call = function() end })))
  end)

  it("tells of its progress", function()
    local last
    assert(client:download(url("plain", 300), function() end, {
      on_progress = function(event)
        assert(not last or event.received >= last.received)
        last = event
      end,
    }))
    assert.equal(1000, last.received)
    assert.equal(1000, last.total)
  end)

  -- A server that sends as fast as it can, and counts what the kernel has taken from it.
  local function endless()
    server:serve [[
      sent = 0
      local r = c:request()
      c:send('HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 100000000\r\n\r\n')
      local piece = ("x"):rep(100000)
      while sent < 100000000 and c:send(piece) do
        sent = sent + #piece
      end
    ]]
    return server.url .. "/large"
  end

  it("holds up the server, and nothing piles up #native", function()
    local address, most, calls = endless(), 0, 0
    collectgarbage()
    local before = collectgarbage "count"
    local err = live.failure(heygen.run(function()
      return client:download(address, function(bytes)
        calls = calls + 1
        most = math.max(most, #bytes)
        heygen.sleep(0.02)
        return calls < 20 or nil, "enough"
      end)
    end))
    assert.matches("enough", err.message)
    assert.is_true(most <= 128 * 1024, most)
    assert.is_true(collectgarbage "count" - before < 16 * 1024)
    assert.is_true(server:ask "return sent" < 30e6) -- ours, and what the kernel holds on both sides
  end)

  it("lets other tasks run while it waits", function()
    local address, others = endless(), 0
    live.failure(heygen.run(function()
      heygen.spawn(function()
        for _ = 1, 5 do
          heygen.sleep(0.001)
          others = others + 1
        end
      end)
      local calls = 0
      return client:download(address, function()
        calls = calls + 1
        heygen.sleep(0.01)
        return calls < 5 or nil, "enough"
      end)
    end))
    assert.equal(5, others)
  end)

  it("is cancelled while it waits for bytes, and closes its connection", function()
    server:serve [[
      local r = c:request()
      c:send('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc')
      c:gone()
    ]]
    local got
    local err = live.failure(heygen.run(function()
      local task = heygen.spawn(client.download, client, server.url .. "/x", function(bytes)
        got = bytes
      end)
      live.until_true(function()
        return got
      end)
      task:cancel()
      return task:join()
    end))
    assert.equal("cancelled", err.kind)
    assert.equal(3, err.received)
    server:until_gone(1)
  end)

  it("comes in frames as well", function()
    local sink, got = collector()
    local address = url("plain", 500)
    local task = heygen.spawn(client.download, client, address, sink)
    local frames = 0
    while not task:done() do
      client:update(0.001)
      frames = frames + 1
      assert(frames < 1e7)
    end
    assert.equal(1000, (task:join()))
    assert.equal(FIRST, got())
  end)

  it("wants no option that is for files", function()
    local ok, message = pcall(client.download, client, url "plain", function() end, { overwrite = true })
    assert.is_false(ok)
    assert.matches("overwrite: a function has no file to replace", message)
  end)
end)
