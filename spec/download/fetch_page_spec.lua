-- What file servers send in place of a file, and odd ways to send one: a download is what was asked for, or an error.
local core = require "heygen.core"
local folder = require "spec.support.folder"
local heygen = require "heygen"
local live = require "spec.support.live"
local raw = require "spec.support.raw"

local VIDEO = ("\0\0\0\24ftypmp42" .. ("video"):rep(2000)):sub(1, 8000)
local HTML = "<!DOCTYPE html><html><body>Not available " .. ("x"):rep(3000) .. "</body></html>"
local XML = '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'

describe("a download", function()
  local server, client
  local files = folder.new "video.mp4"
  local path, read = files.path, files.read

  setup(function()
    files.make()
    server = raw.start()
    client = heygen.new { api_key = "k", base_url = server.url, retry_base = 0.01 }
  end)

  teardown(function()
    server:stop()
    files.remove()
  end)

  after_each(function()
    server:requests() -- raises what went wrong in a script
    files.empty()
  end)

  local code, runs = nil, 0

  -- Lets the server count from one again.
  local function restart()
    core.engine():close() -- its connections have the script that was there before
    runs = runs + 1
    server:serve(([[
      if run ~= %d then
        run, fresh, asked, rounds = %d, 0, 0, 0
      end
      local VIDEO, HTML, XML = %q, %q, %q
      local function part(from, status, headers)
        c:answer(status, VIDEO:sub(from + 1),
          ("ETag: \"a\"\r\nContent-Range: bytes %%d-%%d/%%d\r\n"):format(from, #VIDEO - 1, #VIDEO)
            .. (headers or ""))
      end
      while true do
        local r = c:request()
        if not r then break end
        if r.target:find "^/v3/videos/" then
          fresh = fresh + 1
          c:answer(200, ('{"data":{"id":"v1","status":"completed","video_url":"%s/f.mp4?fresh=%%d"}}'):format(fresh),
            "Content-Type: application/json\r\n")
        else
          asked = asked + 1
          local n, first = asked, tonumber((r.headers.range or ""):match "=(%%d+)")
          %s
        end
      end
    ]]):format(runs, runs, VIDEO, HTML, XML, server.url, code))
  end

  -- /v3/videos/v1 gives a new address at each call; `answer` answers the request `r` for a file, the `n`th one.
  local function serve(answer)
    code = answer
    restart()
  end

  local function video(query)
    return { id = "v1", status = "completed", video_url = server.url .. "/f.mp4" .. (query or "?old") }
  end

  local function collector()
    local pieces = {}
    return function(bytes)
      pieces[#pieces + 1] = bytes
    end, function()
      return table.concat(pieces)
    end
  end

  -- Fetches to a file and to a function. Returns what they have then.
  local function both(source, options)
    restart()
    local saved, _, file_err = client:download(source, path(), options)
    local in_file = saved and read()
    restart()
    local sink, got = collector()
    local size, _, sink_err = client:download(source, sink, options)
    return in_file, size and got(), file_err, sink_err, got()
  end

  local function brings_video(source, options)
    local in_file, given, file_err, sink_err = both(source, options)
    assert.equal(VIDEO, in_file, tostring(file_err))
    assert.equal(VIDEO, given, tostring(sink_err))
  end

  describe("is not a page in place of the file", function()
    local PAGES = {
      ["HTML by its type"] = 'c:answer(200, HTML, "Content-Type: text/html; charset=utf-8\\r\\n")',
      ["HTML that calls itself a video"] = 'c:answer(200, HTML, "Content-Type: video/mp4\\r\\n")',
      ["XML of a storage"] = 'c:answer(200, XML, "Content-Type: application/xml\\r\\n")',
      ["XML without a type"] = "c:answer(200, XML)",
      ["JSON"] = [[c:answer(200, '{"error":"gone"}', "Content-Type: binary/octet-stream\r\n")]],
      ["HTML without a length"] = 'c:send("HTTP/1.1 200 OK\\r\\n\\r\\n" .. HTML) c:close() return',
      ["status 202"] = 'c:answer(202, "{}", "Content-Type: application/json\\r\\n")',
    }
    for name, answer in pairs(PAGES) do
      it("but is had from a fresh address: " .. name, function()
        serve(
          "if n == 1 then " .. answer .. " else c:answer(200, VIDEO, 'Content-Type: video/mp4\\r\\n') end"
        )
        brings_video(video())
      end)

      it("but an error with its beginning: " .. name, function()
        files.write("old.mp4", "a good one")
        serve(answer)
        local _, _, file_err, sink_err, given = both(video(), { deadline = 20 })
        for _, err in ipairs { file_err, sink_err } do
          assert.equal("not_a_file", err.code)
          assert.equal("api", err.kind)
          assert.equal(3, err.attempts)
          assert.equal("v1", err.video_id)
          assert.is_true(#err.last > 0 and #err.last <= 2000)
          assert.matches("^[<{]", err.last)
        end
        assert.equal("", given)
        assert.same({ "old.mp4" }, files.names())
      end)
    end

    it("and keeps what had come before it", function()
      serve [[
        if n == 1 then
          c:send(("HTTP/1.1 200 OK\r\nETag: \"a\"\r\nContent-Length: %d\r\n\r\n"):format(#VIDEO) .. VIDEO:sub(1, 5000))
          c:close()
          return
        elseif n <= 4 then
          c:answer(200, HTML, "Content-Type: text/html\r\n")
        else
          part(first, 206)
        end
      ]]
      local err = live.failure(client:download(video(), path(), { deadline = 20 }))
      assert.equal("not_a_file", err.code)
      assert.equal(5000, err.received)
      assert(client:download(video(), path()))
      assert.equal(VIDEO, read())
    end)

    it("that comes in two parts", function()
      serve [[
        local from = n == 1 and 0 or first or 0
        local part = ("HTTP/1.1 %d OK\r\nETag: \"a\"\r\nContent-Length: %d\r\nContent-Range: bytes %d-%d/%d\r\n\r\n")
          :format(n == 1 and 200 or 206, #HTML - from, from, #HTML - 1, #HTML)
        c:send(part .. HTML:sub(from + 1, n == 1 and 2000 or #HTML))
        if n == 1 then c:close() return end
      ]]
      local _, _, file_err, _, given = both(video(), { deadline = 20 })
      assert.equal("not_a_file", file_err.code)
      assert.equal("", given)
      assert.same({}, files.names())
    end)

    it("unless that is what was asked for", function()
      serve "c:answer(200, XML, 'Content-Type: application/xml\\r\\n')"
      assert(client:download(server.url .. "/notes.xml", path "notes.xml"))
      assert.equal(XML, read "notes.xml")
      local err = live.failure(client:download(server.url .. "/video.MP4?x=1", path(), { deadline = 20 }))
      assert.equal("not_a_file", err.code)
      err = live.failure(client:download(server.url .. "/video", path "a.webm", { deadline = 20 }))
      assert.equal("not_a_file", err.code)
    end)
  end)

  it("is never empty #once", function()
    serve [[c:answer(200, "", "Content-Type: video/mp4\r\n")]]
    local _, _, file_err, sink_err = both(video(), { deadline = 3 })
    assert.equal("truncated", file_err.code)
    assert.equal("truncated", sink_err.code)
    assert.is_nil(read())
  end)

  it("asks for a fresh address however an expired one is told", function()
    for _, status in ipairs { 400, 401, 403, 404, 410, 419, 451 } do
      serve(("if r.target:find 'fresh' then c:answer(200, VIDEO) else c:answer(%d, XML) end"):format(status))
      brings_video(video())
      files.empty()
    end
  end)

  it("is tried again after what passes #once", function()
    for _, status in ipairs { 408, 425, 520, 524, 529 } do
      serve(("if n == 1 then c:answer(%d, HTML) else c:answer(200, VIDEO) end"):format(status))
      brings_video(server.url .. "/f.mp4")
      files.empty()
    end
  end)

  local CUT = [[
    if n == 1 then
      c:send(("HTTP/1.1 200 OK\r\nETag: \"a\"\r\nContent-Length: %d\r\n\r\n"):format(#VIDEO) .. VIDEO:sub(1, 5000))
      c:close()
      return
    end
  ]]

  it("takes a rest for a rest, whatever the status says", function()
    serve(CUT .. "part(first, 200)")
    brings_video(video())
  end)

  it("is asked for again where the rest is told as the whole", function()
    serve(CUT .. [[
      if first then
        c:answer(200, VIDEO:sub(first + 1), 'ETag: "a"\r\n')
      else
        c:answer(200, VIDEO, 'ETag: "a"\r\n')
      end
    ]])
    local in_file, _, file_err, sink_err, given = both(video())
    assert.equal(VIDEO, in_file, tostring(file_err))
    assert.equal("changed", sink_err.code) -- a function has its bytes already
    assert.equal(VIDEO:sub(1, 5000), given)
  end)

  local UNSURE = [[
    if n == 1 then
      c:send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" .. VIDEO)
      c:close()
      return
    end
  ]]

  it("is whole where what is behind the last byte is refused #once", function()
    for _, status in ipairs { 400, 403, 404, 500 } do
      serve(UNSURE .. ("c:answer(%d, XML)"):format(status))
      brings_video(video())
      files.empty()
    end
  end)

  it("to a function is not whole where the second answer is shorter than the first", function()
    serve [[
      c:send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" .. VIDEO:sub(1, n == 1 and 200 or 100))
      c:close()
      return
    ]]
    local sink, got = collector()
    local err = live.failure(client:download(server.url .. "/f.mp4", sink, { deadline = 3 }))
    assert.equal("truncated", err.code)
    assert.equal(VIDEO:sub(1, 200), got())
  end)

  it("comes in spite of a coding that names none", function()
    for _, coding in ipairs { "aws-chunked", "none", "utf-8" } do
      serve(("c:answer(200, VIDEO, 'Content-Encoding: %s\\r\\n')"):format(coding))
      brings_video(video())
      files.empty()
    end
  end)

  it("shows no control character of a file's name", function()
    serve "c:send('HTTP/1.1 200 OK\\r\\nETag: \"a\"\\r\\nContent-Length: 9000\\r\\n\\r\\n' .. VIDEO) c:close() return"
    local name = "a\nb\27[31m\194\155.mp4"
    local err = live.failure(client:download(video(), path(name), { deadline = 1 }))
    assert.matches("a\\nb\\x1b[31m\\x9b.mp4.part, where the next call resumes", err.message, 1, true)
    assert.equal(path(name) .. ".part", err.part)
    files.write(name, "here")
    local message = live.failure(client:download(video(), path(name))).message
    assert.is_nil(message:find "%c")
    assert.matches("exists; give another name", message, 1, true)
  end)

  it("asks for a signed path as it is", function()
    serve "c:answer(200, VIDEO)"
    assert(client:download(server.url .. "/bucket/./a/../b//video.mp4?sig=/./", path()))
    assert.equal("/bucket/./a/../b//video.mp4?sig=/./", server:requests()[1].target)
  end)

  it("takes addresses with blanks, and follows every form of a redirect", function()
    local function last_target()
      local requests = server:requests()
      return requests[#requests].target
    end
    serve "c:answer(200, VIDEO)"
    assert(client:download("  " .. server.url .. "/my video.mp4?a=b c \r\n", path()))
    assert.equal("/my%20video.mp4?a=b%20c", last_target())
    for location, target in pairs {
      ["/made/my video.mp4"] = "/made/my%20video.mp4",
      ["?token=1"] = "/dir/f.mp4?token=1",
      ["other one.mp4#t=5"] = "/dir/other%20one.mp4",
      ["(1).mp4"] = "/dir/(1).mp4",
      ["./a/b.mp4"] = "/dir/a/b.mp4",
      ["../b.mp4"] = "/b.mp4",
      ["../../.././c.mp4"] = "/c.mp4",
      ["/caf\195\169.mp4"] = "/caf%C3%A9.mp4",
      ["  /f2.mp4 \t"] = "/f2.mp4",
    } do
      core.engine():close()
      serve(
        ("if n == 1 then c:answer(302, '', %q) else c:answer(200, VIDEO) end"):format(
          "Location: " .. location .. "\r\n"
        )
      )
      assert(client:download(server.url .. "/dir/f.mp4?old=1", path(), { overwrite = true }))
      assert.equal(target, last_target())
      assert.equal(VIDEO, read())
    end
    serve "c:answer(302, '', 'Location: mailto:x@y\\r\\n')"
    local err = live.failure(client:download(server.url .. "/f.mp4", path(), { overwrite = true }))
    assert.matches("leads nowhere", err.message)
  end)

  it("counts redirects from zero for each address that was given", function()
    serve [[
      local hop = r.target:match "hop=(%d)"
      if r.target:find "^/f.mp4" then
        rounds = rounds + 1
        c:answer(302, "", "Location: /b?hop=1\r\n")
      elseif hop == "1" then
        c:answer(302, "", "Location: /b?hop=2\r\n")
      elseif rounds < 3 then
        c:answer(403, XML)
      else
        c:answer(200, VIDEO)
      end
    ]]
    assert(client:download(server.url .. "/f.mp4", path())) -- six redirects, five at most in a row
    assert.equal(VIDEO, read())
  end)

  -- In bytes, and in time.
  for name, body in pairs {
    ["a flood"] = 'while c:send(("x"):rep(65536)) do end',
    ["drops #once"] = 'while c:send "x" do c:sleep(0.1) end',
  } do
    it("reads no more of an error page without an end than tells the error: " .. name, function()
      core.engine():close()
      server:serve("c:request() c:send 'HTTP/1.1 404 Status\\r\\n\\r\\n<html>' " .. body)
      local err = live.failure(client:download(server.url .. "/f.mp4", path(), { deadline = 120 }))
      assert.same({ "api", 404, "download_refused" }, { err.kind, err.status, err.code })
      assert.matches("^<html>x", err.last)
    end)
  end
end)

describe("address.redirect", function()
  local address = require "heygen.download.address"

  it("never leads from https to plain http, however they are written", function()
    local client = heygen.new { api_key = "k", base_url = "https://127.0.0.1", allow_http = true }
    for _, from in ipairs { "https://127.0.0.1/a", "HTTPS://127.0.0.1/a", "hTTpS://127.0.0.1/a" } do
      for _, to in ipairs { "http://127.0.0.1/b", "HTTP://127.0.0.1/b" } do
        local state = { url = from, redirects = 0 }
        function state.fail(fields)
          return nil, fields
        end
        local followed, err = address.redirect(client, state, { location = to })
        assert.is_nil(followed, from .. " " .. to)
        assert.matches("a redirect from https to plain http was refused", err.message)
        assert.equal(from, state.url)
      end
      local state = { url = from, redirects = 0 }
      assert.is_true(address.redirect(client, state, { location = "HTTPS://127.0.0.1/b" }))
      assert.equal("HTTPS://127.0.0.1/b", state.url)
      assert.is_true(address.redirect(client, state, { location = "/c" }))
      assert.equal("HTTPS://127.0.0.1/c", state.url)
    end
  end)
end)
