-- Assets: what counts as a file, direct uploads with their checks, and how assets are used.
local core = require "heygen.core"
local icons = require "heygen.sim.media.icons"
local support = require "spec.support.sim_model"
local world = require "spec.support.world"

local PNG = icons.png(4, "abc")

local SRT = "1\r\n00:00:00,000 --> 00:00:01,000\r\nHello\r\n"

-- The beginning of every kind of file that there is.
local KINDS = {
  ["image/png"] = PNG,
  ["image/jpeg"] = "\255\216\255\224\0\16JFIF\0",
  ["video/mp4"] = "\0\0\0\24ftypisom\0\0\0\0",
  ["video/webm"] = "\26\69\223\163\159\66\134\129\1\66\130\132webm",
  ["audio/mpeg"] = "ID3\4\0\0\0\0\0\0",
  ["audio/wav"] = "RIFF\36\0\0\0WAVEfmt ",
  ["application/pdf"] = "%PDF-1.7\n",
  ["application/x-subrip"] = SRT,
}

describe("assets", function()
  local sim

  before_each(function()
    sim = support.new { behaviour = { concurrency = 0 } }
  end)

  local function upload(data, name)
    local body, headers = world.upload(data, name)
    return sim:ask("POST", "/v3/assets", body, headers)
  end

  local function refused(status, param, body, kind)
    local got, value =
      sim:ask("POST", "/v3/assets", body, { ["content-type"] = kind or "multipart/form-data; boundary=b" })
    assert.equal(status, got, value.error and value.error.message)
    assert.equal(param, value.error.param)
    assert.equal(status == 413 and "payload_too_large" or "invalid_parameter", value.error.code)
    assert.equal(0, #sim.model.assets.rows)
  end

  it("are told apart by their bytes, not by their names", function()
    for kind, data in pairs(KINDS) do
      local status, value = upload(data, "something.xyz")
      assert.equal(200, status, kind)
      assert.equal(kind, value.data.mime_type)
      assert.equal(#data, value.data.size_bytes)
      local _, _, file =
        sim:ask("GET", value.data.url:match "^http://[^/]+(.*)$", nil, { ["x-api-key"] = false })
      assert.equal(data, file.body)
      assert.equal(kind, support.header(file, "Content-Type"))
    end
    assert.equal("audio/mpeg", select(2, upload "\255\251\144\100\0\0").data.mime_type)
  end)

  it("are of no other kind", function()
    for _, data in ipairs {
      "<html></html>",
      "GIF89a...",
      "\255\255\255\255",
      "\255\251\156\100",
      "plain text",
      "\0\1\2\3",
    } do
      local status, value = upload(data, "picture.png")
      assert.equal(400, status, data)
      assert.equal("file", value.error.param)
    end
  end)

  it("are refused at once where the header of a part has no end, or is nothing but blanks", function()
    local blanks = ("x"):rep(20) .. (" "):rep(200000)
    local began = os.clock()
    for _, head in ipairs {
      'Content-Disposition: form-data; name="file"; filename="a"\r\nX: ' .. blanks .. "x",
      "Content-Disposition:" .. blanks .. "x",
      'Content-Disposition: form-data; name="' .. blanks,
      blanks .. ": x",
      (" "):rep(8000) .. "x",
      "Content-Disposition: " .. (" "):rep(7000) .. ";" .. (" "):rep(900),
    } do
      local body = "--b\r\n" .. head .. "\r\n\r\n" .. PNG .. "\r\n--b--\r\n"
      assert.is_true(
        (sim:ask("POST", "/v3/assets", body, { ["content-type"] = "multipart/form-data; boundary=b" })) >= 400
      )
    end
    assert.is_true(os.clock() - began < 2)
  end)

  it("come as one part named file", function()
    local function part(disposition, data)
      return "--b\r\nContent-Disposition: form-data; " .. disposition .. "\r\n\r\n" .. (data or PNG) .. "\r\n"
    end
    refused(400, "file", "--b--\r\n")
    refused(400, "file", part 'name="file"' .. "--b--\r\n")
    refused(400, "file", part 'name="file"; filename=""' .. "--b--\r\n")
    refused(400, "file", part('name="file"; filename="a"', "") .. "--b--\r\n")
    refused(422, "other", part 'name="other"; filename="a"' .. "--b--\r\n")
    refused(400, "file", part 'name="file"; filename="a"')
    refused(400, "file", part 'name="file"; filename="a"' .. part 'name="file"; filename="b"' .. "--b--\r\n")
    refused(400, "file", "")
    refused(400, "file", "{}", "application/json")
    refused(400, "file", part 'name="file"; filename="a"' .. "--b--\r\n", "multipart/form-data")
    local body = "preamble\r\n" .. part 'filename="a \\"b\\".png"; name="file"' .. "--b--\r\nepilogue"
    local status, value =
      sim:ask("POST", "/v3/assets", body, { ["content-type"] = 'multipart/form-data; boundary="b"' })
    assert.equal(200, status)
    local _, shown = sim:ask("GET", "/v3/assets/" .. value.data.asset_id)
    assert.equal('a "b".png', shown.data.name)
  end)

  it("keep bytes that resemble a boundary", function()
    local data = PNG .. "\r\n--frontierless\r\n--front"
    local _, value = upload(data)
    assert.equal(#data, value.data.size_bytes)
  end)

  it("are of 32 MB at most", function()
    local data = PNG .. string.rep("x", 33554432 - #PNG)
    assert.equal(200, (upload(data)))
    sim.model:reset()
    local body, headers = world.upload(data .. "x")
    refused(413, "file", body, headers["content-type"])
  end)

  it("are listed for their owner, who has to be named", function()
    local _, me = sim:ask("GET", "/v3/users/me")
    local _, made = upload(PNG, "one.png")
    local status, value = sim:ask("GET", "/v3/assets")
    assert.equal(400, status)
    assert.equal("username", value.error.param)
    local function list(query)
      return select(2, sim:ask("GET", "/v3/assets?" .. query)).data
    end
    assert.equal(made.data.asset_id, list("username=" .. me.data.username)[1].id)
    assert.equal(made.data.asset_id, list("folder_id=&username=" .. me.data.username)[1].id)
    assert.same({}, list("folder_id=other&username=" .. me.data.username))
    assert.same({}, list "username=somebody_else")
  end)

  it("stay deleted", function()
    local _, made = upload(PNG)
    local id, path = made.data.asset_id, made.data.url:match "^http://[^/]+(.*)$"
    local status, value = sim:ask("DELETE", "/v3/assets/" .. id)
    assert.equal(200, status)
    assert.same({ id = id }, value.data)
    for _, method in ipairs { "DELETE", "GET" } do
      status, value = sim:ask(method, "/v3/assets/" .. id)
      assert.equal(404, status)
      assert.equal("asset_not_found", value.error.code)
    end
    assert.equal(404, (sim:ask("GET", path, nil, { ["x-api-key"] = false })))
    local _, statuses = sim:ask("GET", "/v3/assets/statuses?asset_ids=" .. id)
    assert.equal("not_found", statuses.data[1].status)
  end)

  it("can be searched, the own ones, too", function()
    upload(PNG, "My rocket.png")
    upload(SRT, "My rocket.srt")
    local function names(query)
      return select(2, sim:ask("GET", "/v3/assets/search?" .. query)).data
    end
    local found = names "query=rocket&type=icon"
    assert.equal(4, #found)
    assert.equal("icon", found[1].type)
    local _, _, file = sim:ask("GET", found[1].url:match "^http://[^/]+(.*)$", nil, { ["x-api-key"] = false })
    assert.equal("\137PNG", file.body:sub(1, 4))
    assert.equal(1, #names "query=ROCKET&type=image&scope=personal")
    assert.equal(0, #names "query=zebra&type=image")
  end)

  it("can be used once they are complete", function()
    local _, slot = sim:ask(
      "POST",
      "/v3/assets/direct-uploads",
      { filename = "a.png", content_type = "image/png", size_bytes = #PNG }
    )
    local id = slot.data.asset_id
    local body = { prompt = "x", files = { { type = "asset_id", asset_id = id } } }
    local status, value = sim:ask("POST", "/v3/video-agents", body)
    assert.equal(409, status)
    assert.equal("resource_not_ready", value.error.code)
    assert.equal("files[0].asset_id", value.error.param)
    world.put(sim, slot.data, PNG)
    sim:ask("POST", "/v3/assets/" .. id .. "/complete", {})
    assert.equal(200, (sim:ask("POST", "/v3/video-agents", body)))
  end)
end)

describe("direct uploads", function()
  local sim

  before_each(function()
    sim = support.new()
  end)

  local function slot(changes)
    local body = { filename = "a.png", content_type = "image/png", size_bytes = #PNG }
    for name, value in pairs(changes or {}) do
      body[name] = value
    end
    local status, value = sim:ask("POST", "/v3/assets/direct-uploads", body)
    return value.data or value.error, status
  end

  local function put(made, data, changes, target)
    local headers = { ["x-api-key"] = false }
    for name, value in pairs(made.upload_headers) do
      headers[name:lower()] = value
    end
    for name, value in pairs(changes or {}) do
      headers[name] = value
    end
    return sim:ask("PUT", target or made.upload_url:match "^http://[^/]+(.*)$", data, headers)
  end

  local function complete(made, body)
    local status, value = sim:ask("POST", "/v3/assets/" .. made.asset_id .. "/complete", body or {})
    return status, value.data or value.error
  end

  it("go through three steps", function()
    local made = slot { checksum_sha256 = core.sha256(PNG):upper() }
    assert.equal("pending_upload", made.status)
    assert.equal(404, (sim:ask("GET", "/v3/assets/" .. made.asset_id)))
    local status, problem = complete(made)
    assert.equal(409, status)
    assert.equal("resource_not_ready", problem.code)
    assert.equal(200, (put(made, PNG)))
    assert.equal(200, (put(made, PNG)))
    local data
    status, data = complete(made, { checksum_sha256 = core.sha256(PNG) })
    assert.equal(200, status)
    assert.equal("processing", data.status)
    assert.equal("image/png", data.mime_type)
    assert.equal(#PNG, data.size_bytes)
    sim.model.clock:advance(2)
    status, data = complete(made)
    assert.equal(200, status)
    assert.equal("completed", data.status)
    local _, _, file = sim:ask("GET", data.url:match "^http://[^/]+(.*)$", nil, { ["x-api-key"] = false })
    assert.equal(PNG, file.body)
    assert.equal(403, (put(made, PNG)))
  end)

  it("check what comes", function()
    local made = slot { checksum_sha256 = core.sha256(PNG) }
    local target = made.upload_url:match "^http://[^/]+(.*)$"
    local other = PNG:sub(1, -2) .. "x"
    assert.equal(400, (put(made, other)))
    assert.equal(403, (put(made, PNG .. "x")))
    assert.equal(403, (put(made, "")))
    assert.equal(403, (put(made, PNG, { ["content-type"] = "image/jpeg" })))
    assert.equal(403, (put(made, PNG, { ["x-amz-checksum-sha256"] = false })))
    assert.equal(400, (put(made, PNG, { ["x-api-key"] = "key" })))
    assert.equal(1, sim.model.journal.counts.keys_leaked)
    assert.equal(403, (put(made, PNG, nil, target .. "0")))
    assert.equal(403, (put(made, PNG, nil, (target:gsub("Expires=%d", "Expires=9")))))
    assert.equal(403, (put(made, PNG, nil, "/uploads/unknown")))
    assert.equal(405, (sim:ask("GET", target, nil, { ["x-api-key"] = false })))
    assert.equal(409, (complete(made)))
    sim.model.clock:advance(made.expires_in_seconds)
    assert.equal(403, (put(made, PNG)))
    assert.equal(409, (complete(made)))
  end)

  it("check the checksum of the completion, too", function()
    local made = slot()
    put(made, PNG)
    local status, problem = complete(made, { checksum_sha256 = core.sha256 "other" })
    assert.equal(400, status)
    assert.equal("checksum_sha256", problem.param)
    assert.equal(404, (sim:ask("GET", "/v3/assets/" .. made.asset_id)))
  end)

  it("are not for more than they say", function()
    local made = slot()
    local problem, status = slot { size_bytes = made.max_bytes + 1 }
    assert.equal(413, status)
    assert.equal("size_bytes", problem.param)
    problem, status = slot { size_bytes = 0 }
    assert.equal(400, status)
    assert.equal("size_bytes", problem.param)
    assert.equal(200, select(2, slot { size_bytes = made.max_bytes }))
  end)

  it("fail when the bytes are of no kind", function()
    local made = slot { size_bytes = 5 }
    put(made, "hello")
    complete(made)
    sim.model.clock:advance(2)
    local _, value = sim:ask("GET", "/v3/assets/statuses?asset_ids=" .. made.asset_id)
    assert.equal("failed", value.data[1].status)
    assert.equal(made.asset_id, value.data[1].video_id)
    assert.equal("invalid_parameter", value.data[1].error.code)
  end)

  it("come in batches", function()
    local files = {}
    for i = 1, 3 do
      files[i] = { filename = i .. ".png", content_type = "image/png", size_bytes = #PNG }
    end
    local _, value = sim:ask("POST", "/v3/assets/direct-uploads/batches", { files = files, title = "Three" })
    local id, items = value.data.batch_id, value.data.items
    assert.equal(3, #items)
    local function batch()
      return select(2, sim:ask("GET", "/v3/assets/batches/" .. id)).data
    end
    assert.same({ queued = 3 }, batch().counts_by_status)
    assert.equal(items[1].asset_id, batch().items[1].video_id)
    put(items[1], PNG)
    put(items[2], PNG)
    assert.equal(202, (sim:ask("POST", "/v3/assets/complete/batches", { batch_id = id })))
    assert.same({ processing = 2, queued = 1 }, batch().counts_by_status)
    put(items[3], PNG)
    local status, done = sim:ask("POST", "/v3/assets/complete/batches", { batch_id = id })
    assert.equal(202, status)
    assert.equal(id, done.data.batch_id)
    sim.model.clock:advance(2)
    assert.equal("completed", batch().status)
    assert.equal(404, (sim:ask("POST", "/v3/assets/complete/batches", { batch_id = "nothing" })))
    local _, statuses = sim:ask("GET", "/v3/assets/statuses?batch_ids=" .. id)
    assert.equal(3, #statuses.data)
    assert.equal(items[3].asset_id, statuses.data[3].video_id)
  end)

  it("name the bad file of a batch", function()
    local files = {
      { filename = "1.png", content_type = "image/png", size_bytes = 5 },
      { filename = "2.png", content_type = "image/png", size_bytes = 0 },
    }
    local status, value = sim:ask("POST", "/v3/assets/direct-uploads/batches", { files = files })
    assert.equal(400, status)
    assert.equal("files[1].size_bytes", value.error.param)
    assert.equal(0, #sim.model.assets.rows)
  end)
end)
