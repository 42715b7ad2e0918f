-- Where a download goes: never through what was planted there, never over a file of another program, and not without
-- a word when the disk is full. Two at once do not disturb each other.
local child = require "spec.support.child"
local core = require "heygen.core"
local folder = require "spec.support.folder"
local heygen = require "heygen"
local lfs = require "lfs"
local live = require "spec.support.live"
local range_server = require "spec.support.range_server"
local shell = require "spec.support.shell"

local FIRST = range_server.FIRST

describe("the place of a download", function()
  local server, client
  local files = folder.new "video.mp4"
  local path, read, write, there = files.path, files.read, files.write, files.names
  local directory = files.directory

  setup(function()
    server = range_server.start()
    client = live.client(nil, { base_url = server.url })
    files.make()
  end)

  teardown(function()
    server:stop()
    files.remove()
  end)

  before_each(function()
    core.engine():close()
    range_server.start(server)
  end)

  after_each(function()
    files.empty()
  end)

  local count = 0
  local function url(mode, cut)
    count = count + 1
    return ("%s/%s/%d/%d"):format(server.url, mode, cut or 1000, count)
  end

  it("is not one that a link or a directory has, or no file at all", function()
    shell.must(
      ("cd %s && mkdir sub && ln -s sub there && ln -s nowhere dangling && mkfifo pipe"):format(directory)
    )
    local function refused(name, pattern, options)
      local err = live.failure(client:download(url "plain", path(name), options))
      assert.equal("file", err.kind)
      assert.equal("no", err.sent)
      assert.matches(pattern, err.message)
    end
    refused("sub", "is a directory: give the name of a file in it", { overwrite = true })
    refused("there", "is a directory", { overwrite = true })
    refused("sub/", "is a directory")
    refused("pipe", "is not a regular file; give a function", { overwrite = true })
    refused("dangling", "dangling exists; give another name, or overwrite = true")
    refused("none/video.mp4", "none/video.mp4.part: No such file or directory")
    refused(("x"):rep(300), "File name too long")
    assert.equal(0, #server:requests())
    assert.same({ "dangling", "pipe", "sub", "there" }, there())
  end)

  it("may have as long a name as any file, next to another such name", function()
    local long, other = ("n"):rep(254) .. "1", ("n"):rep(254) .. "2"
    assert(client:download(url "plain", path(long)))
    assert.equal(FIRST, read(long))
    assert.same({ long }, there())
    local address = url("refuses", 500)
    local err = live.failure(client:download(address, path(long), { overwrite = true }))
    assert.equal(500, err.received)
    assert(client:download(url "plain", path(other))) -- its part has the same name, and is of something else
    assert.equal(FIRST, read(other))
  end)

  it("stays where it was asked for when the process goes to another directory", function()
    local home = lfs.currentdir()
    finally(function()
      lfs.chdir(home)
    end)
    shell.must(("cd %s && mkdir here elsewhere"):format(directory))
    local function go_away()
      lfs.chdir(path "elsewhere")
    end
    for _, resume in ipairs { true, false } do
      lfs.chdir(path "here")
      local options = { overwrite = true, on_progress = go_away, resume = resume }
      assert.equal("video.mp4", client:download(url "plain", "video.mp4", options))
      assert.equal(FIRST, read "here/video.mp4")
      shell.must("rm " .. path "here/video.mp4")
    end
    lfs.chdir(path "here")
    assert.equal(path "here/video.mp4", core.absolute "video.mp4")
    assert.equal("/", core.absolute "/")
    lfs.chdir(home)
    assert.same({ "elsewhere", "here" }, there())
    assert.same({}, shell.lines("ls -A " .. path "here" .. " " .. path "elsewhere | grep video || true"))
  end)

  it("that cannot be had says why #once", function()
    -- Not even for root.
    local err = live.failure(client:download(url "plain", "/sys/video.mp4"))
    assert.not_matches("No such file", err.message)
    assert.equal(0, #server:requests())
  end)

  it("of a symbolic link is its own, not that of what it leads to", function()
    write("mine", "mine")
    shell.must(("cd %s && ln -s mine video.mp4"):format(directory))
    assert(client:download(url "plain", path(), { overwrite = true }))
    assert.equal("file", core.file_type(path()))
    assert.equal(FIRST, read())
    assert.equal("mine", read "mine")
  end)

  it("is another one where a link, a file or a directory stands in the way of the part", function()
    local function with(what)
      shell.must(("cd %s && echo secret >mine && %s"):format(directory, what))
      local before = there()
      assert(client:download(url "plain", path()))
      assert.equal(FIRST, read())
      assert.equal("secret\n", read "mine")
      os.remove(path())
      assert.same(before, there())
      local err = live.failure(client:download(url("refuses", 500), path()))
      assert.is_nil(err.part)
      assert.same(before, there())
      files.empty()
    end
    with "ln -s mine video.mp4.part"
    with "ln -s nowhere video.mp4.part"
    with "ln mine video.mp4.part"
    with "echo of another program >video.mp4.part"
    with "mkdir video.mp4.part"
    with "mkfifo video.mp4.part"
  end)

  it("does not write its note through a link either", function()
    write("mine", "mine")
    shell.must(("cd %s && ln -s mine video.mp4.part.json"):format(directory))
    assert.equal(500, live.failure(client:download(url("refuses", 500), path())).received)
    assert.equal("mine", read "mine")
    assert.equal("file", core.file_type(path "video.mp4.part.json"))
  end)

  it("is left alone by a second download to it, which has its own", function()
    server:serve [[
      local r = c:request()
      local body = r.target:rep(100)
      c:send(("HTTP/1.1 200 OK\r\nETag: \"%s\"\r\nContent-Length: %d\r\n\r\n"):format(r.target, #body))
      for index = 1, #body, 100 do
        c:send(body:sub(index, index + 99))
        c:sleep(0.005)
      end
    ]]
    local results = {}
    heygen.run(function()
      for index = 1, 3 do
        heygen.spawn(function()
          results[index] = { client:download(server.url .. "/" .. index, path(), { overwrite = index > 1 }) }
        end)
      end
    end)
    local saved = 0
    for index = 1, 3 do
      if results[index][1] then
        saved = saved + 1
      else
        assert.equal(1, index) -- it found a file that the others had saved before
        assert.matches("exists", results[index][2])
      end
    end
    assert.is_true(saved >= 2)
    assert.matches("^/%d/%d", read())
    assert.equal(read():sub(1, 2):rep(100), read())
    assert.same({ "video.mp4" }, there())
  end)

  it("is locked for other processes as well #once", function()
    local output = assert(core.output(path "video.mp4.part", true))
    local code = ([[
      local core = require "heygen.core"
      local output, message, code = core.output(%q, true)
      print(output, code)
    ]]):format(path "video.mp4.part")
    assert.equal("nil\tbusy", child.must(code))
    output:close()
    assert.matches("^heygen.output", child.must(code))
    assert.same({}, there())
  end)

  -- What a process leaves that ends in the middle.
  it("holds what is resumed after a crash #once", function()
    local code = ([[
      local heygen = require "heygen"
      local client = heygen.new { api_key = "k", base_url = %q }
      client:download(%q, %q, {
        on_progress = function(event)
          if event.received == 600 then
            io.popen("kill -9 $PPID"):close()
          end
        end,
      })
    ]]):format(server.url, server.url .. "/stalls", path())
    server:serve [[
      local r = c:request()
      c:send('HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 1000\r\n\r\n' .. ("x"):rep(600))
      c:gone()
    ]]
    local _, status = child.run(code)
    assert.is_true(status >= 128)
    assert.same({ "video.mp4.part", "video.mp4.part.json" }, there())
    server:serve [[
      local r = c:request()
      c:send('HTTP/1.1 206 X\r\nETag: "1"\r\nContent-Range: bytes 600-999/1000\r\nContent-Length: 400\r\n\r\n'
        .. ("y"):rep(400))
    ]]
    assert(client:download(server.url .. "/stalls", path()))
    assert.equal(("x"):rep(600) .. ("y"):rep(400), read())
    assert.equal("bytes=600-", server:requests()[1].headers.range)
  end)

  -- A limit on the size of files stands in for a full disk: the same write fails.
  it("that is full says so, and keeps what has come #once", function()
    server:answers(200, ("x"):rep(5000), 'ETag: "1"\r\n')
    local code = ([[
      local heygen = require "heygen"
      local client = heygen.new { api_key = "k", base_url = %q }
      local saved, message, err = client:download(%q, %q)
      print(saved, err.kind, err.code, err.received, err.retryable, err.attempts)
      print(message)
    ]]):format(server.url, server.url .. "/video", path())
    local output = child.must(code, "ulimit -f 4;") -- blocks of 512 or 1024 bytes
    assert.matches("^nil\tfile\tdisk_full\t[24]0[49][68]\tfalse\t1\n", output)
    assert.matches("cannot write .-video.mp4.part: File too large", output)
    assert.matches("bytes are in .-video.mp4.part, where the next call resumes", output)
    assert.same({ "video.mp4.part", "video.mp4.part.json" }, there())
    output = child.must((code:gsub("video.mp4", "other.mp4", 1)), "ulimit -f 0;")
    assert.matches("disk_full", output)
    assert.same({ "video.mp4.part", "video.mp4.part.json" }, there())
  end)

  it("is not left with anything where a coroutine is never resumed", function()
    server:serve [[
      local r = c:request()
      c:send('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc')
      c:gone()
    ]]
    heygen.run(function()
      local task = heygen.spawn(client.download, client, server.url .. "/video", path(), { resume = false })
      live.until_true(function()
        return #there() == 1
      end)
      task:cancel()
      assert.equal("cancelled", live.failure(task:join()).kind)
    end)
    assert.same({}, there())
    -- An output that is collected removes its file, unless it is to be kept and has something in it.
    local kept = assert(core.output(path "kept", true))
    assert(core.output(path "own"))
    collectgarbage()
    collectgarbage()
    assert.same({ "kept" }, there())
    kept:close()
    assert.same({}, there())
  end)
end)
