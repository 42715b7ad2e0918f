-- client.assets:upload against the simulator: in one request, from changing files, in tasks; and what is refused.
local core = require "heygen.core"
local heygen = require "heygen"
local live = require "spec.support.live"
local shell = require "spec.support.shell"
local uploading = require "spec.support.uploading"

local MB = 1024 * 1024
local PNG = uploading.PNG
local QUICK = { direct = true, interval = 0.005 }
local reader = uploading.reader

describe("an upload", function()
  local world, sim, client, directory

  setup(function()
    world = uploading.start()
    sim, directory = world.sim, world.directory
  end)

  teardown(function()
    world:stop()
  end)

  before_each(function()
    client = world:reset()
  end)

  describe("in one request", function()
    it("sends a file, bytes or what a function reads", function()
      for _, each in ipairs {
        { world:write("a file.png", PNG), "a file.png" },
        { { path = world:path "a file.png", filename = "other.png" }, "other.png" },
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
        assert.equal(PNG, world:content_of(asset))
        local name = assert(client.assets:get(asset)).name
        assert.equal(each[2], (name:gsub("%%22", '"'))) -- as browsers send a quote
      end
      assert.equal(7, #world:assets())
      assert.equal(0, sim:counts().keys_leaked)
    end)

    it("is what assets:create makes as well", function()
      local asset = assert(client.assets:create { file = { data = PNG, filename = "c.png" } })
      assert.equal(PNG, world:content_of(asset))
      local err = live.failure(client.assets:create { file = world:path "missing.png" })
      assert.equal("file", err.kind)
      assert.matches("client.assets:create: cannot read .*missing.png", err.message)
      assert.equal(1, #world:assets())
    end)

    it("is sent again with the same key, and makes one asset", function()
      sim:faults { { path = "/v3/assets", times = 1, close = "before", act = true } }
      local asset = assert(client.assets:upload(world:write("again.png", PNG)))
      local sent = sim:requests()
      assert.equal(2, #sent)
      assert.same(asset.asset_id, world:assets()[1].id)
      assert.equal(1, #world:assets())
      assert.equal(sent[1].headers["idempotency-key"], sent[2].headers["idempotency-key"])
      sim:reset()
      assert(client.assets:upload(world:path "again.png", { idempotency_key = "mine" }))
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
      assert(client.assets:upload(world:write("big.png", PNG, 3 * MB), { on_progress = on_progress }))
      assert.equal(3 * MB, seen[#seen])
    end)

    it("ends when on_progress raises, and names the asset if there is one", function()
      local function on_progress()
        error "enough"
      end
      local err = live.failure(client.assets:upload({ data = PNG }, { on_progress = on_progress }))
      assert.same({ "callback", world:assets()[1].id }, { err.kind, err.asset_id })
      assert.matches("on_progress raised: .*enough", err.message)
      sim:faults { { path = "/v3/assets", stall = "headers" } }
      err = live.failure(client.assets:upload({ data = PNG }, { on_progress = on_progress }))
      assert.same({ "callback", nil }, { err.kind, err.asset_id })
    end)

    it("says what the service says, with the name of the file", function()
      sim:faults { { path = "/v3/assets", status = 400, code = "invalid_parameter", message = "No good" } }
      local err = live.failure(client.assets:upload(world:write("bad.png", PNG)))
      assert.same({ "api", "invalid_parameter", 1 }, { err.kind, err.code, err.attempts })
      assert.matches('bad.png": No good', err.message)
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
        local name = world:write("changing.png", PNG, 200000)
        shell.must("touch -d '1 hour ago' " .. name)
        local err = live.failure(changing("on_request", "/v3/assets", function()
          world:write("changing.png", PNG .. "!", size)
        end).assets:upload(name))
        assert.same({ "file", 1 }, { err.kind, err.attempts })
        assert(err.message:find(name, 1, true), err.message)
        world:write("changing.png", PNG, 200000)
        shell.must("touch -d '1 hour ago' " .. name)
        err = live.failure(changing("on_response", "/direct-uploads", function()
          world:write("changing.png", PNG .. "!", size)
        end).assets:upload(name, QUICK))
        assert.equal("file", err.kind)
        assert(err.message:find(name, 1, true), err.message)
      end
      assert.equal(0, #world:assets())
      assert.equal(0, world:open_files())
    end)
  end)

  describe("in a task", function()
    it("can be cancelled, and leaves nothing open", function()
      local name = world:write("cancelled.png", PNG, 5 * MB)
      for _, options in ipairs { { direct = false }, QUICK } do
        sim:reset()
        sim:faults { { path = "/v3/assets", stall = true }, { path = "/uploads/*", stall = true } }
        heygen.run(function()
          local making = heygen.spawn(function()
            return client.assets:upload(name, options)
          end)
          live.until_true(function()
            return #sim:requests() == (options.direct and 2 or 1)
          end)
          making:cancel()
          assert.equal(1, world:open_files())
          local err = live.failure(making:join())
          assert.equal("cancelled", err.kind)
          assert.equal(options.direct, err.asset_id ~= nil)
        end)
      end
      assert.equal(0, core.engine():live())
      assert.equal(0, world:open_files())
    end)

    it("waits for a reader that waits itself", function()
      heygen.run(function()
        local next_piece = reader(PNG, 100)
        assert(client.assets:upload {
          read = function(wanted)
            heygen.sleep(0.001)
            return next_piece(wanted)
          end,
        })
      end)
    end)

    it("lets other tasks run while a file is digested #slow", function()
      local name = world:write("digested.png", PNG, 40 * MB)
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

  it("keeps to its deadline while a file is digested", function()
    local name = world:write("digested.png", PNG, 64 * MB)
    local err = live.failure(client.assets:upload(name, { deadline = 0.002 }))
    assert.same({ "timeout", "no" }, { err.kind, err.sent })
    assert.matches("the time was up before it had been read once", err.message)
    assert.equal(0, #sim:requests())
    assert.equal(0, world:open_files())
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
      shell.must(
        ("mkfifo %s; ln -s %s %s"):format(world:path "fifo", world:path "nowhere", world:path "dangling.png")
      )
      for name, wanted in pairs {
        [world:path "missing.png"] = "file: No such file",
        [world:path "dangling.png"] = "file: No such file",
        [directory] = "file: is not a regular file, but a directory",
        [world:path "fifo"] = "file: is not a regular file",
        ["/dev/zero"] = "file: is not a regular file",
        [world:write("empty.png", "")] = "invalid: is empty",
        [world:write("text.png", "hello")] = "invalid: is of a type that is not known; the service takes image/png",
        [world:write("slides.pptx", "PK\3\4")] = "invalid: is a ZIP archive",
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
      local name = world:write("large.png", PNG, 33 * MB)
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
        assert.matches('^client.assets:upload: "reader.png": read ', err.message)
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
      assert.equal(0, world:open_files())
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
      shell.must(
        "cp " .. world:write("plain.png", PNG) .. " " .. directory .. "/\"$(printf 'a\\nb\\377.png')\""
      )
      local asset = assert(client.assets:upload(world:path "a\nb\255.png"))
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
        assert.matches("^spec/upload/init_spec.lua:%d+: client.assets:upload: ", message)
        return (message:gsub("^.-client.assets:", ""))
      end
      assert.matches("^upload: expected a path, .* got nil", raised(nil))
      assert.matches("^upload: expected a path, .* got 5", raised(5))
      assert.matches("^upload: expected a path, ", raised {})
      assert.equal("upload: data: expected a string, got 5", raised { data = 5 })
      assert.equal("upload: path: expected a string, got table", raised { path = {} })
      assert.equal('upload: read: expected a function, got "x"', raised { read = "x" })
      assert.matches("^upload: expected only one of path, data and read", raised { path = "x", data = "y" })
      assert.equal("upload: size: is only valid together with read", raised { data = "x", size = 1 })
      assert.equal('upload: size: expected an integer >= 1, got "1"', raised { read = print, size = "1" })
      assert.equal('upload: bytes: unknown field, did you mean "data"?', raised { bytes = "x" })
      assert.equal('upload: filenam: unknown field, did you mean "filename"?', raised { filenam = "x" })
      assert.equal(
        'upload: directly: unknown option, did you mean "direct"?',
        raised("x", { directly = true })
      )
      assert.equal("upload: direct: expected a boolean, got 1", raised("x", { direct = 1 }))
      assert.equal("upload: deadline: expected seconds > 0, got 0", raised("x", { deadline = 0 }))
      assert.equal("upload: on_progress: expected a function, got true", raised("x", { on_progress = true }))
      assert.equal("upload: expected a table of options, got string", raised("x", "y"))
      assert.matches("^upload: a file and a table of options", raised("x", {}, 1))
      local ok, message = pcall(client.assets.upload, "x")
      assert.is_false(ok)
      assert.matches("call it with a colon: client.assets:upload", message)
      assert.equal(0, #sim:requests())
    end)
  end)
end)
