-- The calls of the service's own command-line client, one by one, made by curl: a program that knows nothing of the
-- simulator but HEYGEN_API_BASE gets what it would get from the service.
local cjson = require "cjson"
local shell = require "spec.support.shell"
local support = require "spec.support.sim"
local text = require "heygen.sim.core.text"

-- One white pixel.
local PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="

local CLIENT = table.concat({
  "curl --silent --show-error --max-time 20 --compressed",
  "--header 'User-Agent: heygen-cli/0.1.0'",
  "--header 'X-HeyGen-Source: cli'",
  '--header "x-api-key: $HEYGEN_API_KEY"',
  "--write-out '\\n%{http_code} %header{x-request-id} %header{retry-after}'",
}, " ")

for front, start in pairs {
  ["the luv front"] = {},
  ["nginx with TLS and HTTP/2"] = { front = "nginx", tls = true, workers = 2 },
} do
  describe("the official client's sequence over " .. front .. " #once", function()
    local sim, settings, directory

    setup(function()
      local options =
        { speed = 600, keys = { "sk_V2_official" }, behaviour = { clip_seconds = 4.2, concurrency = 10 } }
      for name, value in pairs(start) do
        options[name] = value
      end
      sim = support.start(options)
      directory = shell.must "mktemp -d"
      settings = string.format("export HEYGEN_API_BASE=%s HEYGEN_API_KEY=sk_V2_official; ", sim.url)
      if sim.server.ca then
        settings = settings .. "export CURL_CA_BUNDLE=" .. sim.server.ca .. "; "
      end
    end)

    teardown(function()
      sim:stop()
      os.execute("rm -rf " .. directory)
    end)

    -- Status, decoded answer, request id and Retry-After of one call.
    local function call(arguments)
      local output = shell.must(settings .. CLIENT .. " " .. arguments)
      local body, status, id, wait = output:match "^(.*)\n(%d+) (%S*) ?(%S*)$"
      assert(status, output)
      return tonumber(status), cjson.decode(body), id, tonumber(wait)
    end

    local function get(path)
      return call(string.format('"$HEYGEN_API_BASE%s"', path))
    end

    local function post(path, body)
      return call(
        string.format(
          "--header 'Content-Type: application/json' --data-binary %s \"$HEYGEN_API_BASE%s\"",
          shell.quote(cjson.encode(body)),
          path
        )
      )
    end

    -- Polls every 0.1 seconds: a minute of the simulator.
    local function wait_for(path, done)
      for _ = 1, 200 do
        local status, value = get(path)
        assert.equal(200, status)
        if done(value.data) then
          return value.data
        end
        shell.must "sleep 0.1"
      end
      error("nothing came of " .. path)
    end

    it("goes from a prompt to a file", function()
      local status, value, id =
        post("/v3/video-agents", { prompt = "A presenter explains our launch in 30 seconds" })
      assert.equal(200, status)
      assert.matches("^%x+%-%x+", id)
      local session = value.data.session_id
      local video_id = wait_for("/v3/video-agents/" .. session, function(data)
        return data.video_id ~= cjson.null
      end).video_id
      local video = wait_for("/v3/videos/" .. video_id, function(data)
        return data.status == "completed" or data.status == "failed"
      end)
      assert.equal("completed", video.status)
      assert.equal(4.2, video.duration)
      local file = directory .. "/video.mp4"
      -- Without the key: the address itself is the permission.
      local seen = shell.must(
        string.format(
          "%scurl --silent --show-error --fail --location --output %s.part --write-out '%%{http_code}' %s"
            .. " && mv %s.part %s",
          settings,
          file,
          shell.quote(video.video_url),
          file,
          file
        )
      )
      assert.equal("200", seen)
      local probed =
        shell.must("ffprobe -v error -show_entries format=duration:stream=codec_name -of csv=p=0 " .. file)
      assert.matches("h264", probed)
      assert.matches("4%.2", probed)
      assert.equal(0, sim:counts().keys_leaked)
    end)

    it("lists in pages, with tokens that want encoding, and deletes", function()
      for i = 1, 3 do
        assert.equal(200, (post("/v3/video-agents", { prompt = "Video " .. i })))
      end
      local ids, token = {}, nil
      repeat
        local more = token and " --data-urlencode " .. shell.quote("token=" .. token) or ""
        local status, page = call('--get --data limit=1 "$HEYGEN_API_BASE/v3/video-agents"' .. more)
        assert.equal(200, status)
        ids[#ids + 1] = page.data[1].session_id
        token = page.has_more and page.next_token or nil
      until not token
      assert.equal(sim:counts().creates, #ids)
      local video_id = wait_for("/v3/video-agents/" .. ids[1], function(data)
        return data.video_id ~= cjson.null
      end).video_id
      local path = "/v3/videos/" .. video_id
      local status, value = call('--request DELETE "$HEYGEN_API_BASE' .. path .. '"')
      assert.same({ 200, { id = video_id, deleted = true } }, { status, value.data })
      local id
      status, value, id = get(path)
      assert.same({ 404, "video_not_found" }, { status, value.error.code })
      assert.matches("^%x+%-%x+", id)
    end)

    it("is told how long to wait, and makes one video with two tries", function()
      local before = sim:counts().creates
      sim:faults {
        {
          method = "POST",
          path = "/v3/video-agents",
          times = 1,
          status = 429,
          headers = { ["Retry-After"] = "1" },
        },
      }
      local body = { prompt = "Once is enough" }
      local status, value, _, wait = post("/v3/video-agents", body)
      assert.same({ 429, "rate_limit_exceeded", 1 }, { status, value.error.code, wait })
      shell.must("sleep " .. wait)
      assert.equal(200, (post("/v3/video-agents", body)))
      assert.equal(before + 1, sim:counts().creates)
      sim:faults {}
    end)

    it("learns what was wrong: the key, a field, an address", function()
      local output =
        shell.must(settings .. "HEYGEN_API_KEY=wrong; " .. CLIENT .. ' "$HEYGEN_API_BASE/v3/videos"')
      assert.matches('"unauthorized"', output)
      assert.matches("\n401 ", output)
      local status, value = post("/v3/video-agents", { prompt = "x", orientation = "round" })
      assert.same(
        { 400, "invalid_parameter", "orientation" },
        { status, value.error.code, value.error.param }
      )
      assert.matches("^https://developers%.heygen%.com/.*#invalid%-parameter$", value.error.doc_url)
      assert.equal(422, (post("/v3/video-agents", { prompt = "x", duration_sec = 30 })))
      assert.equal(404, (get "/v3/no-such-thing"))
    end)

    it("uploads a file, makes a video with it, and sees what that cost", function()
      local function balance()
        local status, value = get "/v3/users/me"
        assert.same({ 200, "wallet" }, { status, value.data.billing_type })
        return value.data.wallet.remaining_balance
      end
      local before, path = balance(), directory .. "/logo.dat"
      local file = assert(io.open(path, "wb"))
      file:write(text.unbase64(PNG))
      file:close()
      -- The kind is found in the bytes, whatever the name says.
      local status, uploaded = call('--form "file=@' .. path .. '" "$HEYGEN_API_BASE/v3/assets"')
      assert.same({ 200, "image/png", 70 }, { status, uploaded.data.mime_type, uploaded.data.size_bytes })
      local _, made = post("/v3/video-agents", {
        prompt = "Our logo",
        files = { { type = "asset_id", asset_id = uploaded.data.asset_id } },
      })
      wait_for("/v3/video-agents/" .. made.data.session_id, function(data)
        return data.status == "completed"
      end)
      assert.is_true(balance() <= before - 4.2 * 0.033)
    end)

    it("registers a receiver of webhooks, changes its secret, and takes it away", function()
      local endpoints = "/v3/webhooks/endpoints"
      local status, made =
        post(endpoints, { url = "https://example.com/hook", events = { "video_agent.success" } })
      assert.same({ 200, "enabled" }, { status, made.data.status })
      assert.matches("^whsec_", made.data.secret)
      local one = endpoints .. "/" .. made.data.endpoint_id
      local _, list = get(endpoints)
      assert.same({ made.data.endpoint_id }, { list.data[1].endpoint_id, list.data[1].secret })
      local _, rotated = call('--request POST "$HEYGEN_API_BASE' .. one .. '/rotate-secret"')
      assert.matches("^whsec_", rotated.data.secret)
      assert.are_not.equal(made.data.secret, rotated.data.secret)
      assert.equal(200, (call('--request DELETE "$HEYGEN_API_BASE' .. one .. '"')))
      assert.equal(404, (call('--request DELETE "$HEYGEN_API_BASE' .. one .. '"')))
    end)

    it("talks with a session, and stops it", function()
      local _, made = post("/v3/video-agents", { prompt = "Let us talk", mode = "chat" })
      local path = "/v3/video-agents/" .. made.data.session_id
      wait_for(path, function(data)
        return data.status == "waiting_for_input"
      end)
      local status, value = post(path, { message = "Continue" })
      assert.equal(200, status)
      assert.equal(made.data.session_id, value.data.session_id)
      assert.equal(
        200,
        (
          call(
            "--header 'Content-Type: application/json' --data-binary '{}' \"$HEYGEN_API_BASE"
              .. path
              .. '/stop"'
          )
        )
      )
    end)
  end)
end
