-- Redirects of downloads: followed where that is safe, never with a credential, never for ever.
local core = require "heygen.core"
local downloading = require "spec.support.downloading"
local live = require "spec.support.live"
local shell = require "spec.support.shell"

describe("a download", function()
  local sim, server, client
  local world = downloading.new()
  local path, read, write = world.folder.path, world.folder.read, world.folder.write
  local directory = world.folder.directory
  local make_video, true_file = world.make_video, world.true_file

  setup(function()
    sim, server, client = world.start()
  end)

  teardown(world.stop)

  before_each(function()
    sim:reset()
  end)

  after_each(world.check)

  local function no_file()
    assert.is_nil(read())
  end

  describe("that is redirected", function()
    local function to(location, status)
      sim:faults { { path = "/files/*", redirect = location, status = status, times = 1 } }
    end

    for _, status in ipairs { 301, 302, 307, 308 } do
      it("follows with " .. status .. ", without a credential", function()
        local video = make_video()
        server:answers(200, "another file")
        to(server.url .. "/elsewhere.mp4?x=1", status)
        assert(client:download(video, path()))
        assert.equal("another file", read())
        local headers = server:requests()[1].headers
        assert.matches("heygen%-lua/", headers["user-agent"])
        assert.is_nil(headers["x-api-key"])
        core.engine():close() -- the next connection is a new one, which the server notes
      end)
    end

    it("follows a path, and one relative to the file", function()
      local video = make_video()
      local wanted, target = true_file(video), video.video_url:match "^http://[^/]+(.*)$"
      to(target)
      assert(client:download(video, path "1"))
      assert.equal(wanted, read "1")
      to((target:gsub("^/files/", "")))
      assert(client:download(video, path "2"))
      assert.equal(wanted, read "2")
      to(sim.url:gsub("^http:", "") .. target)
      assert(client:download(video, path "3"))
      assert.equal(wanted, read "3")
    end)

    it("gives up on a loop, and on one that leads nowhere", function()
      local video = make_video()
      sim:faults { { path = "/files/*", redirect = video.video_url } }
      local before = sim:counts().downloads
      local err = live.failure(client:download(video, path()))
      assert.equal("api", err.kind)
      assert.equal(302, err.status)
      assert.matches("too many redirects", err.message)
      assert.equal(6, sim:counts().downloads - before)
      sim:faults {}
      sim:faults { { path = "/files/*", redirect = "?" } }
      assert.matches("leads nowhere", live.failure(client:download(video, path())).message)
      no_file()
    end)

    it("does not go to plain http on another machine, nor to another protocol", function()
      local video = make_video()
      for _, location in ipairs {
        "http://example.com/x.mp4?X-Amz-Signature=0123456789",
        "ftp://127.0.0.1/x?X-Amz-Signature=0123456789",
        "https://user:0123456789@127.0.0.1/x",
        "file:///etc/passwd",
      } do
        to(location)
        local err = live.failure(client:download(video, path()))
        assert.equal("invalid", err.kind, location)
        assert.equal(0, live.find(err, "0123"), location)
        sim:faults {}
      end
      no_file()
    end)

    it("does not go from another network to this machine or a private network", function()
      local outer = live.client(nil, { allow_http = true, proxy = server.url, max_retries = 0 })
      for _, host in ipairs { "127.0.0.1", "localhost", "10.1.2.3", "[::1]", "169.254.169.254", "2130706433" } do
        server:serve(
          ("c:request() c:answer(302, '', 'Location: http://%s/x\\r\\nConnection: close\\r\\n') c:close()"):format(
            host
          )
        )
        local err = live.failure(outer:download("http://example.com/x.mp4", path()))
        assert.equal("invalid", err.kind, host)
        assert.matches("of this machine or of a private network", err.message)
        err = live.failure(outer:download({ video_url = "http://" .. host .. "/x.mp4" }, path()))
        assert.equal("invalid", err.kind, host)
        assert.equal("no", err.sent)
        assert.equal(1, #server:seen())
      end
      no_file()
    end)

    it("does not go from https to plain http, not even to this machine", function()
      local name = function(suffix)
        return directory .. "/tls" .. suffix
      end
      shell.must(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
          .. (" -addext subjectAltName=IP:127.0.0.1 -keyout %s -out %s"):format(name ".key", name ".crt")
      )
      server:answers(200, "in the clear")
      write("moved", "HTTP/1.0 302 Found\r\nLocation: " .. server.url .. "/x.mp4\r\n\r\n")
      -- In this mode it does not read its standard input, so its end must be told by its number.
      local program = "openssl s_server -HTTP -accept 127.0.0.1:0 -cert tls.crt -key tls.key"
      local pid = shell.must(("cd %s; env -u LD_PRELOAD %s >port 2>&1 & echo $!"):format(directory, program))
      local port = live.until_true(function()
        return (read "port" or ""):match "ACCEPT%s+%S-:(%d+)"
      end)
      local other = live.client(sim, { ca_file = name ".crt" })
      local err = live.failure(other:download("https://127.0.0.1:" .. port .. "/moved", path()))
      assert.matches("a redirect from https to plain http was refused", err.message)
      assert.equal(302, err.status)
      -- Without the certificate nothing is fetched at all, and it is not tried twice.
      err = live.failure(client:download("https://127.0.0.1:" .. port .. "/moved", path()))
      assert.equal("certificate", err.code)
      assert.equal(1, err.attempts)
      shell.must("kill " .. pid)
      no_file()
    end)
  end)
end)
