-- client.assets:upload against the simulator: one request, direct uploads, what fails on the way, and what is refused.
local account = require "heygen.sim.account"
local child = require "spec.support.child"
local core = require "heygen.core"
local heygen = require "heygen"
local icons = require "heygen.sim.icons"
local live = require "spec.support.live"
local shell = require "spec.support.shell"
local support = require "spec.support.sim"

local MB = 1024 * 1024
local PNG = icons.png(8, "abc")
local QUICK = { direct = true, interval = 0.005 }

describe("an upload", function()
  local sim, client, directory

  setup(function()
    sim = support.start { behaviour = { asset_processing = 2 } }
    directory = child.scratch()
    shell.must("mkdir " .. directory)
  end)

  teardown(function()
    sim:stop()
    shell.must("rm -r " .. directory)
  end)

  before_each(function()
    sim:reset()
    sim:behaviour { asset_processing = 2 }
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

  local function content_of(asset)
    local status, bytes = sim:exchange("GET", (asset.url:gsub("^http://[^/]+", "")))
    assert.equal(200, status)
    return bytes
  end

  local function assets()
    return assert(client.assets:list { username = account.USERNAME, limit = 100 }).data
  end

  local function quick(changes)
    local all = { direct = true, interval = 0.005 }
    for name, value in pairs(changes or {}) do
      all[name] = value
    end
    return all
  end

  -- Descriptors of this process on our files, and on temporary ones.
  local function open_files()
    local pipe = assert(
      io.popen("ls -l /proc/$PPID/fd | grep -c -e " .. directory .. " -e '/#[0-9]* (deleted)' -e /heygen-")
    )
    local count = tonumber((pipe:read "*a"))
    pipe:close()
    return count
  end

  local function routes()
    local list = {}
    for _, request in ipairs(sim:requests()) do
      list[#list + 1] = request.method .. " " .. request.path:gsub("%x+%x%x%x%x%x%x%x%x%x%x", "ID")
    end
    return list
  end

  -- A reader of some bytes, in pieces as large as it likes.
  local function reader(bytes, piece)
    local at = 1
    return function(wanted)
      assert(wanted >= 1)
      local part = bytes:sub(at, at + piece - 1)
      at = at + piece
      return part ~= "" and part or nil
    end
  end

  describe("in one request", function()
    it("sends a file, bytes or what a function reads", function()
      for _, each in ipairs {
        { write("a file.png", PNG), "a file.png" },
        { { path = path "a file.png", filename = "other.png" }, "other.png" },
        { { data = PNG, filename = 'x "y".png' }, 'x "y".png' },
        { { data = PNG }, "upload.png" },
        { { read = reader(PNG, 7), filename = "r.png", size = #PNG, media_type = "image/png" }, "r.png" },
        { { read = reader(PNG, 100000) }, "upload.png" },
        {
          {
            read = setmetatable({}, {
              __call = function(self, wanted)
                self.reader = self.reader or reader(PNG, wanted)
                return self.reader(wanted)
              end,
            }),
          },
          "upload.png",
        },
      } do
        local asset = assert(client.assets:upload(each[1]))
        assert.same({ "image/png", #PNG }, { asset.mime_type, asset.size_bytes })
        assert.equal(PNG, content_of(asset))
        local name = assert(client.assets:get(asset)).name
        assert.equal(each[2], (name:gsub("%%22", '"'))) -- as browsers send a quote
      end
      assert.equal(7, #assets())
      assert.equal(0, sim:counts().keys_leaked)
    end)

    it("is what assets:create makes as well", function()
      local asset = assert(client.assets:create { file = { data = PNG, filename = "c.png" } })
      assert.equal(PNG, content_of(asset))
      local err = live.failure(client.assets:create { file = path "missing.png" })
      assert.equal("file", err.kind)
      assert.matches("assets:create: cannot read .*missing.png", err.message)
      assert.equal(1, #assets())
    end)

    it("is sent again with the same key, and makes one asset", function()
      sim:faults { { path = "/v3/assets", times = 1, close = "before", act = true } }
      local asset = assert(client.assets:upload(write("again.png", PNG)))
      local sent = sim:requests()
      assert.equal(2, #sent)
      assert.same(asset.asset_id, assets()[1].id)
      assert.equal(1, #assets())
      assert.equal(sent[1].headers["idempotency-key"], sent[2].headers["idempotency-key"])
      sim:reset()
      assert(client.assets:upload(path "again.png", { idempotency_key = "mine" }))
      assert.equal("mine", sim:requests()[1].headers["idempotency-key"])
    end)

    it("waits while the service is busy with the attempt before", function()
      sim:faults { { path = "/v3/assets", times = 1, status = 409, code = "request_in_progress" } }
      assert.equal(2, heygen.response(assert(client.assets:upload { data = PNG })).attempts)
      sim:faults { { path = "/v3/assets", status = 409, code = "conflict" } }
      assert.equal(1, live.failure(client.assets:upload { data = PNG }).attempts)
    end)

    it("reports the bytes, never backwards", function()
      local seen = {}
      sim:faults { { path = "/v3/assets", times = 1, status = 503 } }
      local function on_progress(p)
        assert.same({ 3 * MB, "big.png" }, { p.total, p.filename })
        assert(p.sent >= (seen[#seen] or 0) and p.sent <= p.total and p.elapsed >= 0)
        seen[#seen + 1] = p.sent
      end
      assert(client.assets:upload(write("big.png", PNG, 3 * MB), { on_progress = on_progress }))
      assert.equal(3 * MB, seen[#seen])
    end)

    it("ends when on_progress raises, and names the asset if there is one", function()
      local function on_progress()
        error "enough"
      end
      local err = live.failure(client.assets:upload({ data = PNG }, { on_progress = on_progress }))
      assert.same({ "callback", assets()[1].id }, { err.kind, err.asset_id })
      assert.matches("on_progress raised: .*enough", err.message)
      sim:faults { { path = "/v3/assets", stall = "headers" } }
      err = live.failure(client.assets:upload({ data = PNG }, { on_progress = on_progress }))
      assert.same({ "callback", nil }, { err.kind, err.asset_id })
    end)

    it("says what the service says, with the name of the file", function()
      sim:faults { { path = "/v3/assets", status = 400, code = "invalid_parameter", message = "No good" } }
      local err = live.failure(client.assets:upload(write("bad.png", PNG)))
      assert.same({ "api", "invalid_parameter", 1 }, { err.kind, err.code, err.attempts })
      assert.matches('bad.png": No good', err.message)
    end)
  end)

  describe("straight to the storage", function()
    it("takes a slot, puts the bytes without the key, completes and waits", function()
      local seen = {}
      local asset = assert(client.assets:upload(
        write("direct.png", PNG),
        quick {
          on_progress = function(p)
            seen[#seen + 1] = p.sent
          end,
        }
      ))
      assert.same({ "completed", "image/png", #PNG }, { asset.status, asset.mime_type, asset.size_bytes })
      assert.equal(PNG, content_of(asset))
      assert.equal(#PNG, seen[#seen])
      local sent = sim:requests()
      assert.same({
        "POST /v3/assets/direct-uploads",
        "PUT /uploads/ID",
        "POST /v3/assets/ID/complete",
        "GET /v3/assets/statuses",
      }, { routes()[1], routes()[2], routes()[3], routes()[4] })
      assert.is_nil(sent[2].headers["x-api-key"])
      assert.equal("image/png", sent[2].headers["content-type"])
      assert.is_string(sent[2].headers["x-amz-checksum-sha256"])
      assert.equal(tostring(#PNG), sent[2].headers["content-length"])
      assert.is_nil(sent[2].headers["transfer-encoding"])
      assert.equal(0, sim:counts().keys_leaked)
    end)

    it("takes bytes and readers as well, and may leave out checksum and wait", function()
      for _, source in ipairs {
        { data = PNG },
        { data = PNG .. ("\0"):rep(2 * MB) }, -- goes through a temporary file
        { read = reader(PNG, 100) },
      } do
        local asset = assert(client.assets:upload(source, QUICK))
        assert.equal("completed", asset.status)
        assert.equal(PNG, content_of(asset):sub(1, #PNG))
      end
      sim:reset()
      sim:behaviour { asset_processing = 1e6 }
      local asset = assert(client.assets:upload({ data = PNG }, quick { checksum = false, wait = false }))
      assert.equal("processing", asset.status)
      assert.is_nil(sim:requests()[2].headers["x-amz-checksum-sha256"])
      assert.equal(3, #sim:requests())
    end)

    it("is the way of what is larger than 32 MB #once #slow", function()
      assert(client.assets:upload(write("limit.png", PNG, 32 * MB)))
      assert.same({ "POST /v3/assets" }, routes())
      sim:reset()
      local asset = assert(client.assets:upload(write("over.png", PNG, 32 * MB + 1), { interval = 0.01 }))
      assert.equal(32 * MB + 1, asset.size_bytes)
      assert.equal("PUT /uploads/ID", routes()[2])
    end)

    it("puts again what got lost, into the same slot", function()
      for _, effect in ipairs {
        { status = 503 },
        { close = "before" },
        { close = "before", act = true },
        { status = 429 },
        { status = 400, body = "<Error><Code>RequestTimeout</Code></Error>" },
      } do
        sim:reset()
        effect.path, effect.times = "/uploads/*", 1
        sim:faults { effect }
        local asset = assert(client.assets:upload({ data = PNG }, QUICK))
        assert.equal(PNG, content_of(asset))
        local list = routes()
        assert.same({ "PUT /uploads/ID", "PUT /uploads/ID" }, { list[2], list[3] })
        assert.equal("POST /v3/assets/ID/complete", list[4])
      end
      sim:reset()
      sim:faults { { path = "/uploads/*", status = 503 } }
      local err = live.failure(client.assets:upload({ data = PNG, filename = "x.png" }, QUICK))
      assert.same({ "api", 503, "upload_refused", 3 }, { err.kind, err.status, err.code, err.attempts })
      assert.is_string(err.asset_id)
      assert.matches('^"x.png": PUT to the storage: the storage answered HTTP 503', err.message)
      assert.equal(0, #assets())
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
      assert.equal(PNG, content_of(asset))
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
      assert.equal(1, #assets())
      sim:faults { { path = "/v3/assets/*/complete", times = 1, status = 409, code = "resource_not_ready" } }
      assert.equal("completed", assert(client.assets:upload({ data = PNG }, QUICK)).status)
    end)

    it("says that the service could not use the file, or has lost it", function()
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
      assert.equal(assets()[1].id, err.asset_id)
      assert.matches("still processing", err.message)
      sim:faults { { path = "/uploads/*", stall = true } }
      err = live.failure(client.assets:upload({ data = PNG }, quick { deadline = 0.1 }))
      assert.equal("timeout", err.kind)
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

  describe("of a file that changes", function()
    -- Lets the file change when a request with this in its address begins or has ended.
    local function changing(hook, pattern, change)
      return live.client(sim, {
        [hook] = function(event)
          if event.url:find(pattern, 1, true) then
            change()
          end
        end,
      })
    end

    it("fails, and makes nothing", function()
      for _, size in ipairs { 200000, 200001, 100 } do
        local name = write("changing.png", PNG, 200000)
        shell.must("touch -d '1 hour ago' " .. name)
        local err = live.failure(changing("on_request", "/v3/assets", function()
          write("changing.png", PNG .. "!", size)
        end).assets:upload(name))
        assert.same({ "file", 1 }, { err.kind, err.attempts })
        assert(err.message:find(name, 1, true), err.message)
        write("changing.png", PNG, 200000)
        shell.must("touch -d '1 hour ago' " .. name)
        err = live.failure(changing("on_response", "/direct-uploads", function()
          write("changing.png", PNG .. "!", size)
        end).assets:upload(name, QUICK))
        assert.equal("file", err.kind)
        assert(err.message:find(name, 1, true), err.message)
      end
      assert.equal(0, #assets())
      assert.equal(0, open_files())
    end)
  end)

  describe("in a task", function()
    it("can be cancelled, and leaves nothing open", function()
      local name = write("cancelled.png", PNG, 5 * MB)
      for _, options in ipairs { { direct = false }, QUICK } do
        sim:reset()
        sim:faults { { path = "/v3/assets", stall = true }, { path = "/uploads/*", stall = true } }
        heygen.run(function()
          local uploading = heygen.spawn(function()
            return client.assets:upload(name, options)
          end)
          live.until_true(function()
            return #sim:requests() == (options.direct and 2 or 1)
          end)
          uploading:cancel()
          assert.equal(1, open_files())
          local err = live.failure(uploading:join())
          assert.equal("cancelled", err.kind)
          assert.equal(options.direct, err.asset_id ~= nil)
        end)
      end
      assert.equal(0, core.engine():live())
      assert.equal(0, open_files())
    end)

    it("lets others go on while a file is digested #slow", function()
      local name = write("digested.png", PNG, 40 * MB)
      local turns, done = 0, false
      sim:faults { { path = "/v3/assets/direct-uploads", status = 400 } }
      heygen.run(function()
        heygen.spawn(function()
          while not done do
            turns = turns + 1
            heygen.sleep(0)
          end
        end)
        live.failure(client.assets:upload(name))
        done = true
      end)
      assert(turns > 5, turns)
    end)
  end)

  describe("is refused", function()
    local function refused(source, options)
      local sent = live.sent(sim)
      local err = live.failure(client.assets:upload(source, options))
      assert.equal("no", err.sent)
      assert.equal(sent, live.sent(sim))
      return err
    end

    it("when the file is none that can be sent, by its name", function()
      shell.must(("mkfifo %s; ln -s %s %s"):format(path "fifo", path "nowhere", path "dangling.png"))
      for name, wanted in pairs {
        [path "missing.png"] = "file: No such file",
        [path "dangling.png"] = "file: No such file",
        [directory] = "file: is not a regular file, but a directory",
        [path "fifo"] = "file: is not a regular file",
        ["/dev/zero"] = "file: is not a regular file",
        [write("empty.png", "")] = "invalid: is empty",
        [write("text.png", "hello")] = "invalid: is of a type that is not known; the service takes image/png",
        [write("slides.pptx", "PK\3\4")] = "invalid: is a ZIP archive",
        ["a\0b.png"] = 'invalid: "a\\x00b.png" has a NUL byte at position 2',
        [""] = "invalid: empty",
      } do
        for _, source in ipairs { name, { path = name } } do
          local err = refused(source)
          local kind, text = wanted:match "^(%w+): (.*)$"
          assert.equal(kind, err.kind)
          assert(err.message:find(text, 1, true), err.message)
          local shown = name:match "[^/]*$":gsub("%z", "\\x00")
          assert(err.message:find(shown, 1, true), err.message)
        end
      end
    end)

    it("when it is too large for one request #slow", function()
      local name = write("large.png", PNG, 33 * MB)
      local err = refused(name, { direct = false })
      assert.same({ "invalid", "no" }, { err.kind, err.sent })
      assert.matches('large.png" has 34603008 bytes, at most 33554432 %(32 MB%) are allowed', err.message)
      assert.matches("at most", refused({ data = PNG .. ("\0"):rep(32 * MB) }, { direct = false }).message)
      assert.matches(
        "at most",
        refused({
          filename = "endless.png",
          read = function()
            return PNG .. ("\0"):rep(MB)
          end,
        }, { direct = false }).message
      )
      assert.matches("at most", live.failure(client.assets:create { file = name }).message)
    end)

    it("when a reader fails, with the name given", function()
      local function failed(read, size)
        local err = refused { read = read, size = size, filename = "reader.png" }
        assert.matches('^upload: "reader.png": read ', err.message)
        return err.kind .. ": " .. err.message:match ": read (.*)$"
      end
      local calls = 0
      local function short()
        calls = calls + 1
        return calls == 1 and PNG or nil
      end
      assert.matches(
        "^callback: raised: .*broken disk",
        failed(function()
          error "broken disk"
        end)
      )
      assert.equal(("invalid: stopped after %d of 5000 bytes"):format(#PNG), failed(short, 5000))
      assert.equal("invalid: gave more than the 10 bytes of size", failed(reader(PNG, 11), 10))
      assert.equal(
        "callback: returned a number, not a string or nil",
        failed(function()
          return 5
        end)
      )
      assert.equal(
        "callback: gave up: connection reset",
        failed(function()
          return nil, "connection reset"
        end)
      )
      assert.matches("reader.png: is empty", (refused({
          read = function() end,
          filename = "reader.png",
        }).message
        :gsub('"', "")
        :gsub(" is empty", ": is empty")))
      local err = refused({
        read = function()
          return ""
        end,
        filename = "idle.png",
      }, { deadline = 0.05 })
      assert.equal("timeout", err.kind)
      assert.equal(0, open_files())
    end)

    it("when a name or a type does not fit", function()
      for _, name in ipairs { "a\r\nb.png", "a\0.png", "a\127.png", "" } do
        assert.equal("filename", refused({ data = PNG, filename = name }).param)
      end
      assert.matches("at most 255", refused({ data = PNG, filename = ("x"):rep(256) }).message)
      assert.matches("UTF%-8", refused({ data = PNG, filename = "\255.png" }).message)
      assert.matches("expected a media type", refused({ data = PNG, media_type = "png" }).message)
      assert.matches(
        'a.png" is image/png by its content, not video/mp4',
        refused({ data = PNG, media_type = "video/mp4", filename = "a.png" }).message
      )
      assert.equal("data", refused({ data = "" }).param)
      -- A name that no header could carry is only a default.
      shell.must("cp " .. write("plain.png", PNG) .. " " .. directory .. "/\"$(printf 'a\\nb\\377.png')\"")
      local asset = assert(client.assets:upload(path "a\nb\255.png"))
      assert.equal("a_b_.png", assert(client.assets:get(asset)).name)
    end)

    it("when the client is closed", function()
      client:close()
      assert.equal("closed", refused({ data = PNG }).kind)
    end)

    it("with an error at the caller's line when the program is wrong", function()
      local function raised(...)
        local arguments, count = { ... }, select("#", ...)
        local ok, message = pcall(function()
          local unpack = table.unpack or unpack
          client.assets:upload(unpack(arguments, 1, count))
        end)
        assert.is_false(ok)
        assert.matches("^spec/uploads_spec.lua:%d+: heygen: ", message)
        return (message:gsub("^.-heygen: ", ""))
      end
      assert.matches("^upload: expected a path, .* got nil", raised(nil))
      assert.matches("^upload: expected a path, .* got number", raised(5))
      assert.matches("^upload: expected a path, ", raised {})
      assert.equal("upload: data: expected a string, got number", raised { data = 5 })
      assert.equal("upload: path: expected a string, got table", raised { path = {} })
      assert.equal("upload: read: expected a function, got string", raised { read = "x" })
      assert.matches("^upload: expected only one of path, data and read", raised { path = "x", data = "y" })
      assert.equal("upload: size: is only valid together with read", raised { data = "x", size = 1 })
      assert.equal(
        "upload: size: expected an integer of at least 1, got string",
        raised { read = print, size = "1" }
      )
      assert.equal('upload: bytes: unknown field, did you mean "data"?', raised { bytes = "x" })
      assert.equal('upload: filenam: unknown field, did you mean "filename"?', raised { filenam = "x" })
      assert.equal(
        'upload: directly: unknown option, did you mean "direct"?',
        raised("x", { directly = true })
      )
      assert.equal("upload: direct: expected a boolean, got number", raised("x", { direct = 1 }))
      assert.equal("upload: deadline: expected more than 0 seconds", raised("x", { deadline = 0 }))
      assert.equal(
        "upload: on_progress: expected a function, got boolean",
        raised("x", { on_progress = true })
      )
      assert.equal("upload: expected a table of options, got string", raised("x", "y"))
      assert.matches("^upload: a file and a table of options", raised("x", {}, 1))
      local ok, message = pcall(client.assets.upload, "x")
      assert.is_false(ok)
      assert.matches("call it with a colon: client.assets:upload", message)
      assert.equal(0, #sim:requests())
    end)
  end)
end)
