-- What a download has brought is on the disk before it gets its name, and a slow disk holds up no other task.
local child = require "spec.support.child"
local raw = require "spec.support.raw"
local shell = require "spec.support.shell"

describe("a download onto a slow disk #once #native", function()
  local server, directory, library

  setup(function()
    server = raw.start()
    server:answers(200, "a video")
    directory = child.scratch()
    shell.must("mkdir " .. directory)
    library = directory .. "/slow.so"
    shell.must(
      "gcc -std=c11 -Wall -Wextra -Werror -shared -fPIC -O2 -o " .. library .. " spec/support/slow_sync.c"
    )
  end)

  teardown(function()
    server:stop()
    shell.must("rm -r " .. directory)
  end)

  -- Runs it in frames; the longest of these, in seconds.
  local function run(body, environment)
    local code = ([[
      local core = require "heygen.core"
      local heygen = require "heygen"
      local client = heygen.new { api_key = "k", base_url = %q }
      local url, path = %q, %q
      local longest = 0
      local function frames(task)
        while not task:done() do
          local began = core.now()
          client:update(0.002)
          longest = math.max(longest, core.now() - began)
          core.engine():wait(0.001)
        end
      end
      %s
      print("longest", longest)
    ]]):format(server.url, server.url .. "/video", directory .. "/video.mp4", body)
    local log = directory .. "/log"
    os.remove(log)
    os.remove(directory .. "/video.mp4")
    local preload = ("SLOW_SYNC_LOG=%s LD_PRELOAD=%s %s"):format(log, library, environment or "")
    local output = child.must(code, preload)
    local longest = tonumber(output:match "longest%s+([%d.e-]+)")
    assert.is_true(longest < 0.3, output) -- less than one of the syncs
    return output, shell.lines("sed 's|^" .. directory .. "|.|' " .. log)
  end

  it("syncs the file under its old name, then the directory, in threads", function()
    local output, synced = run [[
      local task = heygen.spawn(client.download, client, url, path)
      frames(task)
      print(task:join())
    ]]
    assert.matches("video.mp4", output)
    assert.same({ "./video.mp4.part", "." }, synced)
  end)

  it("gets no name, and leaves nothing, when the disk fails", function()
    for number, case in pairs { [5] = { "Input/output error", "nil" }, [28] = { "No space left", "disk_full" } } do
      local output, synced = run(
        [[
          local task = heygen.spawn(client.download, client, url, path)
          frames(task)
          local _, message, err = task:join()
          print(message)
          print("kind", err.kind, err.code, err.part)
          print("there", (core.file_type(path)), (core.file_type(path .. ".part")))
        ]],
        "SLOW_SYNC_ERROR=" .. number
      )
      assert.matches("cannot write .-video.mp4.part: " .. case[1], output)
      assert.matches("kind\tfile\t" .. case[2] .. "\tnil", output)
      assert.matches("there\tnil\tnil", output)
      assert.same({ "./video.mp4.part" }, synced)
    end
  end)

  it("has no name yet when it is cancelled during this", function()
    local output, synced = run [[
      local task = heygen.spawn(client.download, client, url, path)
      frames { done = function() return core.file_type(path .. ".part") end }
      local began = core.now()
      frames { done = function() return core.now() - began > 0.1 end }
      task:cancel()
      frames(task)
      print(select(2, task:join()))
      print("there", (core.file_type(path)))
    ]]
    assert.matches("cancelled", output)
    assert.matches("there\tnil", output)
    assert.same(1, #synced) -- the end of the process has waited for it
  end)
end)
