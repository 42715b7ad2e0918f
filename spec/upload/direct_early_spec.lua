-- Odd answers around an upload: what is not seen yet is asked for again, and headers of any kind do not end it.
local core = require "heygen.core"
local direct = require "heygen.upload.direct"
local heygen = require "heygen"
local live = require "spec.support.live"
local raw = require "spec.support.raw"

local PNG = "\137PNG\r\n\26\n" .. ("\0"):rep(50)

describe("an upload", function()
  local server, client

  setup(function()
    server = raw.start()
    client = heygen.new {
      api_key = "test-key-of-this-spec",
      base_url = server.url,
      retry_base = 0.01,
      retry_cap = 0.02,
    }
  end)

  teardown(function()
    server:stop()
  end)

  after_each(function()
    server:requests() -- raises what went wrong in a script
    core.engine():close()
  end)

  local runs = 0

  -- `code` answers the request `r`, the `n`th with this path; what it leaves is answered well.
  local function serve(code, headers)
    runs = runs + 1
    core.engine():close() -- its connections have the script that was there before
    server:serve(([[
      if run ~= %d then
        run, counts = %d, {}
      end
      local function json(text, status)
        c:answer(status or 200, text, "Content-Type: application/json\r\n")
        return true
      end
      local function refuse(status, code)
        return json(('{"error":{"code":"%%s","message":"not yet"}}'):format(code), status)
      end
      local ASSET = '{"data":{"asset_id":"a1","url":"https://example.com/a","mime_type":"image/png",'
        .. '"size_bytes":58,"status":"completed"}}'
      local function answer(r, path, n)
        %s
      end
      while true do
        local r = c:request()
        if not r then break end
        local path = r.target:gsub("?.*", "")
        counts[path] = (counts[path] or 0) + 1
        if answer(r, path, counts[path]) then
        elseif r.method == "PUT" then
          c:answer(200, "")
        elseif path:find "/direct%%-uploads$" then
          json('{"data":{"asset_id":"a1","upload_url":"%s/put","max_bytes":1000000,"upload_headers":%s}}')
        elseif path == "/v3/videos" then
          json '{"data":{"video_id":"v1","status":"waiting"}}'
        else
          json(ASSET)
        end
      end
    ]]):format(runs, runs, code, server.url, headers or "{}"))
  end

  local function count(method, path)
    local number = 0
    for _, request in ipairs(server:requests()) do
      if request.method == method and request.target:gsub("?.*", "") == path then
        number = number + 1
      end
    end
    return number
  end

  local function upload()
    return client.assets:upload({ data = PNG }, { direct = true, interval = 0.02 })
  end

  for _, case in ipairs {
    { 409, "conflict" },
    { 409, "anything_else" },
    { 409, "resource_not_ready" },
    { 404, "asset_not_found" },
  } do
    local status, code = case[1], case[2]
    it("is completed when the storage is late: " .. status .. " " .. code, function()
      serve(('if path:find "/complete$" and n <= 2 then return refuse(%d, %q) end'):format(status, code))
      assert.equal("a1", assert(upload()).asset_id)
      assert.equal(1, count("PUT", "/put"))
      assert.equal(3, count("POST", "/v3/assets/a1/complete"))
    end)
  end

  it("is refused in the end when the storage never sees it, and at once for another reason", function()
    serve 'if path:find "/complete$" then return refuse(409, "conflict") end'
    assert.equal(409, live.failure(upload()).status)
    assert.equal(6, count("POST", "/v3/assets/a1/complete"))
    serve 'if path:find "/complete$" then return refuse(422, "checksum_mismatch") end'
    assert.equal("checksum_mismatch", live.failure(upload()).code)
    assert.equal(1, count("POST", "/v3/assets/a1/complete"))
  end)

  it("sends headers of every kind as text, and leaves out what can be none", function()
    serve(
      "",
      '{"Content-Type":"image/png","x-true":true,"x-false":false,"x-number":7,'
        .. '"x-list":["a"],"x-object":{"a":1},"x-null":null}'
    )
    assert(upload())
    for _, request in ipairs(server:requests()) do
      if request.method == "PUT" then
        local sent = request.headers
        assert.same({ "image/png", "true", "false", "7" }, {
          sent["content-type"],
          sent["x-true"],
          sent["x-false"],
          sent["x-number"],
        })
        assert.same({}, { sent["x-list"], sent["x-object"], sent["x-null"] })
      end
    end
    for _, headers in ipairs { "null", "[]", '[{"name":"x"}]' } do
      serve("", headers)
      assert(upload())
    end
    serve("", '"Content-Type: image/png"')
    assert.equal("parse", live.failure(upload()).kind)
  end)

  it("asks for a fresh address however an expired one is told", function()
    for _, case in ipairs {
      { 401, "" },
      { 403, "" },
      { 404, "" },
      { 410, "" },
      { 400, "ExpiredToken" },
      { 400, "RequestExpired" },
    } do
      serve(([[
        if r.method == "PUT" and n == 1 then
          c:answer(%d, "<Error><Code>%s</Code></Error>")
          return true
        end
      ]]):format(case[1], case[2]))
      assert.equal("a1", assert(upload()).asset_id)
      assert.equal(2, count("POST", "/v3/assets/direct-uploads"))
    end
  end)

  it("is repeated after what passes", function()
    for _, status in ipairs { 408, 425, 507, 520, 529 } do
      serve(('if r.method == "PUT" and n == 1 then c:answer(%d, "<html>") return true end'):format(status))
      assert.equal("a1", assert(upload()).asset_id)
      assert.equal(2, count("PUT", "/put"))
    end
  end)

  it("sends a ZIP archive directly, whatever its size", function()
    serve ""
    assert.equal(
      "a1",
      assert(client.assets:upload { data = "PK\3\4" .. PNG, filename = "project.zip" }).asset_id
    )
    assert.equal(1, count("PUT", "/put"))
    serve ""
    local err =
      live.failure(client.assets:upload({ data = "PK\3\4", filename = "project.zip" }, { direct = false }))
    assert.matches("is a ZIP archive", err.message)
    assert.equal(0, #server:requests())
  end)

  describe("and the create behind it", function()
    local number = 0

    local function create(options)
      number = number + 1
      local fields = {
        type = "image",
        image = { bytes = PNG .. number },
        files_as = "assets",
        script = "s",
        voice_id = "v",
      }
      for name, value in pairs(options or {}) do
        fields[name] = value
      end
      return client.videos:create(fields)
    end

    for _, case in ipairs {
      { 404, "asset_not_found" },
      { 409, "resource_not_ready" },
      { 409, "asset_not_found" },
    } do
      it("that comes too early: " .. case[1] .. " " .. case[2], function()
        serve(('if path == "/v3/videos" and n <= 2 then return refuse(%d, %q) end'):format(case[1], case[2]))
        assert.equal("v1", assert(create()).video_id)
        assert.equal(1, count("POST", "/v3/assets"))
        assert.equal(3, count("POST", "/v3/videos"))
      end)
    end

    it("that is refused for another reason, or has made something", function()
      for _, answer in ipairs {
        'refuse(404, "avatar_not_found")',
        'refuse(409, "request_in_progress")',
        'refuse(422, "asset_not_found")',
        [[json('{"error":{"code":"asset_not_found","message":"m"},"data":{"video_id":"v9"}}', 404)]],
      } do
        serve('if path == "/v3/videos" then return ' .. answer .. " end")
        assert.is_nil((create()))
        assert.equal(1, count("POST", "/v3/videos"), answer)
      end
    end)

    -- The idempotency keys of the requests with a path, each as a number: equal ones have the same.
    local function keys(path)
      local list, numbers, known = {}, {}, 0
      for _, request in ipairs(server:requests()) do
        if request.method == "POST" and request.target == path then
          local key = request.headers["idempotency-key"]
          if not numbers[key] then
            known = known + 1
            numbers[key] = known
          end
          list[#list + 1] = numbers[key]
        end
      end
      return list
    end

    -- A service that keeps refusals: `early` attempts come too early, and their answer is given again for their key.
    local KEEPS_REFUSALS = [[
      if path == "/v3/videos" or path == "/v3/background-removals" then
        local key = r.headers["idempotency-key"]
        kept = n == 1 and {} or kept
        kept[key] = kept[key] or (n <= 2 and n or nil)
        if kept[key] then
          c:answer(404, '{"error":{"code":"asset_not_found","message":"m"}}', "X-Request-Id: r" .. kept[key] .. "\r\n")
          return true
        elseif path == "/v3/background-removals" then
          local is_same = r.body:match '"request_id":"(.-)"' == key
          return json(('{"data":{"id":"job","status":"queued","seen":"%s"}}'):format(is_same))
        end
      end
    ]]

    it("that comes too early has one key for all its attempts", function()
      serve 'if path == "/v3/videos" and n <= 3 then return refuse(404, "asset_not_found") end'
      assert(create())
      assert.same({ 1, 1, 1, 1 }, keys "/v3/videos")
      serve [[
        if path == "/v3/videos" and n <= 3 then
          c:answer(409, '{"error":{"code":"resource_not_ready"}}', "X-Request-Id: r" .. n .. "\r\n")
          return true
        end
      ]]
      assert(create())
      assert.same({ 1, 1, 1, 1 }, keys "/v3/videos")
    end)

    it(
      "whose refusal the service keeps for its key gets another one, and what is made from it as well",
      function()
        serve(KEEPS_REFUSALS)
        assert.equal("v1", assert(create()).video_id)
        assert.same({ 1, 1, 2 }, keys "/v3/videos")
        serve(KEEPS_REFUSALS)
        local video = { bytes = ("\0\0\0\24ftypmp42\0\0\0\0mp42isom"):rep(4), filename = "a.mp4" }
        assert.equal(
          "true",
          assert(client.background_removals:create { video = video, files_as = "assets" }).seen
        )
        assert.same({ 1, 1, 2 }, keys "/v3/background-removals")
      end
    )

    it("whose refusal the service keeps for the key of the caller ends with it", function()
      serve(KEEPS_REFUSALS)
      local err = live.failure(create { idempotency_key = "mine", deadline = 0.3 })
      assert.equal("mine", err.idempotency_key)
      for _, key in ipairs(keys "/v3/videos") do
        assert.equal(1, key)
      end
    end)

    it("that is refused for as long as its deadline", function()
      serve 'if path == "/v3/videos" then return refuse(404, "asset_not_found") end'
      local err = live.failure(create { deadline = 0.5 })
      assert.equal("asset_not_found", err.code)
      assert.same({ "a1" }, err.asset_ids)
      local creates = count("POST", "/v3/videos")
      assert.is_true(creates > 1 and creates < 12, creates)
    end)
  end)
end)

describe("direct.pauses", function()
  it("grow to ten seconds, and no further", function()
    local following, list = direct.pauses(1), {}
    for index = 1, 9 do
      list[index] = math.floor(following() * 10 + 0.5) / 10
    end
    assert.same({ 1, 1.5, 2.3, 3.4, 5.1, 7.6, 10, 10, 10 }, list)
    following = direct.pauses(25)
    assert.same({ 25, 25 }, { following(), following() })
  end)
end)
