-- Memory that runs out once, anywhere in a whole generate and download: an allocation of Lua's, or one of C. Nothing
-- hangs, nothing is created twice, and a session whose answer has come is known. Each case is a process of its own.
local folder = require "spec.support.folder"
local sample = require "spec.support.sample"
local shell = require "spec.support.shell"
local support = require "spec.support.sim"

-- In other libraries a failure may end the process: libcrypto (RAND_bytes takes a lock that is not there) and libcurl
-- 7.88 (a hash without slots) crash, lua-cjson exits. None of it is ours; more than a few would be.
local DEATHS = 0.05

describe("memory that runs out #once #native", function()
  local files = folder.new()
  local sim

  setup(function()
    sim = support.start { speed = 100000 }
    files.make()
    shell.must(
      "gcc -std=c11 -Wall -Wextra -Werror -shared -fPIC -O2 $(pkg-config --cflags lua5.4) -o "
        .. files.path "torture.so"
        .. " spec/support/torture.c"
    )
  end)

  teardown(function()
    sim:stop()
    files.remove()
  end)

  -- Lets the n-th allocation fail; what the process has printed, its exit status, and how many creates there were.
  local function run(kind, n)
    local before = sim:counts().creates
    local library = files.path "torture.so"
    local output, status = shell.run(
      ("LD_PRELOAD=%s timeout 100 lua5.4 spec/support/torture_story.lua %s %s %s %s %d"):format(
        library,
        library,
        sim.url,
        files.path "video.mp4",
        kind,
        n
      )
    )
    return output, status, sim:counts().creates - before
  end

  local function complaint(output, status, creates)
    if status == 124 then
      return "hangs"
    elseif creates > 1 then
      return "was created " .. creates .. " times"
    elseif output:find "failed no" and creates == 1 then
      return "was created, and is said to be unsent"
    elseif output:find "raised" and creates == 1 and not output:find "session sess_" then
      return "was created, and its session is lost"
    end
  end

  for _, kind in ipairs { "lua", "malloc" } do
    it("loses nothing that is paid for: " .. kind, function()
      local output, status, creates = run(kind, 1e9)
      assert.same({ 0, 1 }, { status, creates }, output)
      local last = tonumber(output:match "saved\nallocations (%d+)$")
      assert(last and last > 100, output)
      local complaints, runs, deaths, failures = {}, 0, 0, 0
      local n = 1
      while n <= last do
        output, status, creates = run(kind, n)
        runs = runs + 1
        deaths = deaths + ((status == 0 or status == 124) and 0 or 1)
        failures = failures + (output:find "allocations %d+ failed" and 1 or 0)
        local what = complaint(output, status, creates)
        complaints[#complaints + 1] = what and ("%d %s: %s"):format(n, what, output)
        n = n + sample(n < 150 and 4 or math.ceil(last / 30)) -- the create is among the first
      end
      assert.same({}, complaints)
      assert.is_true(failures > runs * 0.8)
      assert.is_true(deaths <= math.max(2, runs * DEATHS), deaths .. " of " .. runs .. " have died")
    end)
  end
end)
