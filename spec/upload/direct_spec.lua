-- Uploads straight to the storage: the slot, the bytes, the completion, the wait; and what fails on the way.
local child = require "spec.support.child"
local live = require "spec.support.live"
local nginx = require "spec.support.nginx"
local raw = require "spec.support.raw"
local uploading = require "spec.support.uploading"

local MB = 1024 * 1024
local PNG = uploading.PNG
local QUICK = { direct = true, interval = 0.005 }
local reader = uploading.reader

describe("a direct upload", function()
  local world, sim, client

  setup(function()
    world = uploading.start()
    sim = world.sim
  end)

  teardown(function()
    world:stop()
  end)

  before_each(function()
    client = world:reset()
  end)

  local function quick(changes)
    local all = { direct = true, interval = 0.005 }
    for name, value in pairs(changes or {}) do
      all[name] = value
    end
    return all
  end

  it("takes a slot, puts the bytes without the key, completes and waits", function()
    local seen = {}
    local asset = assert(client.assets:upload(
      world:write("direct.png", PNG),
      quick {
        on_progress = function(p)
          seen[#seen + 1] = p.sent
        end,
      }
    ))
    assert.same({ "completed", "image/png", #PNG }, { asset.status, asset.mime_type, asset.size_bytes })
    assert.equal(PNG, world:content_of(asset))
    assert.equal(#PNG, seen[#seen])
    local sent = sim:requests()
    assert.same({
      "POST /v3/assets/direct-uploads",
      "PUT /uploads/ID",
      "POST /v3/assets/ID/complete",
      "GET /v3/assets/statuses",
    }, { world:routes()[1], world:routes()[2], world:routes()[3], world:routes()[4] })
    assert.is_nil(sent[2].headers["x-api-key"])
    assert.equal("image/png", sent[2].headers["content-type"])
    assert.is_string(sent[2].headers["x-amz-checksum-sha256"])
    assert.equal(tostring(#PNG), sent[2].headers["content-length"])
    assert.is_nil(sent[2].headers["transfer-encoding"])
    assert.equal(0, sim:counts().keys_leaked)
  end)

  it("sends the headers of the slot, and no type when it names none", function()
    local server = raw.start()
    finally(function()
      server:stop()
    end)
    for name, headers in pairs {
      [""] = "{}",
      ["a b"] = '{"Content-Type":"a b","x-amz-Meta":"\195\169; =","X-Size":268,"X-Half":1.5,'
        .. '"X-Large":1099511627776000,"Transfer-Encoding":"chunked","Host":"x","Content-Length":"3"}',
    } do
      server:serve(([[
        local slot = '{"data":{"asset_id":"a1","upload_url":"%s/put?X-Sig=a%%2Fb+c","upload_headers":%s}}'
        local done = '{"data":{"asset_id":"a1","status":"completed"}}'
        local request = c:request()
        local body = request.target == "/v3/assets/direct-uploads" and slot or done
        c:answer(200, body, "Connection: close\r\n")
      ]]):format(server.url, headers))
      local own = live.client(nil, { base_url = server.url, headers = { ["X-Own"] = "for the service" } })
      assert(own.assets:upload({ data = PNG }, QUICK))
      local put = server:requests()[2]
      assert.equal("PUT /put?X-Sig=a%2Fb+c HTTP/1.1", put.first)
      assert.equal(name ~= "" and name or nil, put.headers["content-type"])
      assert.equal(name ~= "" and "\195\169; =" or nil, put.headers["x-amz-meta"])
      assert.equal(name ~= "" and "268" or nil, put.headers["x-size"])
      assert.equal(name ~= "" and "1.5" or nil, put.headers["x-half"])
      assert.equal(name ~= "" and "1099511627776000" or nil, put.headers["x-large"])
      assert.is_nil(put.headers["transfer-encoding"])
      assert.equal("127.0.0.1:" .. server.port, put.headers.host)
      assert.equal(PNG, put.body)
      assert.is_nil(put.headers["x-own"])
      assert.is_nil(table.concat(put.lines, "\n"):find(live.KEY, 1, true))
      assert.matches("^heygen%-lua/", put.headers["user-agent"])
    end
  end)

  it("goes over HTTP/1.1 as well where the client is to use nothing else", function()
    local tls, server = nginx.start(), raw.start() -- a child keeps what is open before it
    finally(function()
      tls:stop()
      server:stop()
    end)
    server:serve(([[
      local slot = '{"data":{"asset_id":"a1","upload_url":"%s/via/?port=%d","upload_headers":{}}}'
      local done = '{"data":{"asset_id":"a1","status":"completed"}}'
      local request = c:request()
      c:answer(200, request.target == "/v3/assets/direct-uploads" and slot or done, "Connection: close\r\n")
    ]]):format(tls.url.good, server.port))
    for given, used in pairs { [false] = "HTTP/2.0", ["1.1"] = "HTTP/1.1" } do
      local own = live.client(nil, { base_url = server.url, ca_file = tls.ca, http_version = given })
      local before = #server:requests()
      assert(own.assets:upload({ data = PNG }, QUICK))
      assert.equal(used, server:requests()[before + 2].headers["x-version"])
    end
  end)

  it("takes bytes and readers as well, and may leave out checksum and wait", function()
    for _, source in ipairs {
      { data = PNG },
      { data = PNG .. ("\0"):rep(2 * MB) }, -- goes through a temporary file
      { read = reader(PNG, 100) },
    } do
      local asset = assert(client.assets:upload(source, QUICK))
      assert.equal("completed", asset.status)
      assert.equal(PNG, world:content_of(asset):sub(1, #PNG))
    end
    sim:reset()
    sim:behaviour { asset_processing = 1e6 }
    local asset = assert(client.assets:upload({ data = PNG }, quick { checksum = false, wait = false }))
    assert.equal("processing", asset.status)
    assert.is_nil(sim:requests()[2].headers["x-amz-checksum-sha256"])
    assert.equal(3, #sim:requests())
  end)

  it("does without a temporary file where there is no room for one", function()
    local code = ([[
      local client = require("heygen").new { api_key = "k", base_url = %q }
      local data = require("heygen.sim.media.icons").png(8, "abc") .. ("\0"):rep(2000000)
      print(assert(client.assets:upload({ data = data }, { direct = true, interval = 0.005 })).size_bytes == #data)
      print((select(2, client.assets:upload { filename = "r.png", read = function() return data end })))
    ]]):format(sim.url)
    local output = child.must(code, "ulimit -f 8;")
    assert.matches(
      "^true\nheygen: client.assets:upload: cannot write a temporary file for .r.png.: File too large",
      output
    )
    assert.matches(
      "^true\nheygen: client.assets:upload: cannot make a temporary file in /none: ",
      child.must(code, "TMPDIR=/none")
    )
    assert.is_string(sim:requests()[2].headers["x-amz-checksum-sha256"])
  end)

  it("is the way of what is larger than 32 MB #once #slow", function()
    assert(client.assets:upload(world:write("limit.png", PNG, 32 * MB)))
    assert.same({ "POST /v3/assets" }, world:routes())
    sim:reset()
    local asset = assert(client.assets:upload(world:write("over.png", PNG, 32 * MB + 1), { interval = 0.01 }))
    assert.equal(32 * MB + 1, asset.size_bytes)
    assert.equal("PUT /uploads/ID", world:routes()[2])
  end)

  it("is the way of what one request turns out too small for", function()
    sim:faults { { path = "/v3/assets", status = 413 } }
    local asset = assert(client.assets:upload({ data = PNG }, { interval = 0.005 }))
    assert.equal(PNG, world:content_of(asset))
    assert.same(
      { "POST /v3/assets", "POST /v3/assets/direct-uploads" },
      { world:routes()[1], world:routes()[2] }
    )
    sim:reset()
    sim:faults { { path = "/v3/assets", status = 413 } }
    for _, err in ipairs {
      live.failure(client.assets:upload({ data = PNG }, { direct = false })),
      live.failure(client.assets:create { file = { data = PNG } }),
    } do
      assert.same({ "api", 413 }, { err.kind, err.status })
    end
    assert.same({ "POST /v3/assets", "POST /v3/assets" }, world:routes())
  end)

  it("puts again what got lost, into the same slot", function()
    for _, effect in ipairs {
      { status = 503 },
      { close = "before" },
      { close = "before", act = true },
      { status = 429 },
      { status = 400, body = "<Error><Code>RequestTimeout</Code></Error>" },
      { status = 408 },
    } do
      sim:reset()
      effect.path, effect.times = "/uploads/*", 1
      sim:faults { effect }
      local asset = assert(client.assets:upload({ data = PNG }, QUICK))
      assert.equal(PNG, world:content_of(asset))
      local list = world:routes()
      assert.same({ "PUT /uploads/ID", "PUT /uploads/ID" }, { list[2], list[3] })
      assert.equal("POST /v3/assets/ID/complete", list[4])
    end
    sim:reset()
    sim:faults { { path = "/uploads/*", status = 503 } }
    local err = live.failure(client.assets:upload({ data = PNG, filename = "x.png" }, QUICK))
    assert.same({ "api", 503, "upload_refused", 3 }, { err.kind, err.status, err.code, err.attempts })
    assert.is_string(err.asset_id)
    assert.matches('^"x.png": PUT to the storage: the storage answered HTTP 503', err.message)
    assert.equal(0, #world:assets())
  end)

  it("takes a fresh slot, under another key, when the address has expired", function()
    local advanced
    client = live.client(sim, {
      on_response = function(event)
        if not advanced and event.url:find("direct-uploads", 1, true) then
          advanced = true
          sim:clock { advance = 4000 }
        end
      end,
    })
    local asset = assert(client.assets:upload({ data = PNG }, quick { idempotency_key = "mine" }))
    assert.equal(PNG, world:content_of(asset))
    local sent = sim:requests()
    assert.same({ 200, 403, 200, 200 }, { sent[1].status, sent[2].status, sent[3].status, sent[4].status })
    assert.same({ "mine", "mine:2" }, {
      sent[1].headers["idempotency-key"],
      sent[3].headers["idempotency-key"],
    })
    sim:reset()
    sim:faults { { path = "/uploads/*", status = 403 } }
    local err = live.failure(client.assets:upload({ data = PNG }, QUICK))
    assert.equal(403, err.status)
    assert.equal(6, #sim:requests()) -- three slots
    sim:reset() -- as other storages say it
    sim:faults {
      { path = "/uploads/*", times = 1, status = 400, body = "<Error><Code>ExpiredToken</Code></Error>" },
    }
    assert(client.assets:upload({ data = PNG }, QUICK))
    assert.equal("POST /v3/assets/direct-uploads", world:routes()[3])
  end)

  it("does not put again what the storage refuses", function()
    sim:faults { { path = "/uploads/*", status = 400, body = "<Error><Code>BadDigest</Code></Error>" } }
    local err = live.failure(client.assets:upload({ data = PNG }, QUICK))
    assert.same({ "api", 400, 1 }, { err.kind, err.status, err.attempts })
    assert.matches("HTTP 400 BadDigest", err.message)
    assert.equal(2, #sim:requests())
  end)

  it("completes again when the answer got lost, or the bytes were not seen yet", function()
    sim:faults { { path = "/v3/assets/*/complete", times = 1, close = "before", act = true } }
    assert.equal("completed", assert(client.assets:upload({ data = PNG }, QUICK)).status)
    assert.equal(1, #world:assets())
    sim:faults { { path = "/v3/assets/*/complete", times = 1, status = 409, code = "resource_not_ready" } }
    assert.equal("completed", assert(client.assets:upload({ data = PNG }, QUICK)).status)
  end)

  it("says that the service could not use the file, or has lost it", function()
    sim:faults {
      {
        path = "/v3/assets/statuses",
        status = 200,
        body = '{"data":[{"status":"failed","error":"Bad frames"}]}',
      },
    }
    assert.matches("Bad frames", live.failure(client.assets:upload({ data = PNG }, QUICK)).message)
    for status, kind in pairs { failed = "failed", not_found = "api" } do
      sim:reset()
      sim:faults {
        {
          path = "/v3/assets/statuses",
          status = 200,
          body = ('{"data":[{"status":"%s","error":{"message":"No frames"}}]}'):format(status),
        },
      }
      local err = live.failure(client.assets:upload({ data = PNG }, QUICK))
      assert.equal(kind, err.kind)
      assert.matches(status == "failed" and "No frames" or "gone", err.message)
      assert.is_string(err.asset_id)
    end
  end)

  it("gives up at its deadline, and names the asset", function()
    sim:behaviour { asset_processing = 1e6 }
    local err = live.failure(client.assets:upload({ data = PNG }, quick { deadline = 0.1 }))
    assert.equal("timeout", err.kind)
    assert.equal(world:assets()[1].id, err.asset_id)
    assert.matches("still processing", err.message)
    sim:faults { { path = "/uploads/*", stall = true } }
    err = live.failure(client.assets:upload({ data = PNG }, quick { deadline = 0.1 }))
    assert.equal("timeout", err.kind)
  end)

  it("survives a driver that comes back too early", function()
    local block = require "heygen.driver.block"
    client = live.client(sim, {
      driver = {
        await = function(engine, job, seconds)
          if sim:requests()[1] then -- the slot is there
            return true
          end
          return block.await(engine, job, seconds)
        end,
        sleep = block.sleep,
      },
    })
    local err = live.failure(client.assets:upload({ data = PNG }, QUICK))
    assert.equal("callback", err.kind)
    assert.matches("came back too early", err.message)
    assert.is_string(err.asset_id)
  end)

  it("believes no slot that does not fit", function()
    for slot, wanted in pairs {
      ['"upload_url":"http://example.com/x","asset_id":"a","upload_headers":{}'] = "plain http is only",
      ['"upload_url":"ftp://127.0.0.1/x","asset_id":"a","upload_headers":{}'] = "expected https",
      ['"upload_url":"https://127.0.0.1/x","upload_headers":{}'] = "no fit asset_id",
      ['"upload_url":"https://127.0.0.1/x","asset_id":"a","upload_headers":"x"'] = "no fit upload_headers",
      ['"upload_url":"https://127.0.0.1/x","asset_id":"a","upload_headers":{"A":"\\r"}'] = "no fit upload_headers",
      ['"upload_url":"https://127.0.0.1/x","asset_id":"a","max_bytes":5'] = "takes 5 at most",
    } do
      sim:reset()
      sim:faults { { path = "/v3/assets/direct-uploads", status = 200, body = '{"data":{' .. slot .. "}}" } }
      local err = live.failure(client.assets:upload({ data = PNG }, QUICK))
      assert.matches(wanted, err.message, 1, true)
      assert.equal(1, #sim:requests())
    end
  end)
end)
