-- Local files in create and generate: uploaded side by side, once per content, or inlined; one paid create, or none.
local child = require "spec.support.child"
local core = require "heygen.core"
local heygen = require "heygen"
local icons = require "heygen.sim.media.icons"
local live = require "spec.support.live"
local raw = require "spec.support.raw"
local shell = require "spec.support.shell"
local support = require "spec.support.sim"

local PNG = icons.png(8, "abc")
local MB = 1024 * 1024

describe("local files of a call", function()
  local sim, client, directory

  setup(function()
    sim = support.start()
    directory = child.scratch()
    shell.must("mkdir " .. directory)
  end)

  teardown(function()
    sim:stop()
    shell.must("rm -r " .. directory)
  end)

  before_each(function()
    sim:reset()
    sim:behaviour { thinking = 120, pending = 60, processing = 540 }
    client = live.client(sim)
  end)

  local function path(name)
    return directory .. "/" .. name
  end

  -- Beyond `bytes` a hole: large without taking room.
  local function write(name, bytes, size)
    local file = assert(io.open(path(name), "wb"))
    file:write(bytes)
    if size then
      file:seek("set", size - 1)
      file:write "\0"
    end
    file:close()
    return path(name)
  end

  -- Pictures that all differ.
  local function pictures(count)
    local list = {}
    for index = 1, count do
      list[index] = write("picture" .. index .. ".png", icons.png(8, "seed" .. index))
    end
    return list
  end

  local function count(route)
    local found = 0
    for _, request in ipairs(sim:requests()) do
      found = found + (request.method .. " " .. request.path == route and 1 or 0)
    end
    return found
  end

  local UPLOAD, CREATE = "POST /v3/assets", "POST /v3/video-agents"

  local function sent()
    return { count(UPLOAD), count(CREATE), sim:counts().creates }
  end

  local function create(files, fields)
    local all = { prompt = "A short video", files = files }
    for name, value in pairs(fields or {}) do
      all[name] = value
    end
    return client:create(all)
  end

  it("are uploaded, twenty of them, and one video is paid for", function()
    local list = pictures(20)
    local most, running = 0, 0
    sim:behaviour { thinking = 1, pending = 1, processing = 1 }
    client = live.client(sim, {
      on_request = function(event)
        if event.url:find("/v3/assets", 1, true) then
          running = running + 1
          most = math.max(most, running)
        end
      end,
      on_response = function(event)
        if event.url:find("/v3/assets", 1, true) then
          running = running - 1
        end
      end,
    })
    local video = assert(client:generate { prompt = "Twenty pictures", files = list, wait = live.QUICK })
    assert.equal("completed", video.status)
    assert.same({ 20, 1, 1 }, sent())
    assert.equal(20, most)
    assert.equal(0, core.engine():live())
  end)

  it("are refused when there are 21, before any is sent", function()
    local err = live.failure(create(pictures(21)))
    assert.same({ "invalid", "files" }, { err.kind, err.param })
    assert.matches("21 items, at most 20", err.message)
    assert.same({ 0, 0, 0 }, sent())
  end)

  it("make nothing when one cannot be uploaded, and cancel the others", function()
    local list = pictures(20)
    sim:faults {
      { path = "/v3/assets", nth = { 7 }, status = 400, code = "invalid_parameter", message = "No good" },
      { path = "/v3/assets", nth = { 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 }, stall = true },
    }
    local err = live.failure(create(list))
    assert.same({ "api", "invalid_parameter", "no" }, { err.kind, err.code, err.sent })
    local index = tonumber(err.param:match "^files%[(%d+)%]$")
    assert(err.message:find("client:create: " .. err.param .. ': "' .. list[index], 1, true), err.message)
    assert.is_nil(err.idempotency_key)
    assert.equal(6, #err.asset_ids)
    assert.same({ 0, 0 }, { count(CREATE), sim:counts().creates })
    assert.equal(0, core.engine():live())
    -- What was uploaded is not sent again.
    sim:faults {}
    local before = count(UPLOAD)
    assert(create(list))
    assert.same({ before + 14, 1, 1 }, sent())
  end)

  it("are all checked before the first is sent", function()
    local list = pictures(3)
    for name, wanted in pairs {
      [path "missing.png"] = "No such file",
      [directory] = "a directory",
      [write("empty.png", "")] = "is empty",
      [write("notes.txt", "hello")] = "the service takes image/png",
      [write("subtitles.srt", "1\n00:00:01,000 --> 00:00:02,000\nHello\n")] = "is application/x-subrip; the service",
      [write("large.png", PNG, 32 * MB + 1)] = "at most 33554432",
    } do
      list[4] = name
      for _, as in ipairs { "assets", "base64" } do
        local err = live.failure(create(list, { files_as = as }))
        assert.equal("files[4]", err.param)
        assert.matches("^client:create: files%[4%]: ", err.message)
        assert(err.message:find(wanted, 1, true), err.message)
        assert(err.message:find(name, 1, true), err.message)
        assert.equal("no", err.sent)
      end
    end
    for bad, wanted in pairs {
      ["a\0b.png"] = "NUL byte",
      [""] = "empty",
      ["http://example.com/a.png"] = "starts with https://",
      ["data:image/png;base64,AAAA"] = "content goes into",
    } do
      list[4] = bad
      local err = live.failure(create(list))
      assert.equal("files[4]", err.param)
      assert.matches(wanted, err.message)
    end
    local ok = pcall(create, { path "picture1.png", { path = 5 } })
    assert.is_false(ok)
    assert.has_error(function()
      create({ path "picture1.png" }, { prompt = 5 })
    end)
    assert.equal("prompt", live.failure(create({ path "picture1.png" }, { prompt = "" })).param)
    assert.same({ 0, 0, 0 }, sent())
  end)

  it("may be of all kinds, side by side", function()
    local uploaded = assert(client.assets:upload { data = PNG })
    assert(create {
      pictures(1)[1],
      "HTTPS://example.com/a.png",
      { asset_id = uploaded.asset_id },
      { media_type = "image/png", data = "iVBORw0KGgo=" },
      { bytes = PNG, filename = "b.png" },
      { path = path "picture1.png", media_type = "image/png" },
      { url = "https://example.com/b.png" },
    })
    assert.same({ 2, 1, 1 }, sent())
  end)

  it("are uploaded once for each content within a client", function()
    local one, two = write("one.png", PNG), write("two.png", PNG)
    assert(create { one, two, { path = one } })
    assert.same({ 1, 1, 1 }, sent())
    assert(create({ two, { bytes = PNG } }, { files_as = "assets" }))
    assert.same({ 1, 2, 2 }, sent())
    assert(live.client(sim):create { prompt = "Another client", files = { one } })
    assert.same({ 2, 3, 3 }, sent())
    write("one.png", icons.png(8, "other"))
    assert(create { one })
    assert.same({ 3, 4, 4 }, sent())
  end)

  it("are uploaded once by two calls at the same time", function()
    local list = pictures(3)
    assert(heygen.run(function()
      return heygen.all {
        function()
          return create(list)
        end,
        function()
          return client.video_agents:create { prompt = "The other", files = { list[3], list[1] } }
        end,
      }
    end))
    assert.same({ 3, 2, 2 }, sent())
  end)

  it("are not waited for by a caller that keeps their uploader from continuing", function()
    local list = pictures(1)
    sim:faults { { path = "/v3/assets", times = 1, delay = 0.2 } }
    heygen.run(function()
      local other = heygen.spawn(create, list)
      live.until_true(function()
        return count(UPLOAD) == 1
      end)
      local blocking = coroutine.wrap(create) -- a coroutine that no driver knows
      assert(blocking(list, { deadline = 30 }))
      assert(other:join())
    end)
    assert.same({ 2, 2, 2 }, sent())
    assert(create(list))
    assert.same({ 2, 3, 3 }, sent())
  end)

  if core.isyieldable() ~= nil then -- PUC Lua 5.1 cannot wait in there
    it("are not waited for by a hook of their own upload", function()
      local list, inner = pictures(1), nil
      heygen.run(function()
        assert(create(list, {
          on_upload = function()
            inner = inner or { create(list, { deadline = 30 }) }
          end,
        }))
      end)
      assert.is_truthy(inner[1], inner[2])
    end)
  end

  it("are uploaded one after the other by a task that blocks, which runs no others during this", function()
    local list, running, most = pictures(2), 0, 0
    client = live.client(sim, { driver = "block" })
    local function blocking()
      running = running + 1
      most = math.max(most, running)
      assert(create(list))
      running = running - 1
    end
    heygen.run(function()
      for _ = 1, 3 do
        heygen.spawn(blocking)
        heygen.spawn(coroutine.wrap(blocking))
      end
    end)
    assert.equal(1, most)
    assert.same({ 2, 6, 6 }, sent())
  end)

  it("let other tasks run while bytes in memory are digested #slow", function()
    local turns, before, done = 0, nil, false
    client = live.client(sim, {
      on_request = function()
        before = before or turns
      end,
    })
    sim:faults { { path = "/v3/assets/direct-uploads", status = 400 } }
    heygen.run(function()
      heygen.spawn(function()
        while not done do
          turns = turns + 1
          heygen.sleep(0)
        end
      end)
      live.failure(client.videos:create {
        image = { bytes = PNG .. ("\0"):rep(40 * MB) },
        files_as = "assets",
        script = "Hello",
        voice_id = "v",
      })
      done = true
    end)
    assert(before > 5, before)
  end)

  it("are uploaded again when the service has lost them", function()
    local list = pictures(2)
    local session = assert(create(list))
    local ids = {}
    for _, asset in
      ipairs(assert(client.assets:list { username = require("heygen.sim.service.account").USERNAME }).data)
    do
      ids[#ids + 1] = asset.id
    end
    assert(client.assets:delete(ids[1]))
    assert(create(list))
    assert.same({ 4, 3, 2 }, sent()) -- one create was refused
    sim:faults { { path = "/v3/video-agents", status = 404, code = "asset_not_found" } }
    local err = live.failure(create(list, { deadline = 1 }))
    assert.equal("asset_not_found", err.code)
    assert.equal(6, sent()[1]) -- twice at most
    assert.is_true(sent()[2] >= 5) -- what has just been uploaded may be seen later
    assert.equal(2, sent()[3])
    sim:faults { { path = "/v3/video-agents/*", times = 1, status = 404, code = "asset_not_found" } }
    assert(client.video_agents:send(session, { message = "And this", files = list }))
    assert.equal(8, count(UPLOAD))
  end)

  it("are uploaded again when any of them was from an earlier call, wherever it stands", function()
    local list = pictures(4)
    local function gone(code)
      sim:faults { { path = "/v3/video-agents", times = 1, status = 404, code = code or "asset_not_found" } }
    end
    assert(create { list[1] })
    gone()
    assert(create { list[1], list[2] }) -- the first: only it is sent again
    assert.equal(3, count(UPLOAD))
    gone "ASSET_NOT_FOUND"
    assert(create { list[3], list[1] }) -- the last
    assert.equal(5, count(UPLOAD))
    gone()
    assert(create { list[2], list[4], list[3] }) -- around one that is new
    assert.equal(8, count(UPLOAD))
  end)

  it("are waited for when the service says that they are not available yet", function()
    sim:faults { { path = "/v3/video-agents", times = 2, status = 409, code = "asset_not_available" } }
    assert(create(pictures(1)))
    assert.same({ 1, 3, 1 }, sent())
  end)

  it("are not uploaded again when all were uploaded for this call", function()
    sim:faults { { path = "/v3/video-agents", status = 404, code = "asset_not_found" } }
    assert.equal("asset_not_found", live.failure(create(pictures(2), { deadline = 1 })).code)
    assert.equal(2, sent()[1])
    assert.equal(0, sent()[3])
  end)

  it("are not sent again with a call that may have made something", function()
    local list = pictures(1)
    assert(create(list))
    local problem = '"error":{"code":"asset_not_found","message":"?"}'
    for number, effect in ipairs {
      { status = 200, body = '{"data":{"session_id":"s1"},' .. problem .. "}" },
      { status = 404, body = '{"data":{"session_id":"s1"},' .. problem .. "}" },
      { status = 500, body = "{" .. problem .. "}" },
    } do
      effect.path, effect.times = "/v3/video-agents", 1
      sim:faults { effect }
      local err = live.failure(create(list))
      assert.equal("asset_not_found", err.code)
      assert.equal(number < 3 and "s1" or nil, err.session_id)
      assert.same({ 1, 1 + number, 1 }, sent())
    end
  end)

  it("are on the error of a create that fails, and are not sent again", function()
    local list = pictures(3)
    sim:faults { { path = "/v3/video-agents", times = 1, status = 402, code = "insufficient_credit" } }
    local err = live.failure(create(list))
    assert.same({ "insufficient_credit", 3 }, { err.code, #err.asset_ids })
    sim:faults { { path = "/v3/video-agents", times = 1, status = 402, code = "insufficient_credit" } }
    assert.equal(1, #live.failure(create({ list[1], list[1] })).asset_ids) -- each once
    sim:faults {}
    assert(create(list))
    assert.same({ 3, 3, 1 }, sent())
  end)

  it("can be given to other calls as well", function()
    local session = assert(create { PNG and pictures(1)[1] })
    sim:clock { advance = 3600 }
    assert(client.video_agents:send(session, { message = "And this", files = pictures(2) }))
    assert.equal(2, count(UPLOAD))
    assert(client.voices:clone {
      audio = write("voice.wav", "RIFF$\0\0\0WAVEfmt " .. ("\0"):rep(20)),
      voice_name = "Me",
    })
    assert.equal(3, count(UPLOAD))
    sim:behaviour { unknown_ids = "accepted" }
    local picture = { path = write("face.png", icons.png(8, "face")) }
    assert(client.videos:create { image = picture, script = "Hello", voice_id = "v" })
    assert(client.videos:create_batch {
      videos = {
        { image = picture, script = "Hello", voice_id = "v" },
        { image = path "picture1.png", script = "Hello", voice_id = "v" },
      },
    })
    assert.equal(4, count(UPLOAD))
  end)

  it("are uploaded where the service takes no base64, also bytes in memory", function()
    local wav = "RIFF$\0\0\0WAVEfmt " .. ("\0"):rep(20)
    local fields = { video = { url = "https://example.com/a.mp4" }, audio = { bytes = wav } }
    assert(client.lipsyncs:create(fields))
    assert.equal(1, count(UPLOAD))
    assert.is_true(sim:requests(1)[1].body_bytes < 200) -- the id of an asset, and an address
    sim:reset()
    for _, wrong in ipairs {
      { { audio = { media_type = "audio/wav", data = "AAAA" } }, "audio: the service takes no base64 here" },
      { { audio = { bytes = wav }, files_as = "base64" }, "files_as: audio cannot be sent as base64; leave" },
      { { audio = { bytes = wav }, mode = core.null }, "mode: null is not allowed, leave the field out" },
    } do
      wrong[1].video = fields.video
      local ok, message = pcall(client.lipsyncs.create, client.lipsyncs, wrong[1])
      assert.is_false(ok)
      assert.is_truthy(message:find("client.lipsyncs:create: " .. wrong[2], 1, true), message)
    end
    assert.equal(0, #sim:requests())
  end)

  it("tell of their bytes", function()
    local seen = {}
    assert(create(pictures(3), {
      on_upload = function(p)
        seen[p.filename] = p.sent == p.total
      end,
    }))
    assert.same({ ["picture1.png"] = true, ["picture2.png"] = true, ["picture3.png"] = true }, seen)
    local err = live.failure(create({ { path = write("new.png", icons.png(8, "new")) } }, {
      on_upload = function()
        error "enough"
      end,
    }))
    assert.same({ "callback", "no" }, { err.kind, err.sent })
    assert.equal(1, count(CREATE))
  end)

  it("keep to the deadline of the call", function()
    sim:faults { { path = "/v3/assets", stall = true } }
    local began = core.now()
    local err = live.failure(create(pictures(2), { deadline = 0.2 }))
    assert.equal("timeout", err.kind)
    assert.equal("no", err.sent)
    assert(core.now() - began < 20)
    assert.equal(0, count(CREATE))
  end)

  it("end with a task that is cancelled", function()
    sim:faults { { path = "/v3/assets", stall = true } }
    local list = pictures(3)
    heygen.run(function()
      local creating = heygen.spawn(create, list)
      live.until_true(function()
        return count(UPLOAD) == 3
      end)
      creating:cancel()
      local err = live.failure(creating:join())
      assert.same({ "cancelled", "no" }, { err.kind, err.sent })
    end)
    assert.equal(0, core.engine():live())
    assert.equal(0, count(CREATE))
  end)

  it("end with their client", function()
    sim:faults { { path = "/v3/assets", stall = true } }
    heygen.run(function()
      local creating = heygen.spawn(create, pictures(3))
      live.until_true(function()
        return count(UPLOAD) == 3
      end)
      client:close()
      local err = live.failure(creating:join())
      assert.same({ "closed", "no" }, { err.kind, err.sent })
      assert.equal("closed", live.failure(create(pictures(1))).kind)
    end)
    assert.equal(0, count(CREATE))
  end)

  it("work under a driver of the program, one after the other", function()
    local block = require "heygen.driver.block"
    client = live.client(sim, { driver = { await = block.await, sleep = block.sleep } })
    assert(create(pictures(3)))
    assert.same({ 3, 1, 1 }, sent())
    client = live.client(sim, { driver = "block" })
    assert(create(pictures(3)))
    assert.same({ 6, 2, 2 }, sent())
  end)

  it("are refused where they cannot be, with the remedy", function()
    local function raised(...)
      local ok, message = pcall(create, ...)
      assert.is_false(ok)
      return (message:gsub("^.-heygen: ", ""))
    end
    assert.matches(
      'files_as: expected one of "assets", "base64", got "base46"',
      raised({}, { files_as = "base46" })
    )
    assert.matches("on_upload: expected a function, got 1", raised({}, { on_upload = 1 }))
    assert.matches("files%[1%].url: does not belong", raised { { path = "x", url = "https://a" } })
    assert.matches("files%[1%]: expected only one of", raised { { path = "x", bytes = "y" } })
    assert.matches("files%[1%].bytes: expected a string, got 5", raised { { bytes = 5 } })
    assert.matches("files%[1%].read: unknown field", raised { { path = "x", read = print } })
    local ok, message = pcall(client.videos.list, client.videos, { files_as = "base64" })
    assert.is_false(ok)
    assert.matches("files_as: unknown field", message)
  end)

  describe("as base64", function()
    local server

    setup(function()
      server = raw.start()
    end)

    teardown(function()
      server:stop()
    end)

    it("stand in the body, made in C, and are sent once more after a 429", function()
      local answer = '{"data":{"session_id":"sess_1","status":"thinking"}}'
      server:serve(([[
        while c:request() do
          if n == 1 then c:answer(429, "{}") else c:answer(200, %q) end
        end
      ]]):format(answer))
      client = live.client(nil, { base_url = server.url })
      local large = PNG .. ("heygen"):rep(50000)
      local list =
        { write("large.png", large), { bytes = PNG }, { asset_id = "a" }, { path = path "large.png" } }
      assert(create(list, { files_as = "base64", prompt = 'A "quote" 日本' }))
      local requests = server:requests()
      assert.equal(2, #requests)
      assert.equal(requests[1].body, requests[2].body)
      assert.equal("application/json", requests[2].headers["content-type"])
      local body = assert(core.decode(requests[2].body))
      local text = shell.must("base64 -w 0 " .. path "large.png")
      local short = shell.must("base64 -w 0 " .. write("short.png", PNG))
      assert.equal('A "quote" 日本', body.prompt)
      assert.same({
        { type = "base64", media_type = "image/png", data = text },
        { type = "base64", media_type = "image/png", data = short },
        { type = "asset_id", asset_id = "a" },
        { type = "base64", media_type = "image/png", data = text },
      }, body.files)
    end)

    it("are what bytes become without a word, and paths when it is said", function()
      assert(create { { bytes = PNG } })
      assert.same({ 0, 1, 1 }, sent())
      assert(create(pictures(20), { files_as = "base64" }))
      assert.same({ 0, 2, 2 }, sent())
    end)

    it("fail when the file changes, and are not paid for", function()
      local name = write("changing.png", PNG .. ("\0"):rep(300000))
      shell.must("touch -d '1 hour ago' " .. name)
      client = live.client(sim, {
        on_request = function()
          write("changing.png", PNG .. ("\1"):rep(300000))
        end,
      })
      local err = live.failure(create({ name }, { files_as = "base64" }))
      assert.equal("file", err.kind)
      assert(err.message:find(name, 1, true))
      assert.equal(0, sim:counts().creates)
    end)
  end)
end)
