-- Uploads as curl sends them, and the headers of refusals, over real connections.
local core = require "heygen.core"
local icons = require "heygen.sim.media.icons"
local shell = require "spec.support.shell"
local sim_support = require "spec.support.sim"

local PNG = icons.png(8, "abc")

describe("uploads with curl", function()
  local server, files

  setup(function()
    server, files = sim_support.start { behaviour = { asset_processing = 0 } }, {}
  end)

  teardown(function()
    server:stop()
    for _, name in ipairs(files) do
      os.remove(name)
    end
  end)

  local function write(bytes, size)
    local name = os.tmpname()
    files[#files + 1] = name
    local file = assert(io.open(name, "wb"))
    assert(file:write(bytes))
    -- A hole: large without taking room.
    if size then
      assert(file:seek("set", size - 1))
      assert(file:write "\0")
    end
    assert(file:close())
    return name
  end

  local function curl(arguments)
    local lines = shell.lines("curl -s -m 60 -w '\\n%{http_code}' " .. arguments)
    local status = tonumber(table.remove(lines))
    return status, table.concat(lines, "\n")
  end

  it("takes a form", function()
    local status, body =
      curl("-H 'x-api-key: k' -F file=@" .. write(PNG) .. " " .. server.url .. "/v3/assets")
    assert.equal(200, status)
    local data = core.decode(body).data
    assert.same({ "image/png", #PNG }, { data.mime_type, data.size_bytes })
    local copy = os.tmpname()
    files[#files + 1] = copy
    assert.equal(200, (curl("-o " .. copy .. " '" .. data.url .. "'")))
    local file = assert(io.open(copy, "rb"))
    local bytes = file:read "*a"
    file:close()
    assert.equal(PNG, bytes)
  end)

  it("refuses a form that is too large", function()
    for _, size in ipairs { 33 * 1024 * 1024, 45 * 1024 * 1024 } do
      local status, body =
        curl("-H 'x-api-key: k' -F file=@" .. write(PNG, size) .. " " .. server.url .. "/v3/assets")
      assert.equal(413, status)
      assert.equal("payload_too_large", core.decode(body).error.code)
    end
  end)

  it("takes a direct upload of 60 MB", function()
    local size = 60 * 1024 * 1024
    local _, made = server:api("POST", "/v3/assets/direct-uploads", {
      filename = "a.png",
      content_type = "image/png",
      size_bytes = size,
    })
    local headers = {}
    for name, value in pairs(made.data.upload_headers) do
      headers[#headers + 1] = "-H '" .. name .. ": " .. value .. "'"
    end
    local status = curl(
      "-T " .. write(PNG, size) .. " " .. table.concat(headers, " ") .. " '" .. made.data.upload_url .. "'"
    )
    assert.equal(200, status)
    local code, done = server:api("POST", "/v3/assets/" .. made.data.asset_id .. "/complete", {})
    assert.equal(200, code)
    assert.same({ "completed", size }, { done.data.status, done.data.size_bytes })
    assert.equal(0, server:counts().keys_leaked)
  end)

  it("names every refused request", function()
    server:behaviour { concurrency = 1 }
    server:clock { speed = 0 } -- the video below must not end, however slow this machine is
    server:api("POST", "/v3/video-agents", { prompt = "x" })
    local refusals = {
      { 400, "POST", "/v3/video-agents", '{"prompt":""}' },
      { 401, "GET", "/v3/users/me", nil, "-H 'x-other: k'" },
      { 404, "GET", "/v3/videos/nothing" },
      { 405, "PUT", "/v3/videos" },
      { 422, "POST", "/v3/video-agents", '{"prompt":"x","oops":1}' },
      { 429, "POST", "/v3/video-agents", '{"prompt":"x"}' },
    }
    local seen = {}
    for _, each in ipairs(refusals) do
      local status, text = curl(
        string.format(
          "-i %s -X %s %s %s",
          each[5] or "-H 'x-api-key: k'",
          each[2],
          each[4] and "-H 'Content-Type: application/json' -d '" .. each[4] .. "'" or "",
          server.url .. each[3]
        )
      )
      assert.equal(each[1], status)
      local id = text:match "[Xx]%-[Rr]equest%-[Ii]d: (%x+%-%x+%-%x+%-%x+%-%x+)"
      assert.is_string(id, text)
      assert.is_nil(seen[id])
      seen[id] = true
      assert.equal(status == 429, text:find "[Rr]etry%-[Aa]fter: %d+" ~= nil)
      assert.equal(status == 405, text:find "[Aa]llow: GET, POST" ~= nil)
    end
  end)
end)
