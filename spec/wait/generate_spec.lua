-- client:generate with `save`: the target is checked before anything is paid, and gets the video in the end.
local child = require "spec.support.child"
local live = require "spec.support.live"
local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"
local support = require "spec.support.sim"

local check = live.check

describe("a generation", function()
  local sim, client

  setup(function()
    sim = support.start { speed = 0 }
    client = live.client(sim)
  end)

  teardown(function()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
  end)

  describe("with save", function()
    local folder

    before_each(function()
      folder = os.tmpname()
      os.remove(folder)
      assert(os.execute("mkdir " .. folder))
      sim:clock { speed = 100000 }
    end)

    after_each(function()
      os.execute("rm -rf " .. folder)
    end)

    local function saved(save)
      return client:generate { prompt = "x", wait = live.QUICK, save = save }
    end

    it("downloads the video in the end, and gives its path", function()
      local video = assert(saved(folder .. "/a.mp4"))
      assert.same({ "completed", folder .. "/a.mp4" }, { video.status, video.path })
      assert(io.open(video.path, "rb")):close()
      assert.equal(folder .. "/a.mp4", assert(saved { path = folder .. "/a.mp4", overwrite = true }).path)
    end)

    it("checks the target before anything is paid", function()
      local taken = folder .. "/taken.mp4"
      assert(io.open(taken, "w")):close()
      for path, why in pairs {
        [folder] = "is a directory",
        [taken] = "exists",
        [folder .. "/none/a.mp4"] = "there is no directory " .. folder .. "/none/",
      } do
        local err = live.failure(saved(path))
        check(err, { kind = "file", sent = "no" })
        assert.matches(why, err.message, 1, true)
      end
      for why, given in pairs {
        ["save: expected the name of a file, got 7"] = 7,
        ['save: expected the name of a file, got ""'] = "",
        ['save.path: expected the name of a file, got ""'] = { path = "" },
        ['save.path: missing, write save = { path = "video.mp4" }'] = { overwrite = true },
      } do
        local ok, raised = pcall(saved, given)
        assert.is_false(ok)
        assert.matches("client:generate: " .. why, raised, 1, true)
      end
      local ok, raised = pcall(saved, { path = folder .. "/b.mp4", overwritten = true })
      assert.is_false(ok)
      assert.matches('save.overwritten: unknown option, did you mean "overwrite"', raised, 1, true)
      assert.equal(0, sim:counts().creates)
    end)

    it("writes next to the target before anything is paid, and leaves nothing there", function()
      local sentences = {
        ["/proc/a.mp4"] = "cannot create /proc/a.mp4.", -- no file can be made there, by root either
        [folder .. "/" .. ("a"):rep(300) .. ".mp4"] = "File name too long",
        [folder .. "/taken/a.mp4"] = "there is no directory",
      }
      scripts.write(folder .. "/taken", "a file")
      for path, why in pairs(sentences) do
        for _, overwrite in ipairs { false, true } do
          local err = live.failure(saved { path = path, overwrite = overwrite })
          check(err, { kind = "file", sent = "no" })
          assert.matches(why, err.message, 1, true)
        end
      end
      assert.equal(0, sim:counts().creates)
      local longest = folder .. "/" .. ("b"):rep(251) .. ".mp4"
      assert.equal(longest, assert(saved(longest)).path)
      assert.same({ "b", "taken" }, shell.lines(("cd %s && ls | sed 's/bb.*/b/'"):format(folder)))
    end)

    it("finds a full disk before anything is paid", function()
      local output = child.must(
        ([[
          local heygen = require "heygen"
          local client = heygen.new { api_key = "k", base_url = %q }
          local video, _, err = client:generate { prompt = "x", save = "%s/a.mp4" }
          print(video, err.kind, err.code, err.sent)
        ]]):format(sim.url, folder),
        "ulimit -f 0;"
      )
      assert.equal("nil\tfile\tdisk_full\tno", output)
      assert.equal(0, sim:counts().creates)
      assert.same({}, shell.lines("ls " .. folder))
    end)

    it("says how to get the video when the download fails", function()
      sim:faults { { path = "/files/*", status = 403 } }
      local err = live.failure(saved { path = folder .. "/a.mp4", deadline = 0.3 })
      assert.is_string(err.video_id)
      assert.matches(('client:download("%s", "%s/a.mp4")'):format(err.video_id, folder), err.message, 1, true)
    end)

    it("requires nothing after heygen.new", function()
      local required = require
      rawset(_G, "require", function(name)
        error("required: " .. name, 0)
      end)
      local ok, video, message = pcall(saved, folder .. "/d.mp4")
      rawset(_G, "require", required)
      assert.is_true(ok, video)
      assert(video, message)
    end)

    it("says the same at Ctrl-C while it downloads", function()
      local downloads = require "heygen.download"
      local download = downloads.download
      downloads.download = function()
        error("stdin:1: interrupted!", 0)
      end
      local ok, raised = pcall(saved, folder .. "/c.mp4")
      downloads.download = download
      assert.is_false(ok)
      local line = tostring(raised)
      assert.matches("interrupted! the video is ready: client:download(", line, 1, true)
      assert.matches(("%q)"):format(folder .. "/c.mp4"), line, 1, true)
    end)
  end)
end)
