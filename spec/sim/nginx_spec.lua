-- The nginx front as it is seen from outside: several workers that are one service, faults, a clean end. #once
local eventually = require "spec.support.eventually"
local cjson = require "cjson"
local process = require "spec.support.process"
local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"
local socket = require "socket"
local support = require "spec.support.sim"

-- curl's exit status and what it wrote.
local function curl(arguments)
  local pipe = io.popen("curl -sS --max-time 20 " .. arguments .. ' 2>&1; echo "[$?]"')
  local output, status = pipe:read("*a"):match "^(.*)%[(%d+)%]\n$"
  pipe:close()
  return tonumber(status), output
end

-- The children of a process, and theirs.
local function descendants(pid)
  local found = {}
  for _, child in ipairs(shell.lines("ps -o pid= --ppid " .. pid .. " || true")) do
    child = child:match "%d+"
    found[#found + 1] = child
    for _, each in ipairs(descendants(child)) do
      found[#found + 1] = each
    end
  end
  return found
end

local function own_pid()
  local pipe = io.popen "echo $PPID"
  local pid = pipe:read "*l"
  pipe:close()
  return pid
end

local function all_gone(pids)
  for _, pid in ipairs(pids) do
    if process.alive(pid) then
      return false
    end
  end
  return true
end

local CREATE = [[-H 'x-api-key: k' -d '{"prompt":"hello"}' ]]

describe("the nginx front #once", function()
  describe("with four workers", function()
    local server

    setup(function()
      server = support.start { front = "nginx", workers = 4, speed = 600 }
    end)

    teardown(function()
      server:stop()
    end)

    before_each(function()
      server:reset()
    end)

    it("is one service: each create is there for every worker, and none twice", function()
      local made = {}
      local pipe = io.popen(
        "seq 200 | xargs -P 8 -I{} curl -sS "
          .. CREATE
          .. server.url
          .. "/v3/video-agents | grep -o 'sess_[0-9a-f]*'"
      )
      for id in pipe:lines() do
        assert.is_nil(made[id], "twice: " .. id)
        made[id], made[#made + 1] = true, id
      end
      pipe:close()
      assert.equal(200, #made)
      -- Each poll is a new connection, so all workers have their turn.
      for i = 1, 200 do
        local status, body = server:api("GET", "/v3/video-agents/" .. made[i])
        assert.equal(200, status)
        assert.equal(made[i], body.data.session_id)
      end
      local counts = server:counts()
      assert.equal(200, counts.creates)
      assert.equal(200, counts.polls)
      assert.equal(200, counts.by_route["POST /v3/video-agents"])
    end)

    it("has one clock, one behaviour, one set of faults", function()
      local _, made = server:api("POST", "/v3/video-agents", { prompt = "x" })
      server:clock { advance = 720 }
      server:behaviour { clip_seconds = 7 }
      server:faults { { path = "/v3/videos/statuses", times = 5, status = 503 } }
      local refused = 0
      for _ = 1, 30 do
        local status, session = server:api("GET", "/v3/video-agents/" .. made.data.session_id)
        assert.equal(200, status)
        assert.equal("completed", session.data.status)
        local code = server:api("GET", "/v3/videos/statuses?video_ids=x")
        refused = refused + (code == 503 and 1 or 0)
        assert.equal(7, server:state().behaviour.clip_seconds)
      end
      assert.equal(5, refused)
      local rule = server:state().faults[1]
      assert.equal(30, rule.seen)
      assert.equal(5, rule.fired)
    end)

    it("forgets all of it at a reset", function()
      local _, made = server:api("POST", "/v3/video-agents", { prompt = "x" })
      server:reset()
      for _ = 1, 20 do
        assert.equal(404, (server:api("GET", "/v3/video-agents/" .. made.data.session_id)))
      end
      assert.equal(0, server:counts().creates)
    end)

    it("serves a finished file whichever worker signed for it", function()
      local _, made = server:api("POST", "/v3/video-agents", { prompt = "x" })
      server:clock { advance = 720 }
      local _, session = server:api("GET", "/v3/video-agents/" .. made.data.session_id)
      local seen = {}
      for _ = 1, 20 do
        local _, video = server:api("GET", "/v3/videos/" .. session.data.video_id)
        local path = video.data.video_url:sub(#server.url + 1)
        assert.is_nil(seen[path])
        seen[path] = true
        local status, body = server:exchange("GET", path)
        assert.equal(200, status)
        assert.equal("ftyp", body:sub(5, 8))
      end
    end)

    it("lists the requests of all workers in one order", function()
      for i = 1, 40 do
        server:api("GET", "/v3/videos?limit=" .. i)
      end
      local seen = server:requests(40)
      for i, entry in ipairs(seen) do
        assert.equal("/v3/videos?limit=" .. i, entry.target)
        assert.equal("****", entry.headers["x-api-key"])
      end
      assert.equal(40, #seen)
    end)

    it("lists them while workers answer others, each with its end once its answer has come", function()
      local connections = {}
      for n = 1, 8 do
        connections[n] = server:connect()
      end
      local head = "POST /v3/video-agents HTTP/1.1\r\nHost: x\r\nX-Api-Key: k\r\nContent-Length: 14\r\n\r\n"
      for round = 1, 20 do
        for _, connection in ipairs(connections) do
          connection:send(head .. '{"prompt":"x"}')
        end
        for _ = 1, 5 do
          server:requests()
        end
        for _, connection in ipairs(connections) do
          support.receive(connection)
        end
        local list = server:requests()
        assert.equal(8 * round, #list)
        for _, entry in ipairs(list) do
          assert.equal("kept", entry.ending)
        end
      end
      for _, connection in ipairs(connections) do
        connection:close()
      end
    end)

    it("continues when a worker is killed: the next one plays all records", function()
      local _, made = server:api("POST", "/v3/video-agents", { prompt = "x" })
      local killed = 0
      for _, pid in ipairs(descendants(own_pid())) do
        if shell.run("ps -o args= -p " .. pid):find("nginx: worker", 1, true) then
          os.execute("kill -9 " .. pid)
          killed = killed + 1
        end
      end
      assert.equal(4, killed)
      assert.is_truthy(eventually(function()
        local ok, status = pcall(server.api, server, "GET", "/v3/video-agents/" .. made.data.session_id)
        return ok and status == 200
      end))
      for _ = 1, 20 do
        assert.equal(200, (server:api("GET", "/v3/video-agents/" .. made.data.session_id)))
      end
      assert.equal(1, server:counts().creates)
    end)
  end)

  describe("plays the fault on HTTP/1", function()
    local server

    setup(function()
      server = support.start { front = "nginx", speed = 600 }
    end)

    teardown(function()
      server:stop()
    end)

    before_each(function()
      server:reset()
    end)

    local GET = "GET /v3/videos HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\n\r\n"

    it("reset, also after a part of the answer", function()
      server:faults { { nth = 1, reset = true }, { nth = 2, reset = true, close = "body" } }
      for _ = 1, 2 do
        assert.equal(56, (curl("-o /dev/null -H 'x-api-key: k' " .. server.url .. "/v3/videos")))
      end
    end)

    it("close before, in the headers, in the body", function()
      server:faults {
        { nth = 1, close = "before" },
        { nth = 2, close = "headers" },
        { nth = 3, close = "body" },
      }
      assert.same({ "", "closed" }, { server:all(GET) })
      local answer, ending = server:all(GET)
      assert.equal("closed", ending)
      assert.matches("^HTTP/1.1 200 OK\r\n", answer)
      assert.is_nil(answer:find("\r\n\r\n", 1, true))
      answer, ending = server:all(GET)
      assert.equal("closed", ending)
      local head, body = answer:match "^(.-\r\n\r\n)(.*)$"
      assert.is_true(#body > 0 and #body < tonumber(head:match "Content%-Length: (%d+)"))
    end)

    it("stall, drip, delay, garbage", function()
      server:faults {
        { nth = 1, stall = true },
        { nth = 2, stall = "body" },
        { nth = 3, garbage = true },
        { nth = 4, delay = 0.2, drip = { bytes = 10, every = 0.01 } },
        { nth = 5, stall = "headers" },
      }
      assert.same({ "", "timeout" }, { server:stalled(GET) })
      local answer, ending = server:stalled(GET, "\r\n\r\n.")
      assert.equal("timeout", ending)
      assert.matches("^HTTP/1.1 200 OK\r\n.*\r\n\r\n.", answer)
      answer, ending = server:all(GET)
      assert.equal("closed", ending)
      assert.is_nil(answer:find("HTTP", 1, true))
      local start = socket.gettime()
      local status, body = server:api("GET", "/v3/videos")
      assert.is_true(socket.gettime() - start >= 0.19)
      assert.equal(200, status)
      assert.same({}, body.data)
      answer, ending = server:stalled(GET, "\r\n")
      assert.equal("timeout", ending)
      assert.matches("^HTTP/1.1 200 OK\r\n", answer)
      assert.is_nil(answer:find("\r\n\r\n", 1, true))
    end)

    it("what nginx itself refuses has the service's envelope", function()
      for bytes, status in pairs {
        ["GET /v3/videos HTTP/1.1\r\nHost: x\r\nA: " .. ("a"):rep(300000) .. "\r\n\r\n"] = 400,
        ["GET / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n"] = 400,
        ["POST /v3/video-agents HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\nContent-Length: 1000000000\r\n\r\n"] = 413,
      } do
        local answer = server:all(bytes)
        local head, body = answer:match "^(.-)\r\n\r\n(.*)$"
        local seen = tonumber(head:match "^HTTP/1.1 (%d+)")
        assert.is_true(seen == status or seen == 431, head)
        assert.is_string(cjson.decode(body).error.code)
      end
      assert.equal(200, (server:api("GET", "/v3/videos")))
    end)
  end)

  describe("ends", function()
    local room

    setup(function()
      room = shell.must "mktemp -d"
    end)

    teardown(function()
      shell.must("rm -r " .. room)
    end)

    local function start()
      local path = os.tmpname()
      os.remove(path)
      -- The shell tells its number, and becomes the simulator.
      local command = "echo $$ >%s.pid; exec env TMPDIR=%s lua5.4 bin/heygen-sim --port 0 --front nginx --tls"
        .. " --until-stdin-closes --url-file %s >/dev/null"
      local pipe = io.popen(command:format(path, room, path), "w")
      assert.is_truthy(eventually(function()
        local file = io.open(path)
        return file and file:close()
      end))
      local file = assert(io.open(path .. ".pid"))
      local pid = file:read "*l"
      file:close()
      os.remove(path .. ".pid")
      return pipe, pid, path
    end

    local function directories()
      return shell.lines("ls " .. room)
    end

    it("with its parent, and leaves nothing behind", function()
      local pipe, pid, path = start()
      local family = descendants(pid)
      assert.is_true(#family >= 3)
      assert.equal(1, #directories())
      -- One line, for $(cat FILE), though the output has two.
      assert.matches("^https://[^\n]+\n$", scripts.read(path))
      pipe:close()
      assert.is_true(all_gone(family))
      assert.same({}, directories())
      assert.is_nil(io.open(path))
    end)

    it("when nginx does, and says so", function()
      local errors = room .. ".err"
      local command = "TMPDIR="
        .. room
        .. " lua5.4 bin/heygen-sim --port 0 --front nginx --until-stdin-closes"
      local pipe = io.popen("{ " .. command .. "; echo status $?; } >" .. errors .. " 2>&1", "w")
      local master
      assert.is_truthy(eventually(function()
        local found = shell.run("cat " .. room .. "/heygen-sim-*/nginx.pid")
        master = found:match "^%d+$"
        return master and shell.run("cat " .. errors):find("http://", 1, true)
      end))
      shell.must("kill -9 " .. master)
      assert.is_truthy(eventually(function()
        return shell.run("cat " .. errors):find("status", 1, true)
      end))
      assert.matches("nginx has ended by itself.*status 1$", (shell.run("cat " .. errors)))
      pipe:close()
      os.remove(errors)
      assert.same({}, directories())
    end)

    it("when the simulator is killed outright, too", function()
      local pipe, pid, path = start()
      local family = descendants(pid)
      os.execute("kill -9 " .. pid)
      pipe:close()
      assert.is_truthy(eventually(function()
        return all_gone(family) and #directories() == 0
      end))
      os.remove(path)
    end)
  end)
end)
