-- The listener on luv, in a process of its own: what goes over the wire, byte for byte.
local child = require "spec.support.child"
local http = require "heygen.webhook.http1"

-- Runs in the child: `talk(server, chunks)` sends chunks one after the other, 20 ms apart, and returns all that came
-- until the listener closed the connection, with each line end as "|".
local PRELUDE = [==[
local heygen = require "heygen"
local uv = require "luv"
local webhook = heygen.webhook
local SECRET = "whsec_0123456789abcdef"
local BODY = '{"event_type":"video_agent.success","event_data":{"video_id":"v1"}}'

local function listen(options, on)
  options.router = webhook.router {
    on = on or function(event) print("event " .. event.video_id) end,
    secrets = SECRET,
    log = function(line) print("log " .. line) end,
    max_bytes = 1000,
  }
  return assert(webhook.listen(options))
end

local function signed(more, body, version)
  local lines = { "POST /hook HTTP/" .. (version or "1.1"), "Host: x" }
  local headers = webhook.sign(body or BODY, SECRET)
  for name, value in pairs(headers) do
    lines[#lines + 1] = name:upper() .. ": " .. value
  end
  for _, line in ipairs(more) do
    lines[#lines + 1] = line
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

local function talk(server, chunks, how)
  local socket, got, co = uv.new_tcp(), {}, coroutine.running()
  how = how or {}
  local function over()
    if not socket:is_closing() then
      socket:close()
      local text = table.concat(got):gsub("\r\n", "|"):gsub("\n", "/")
      text = text:gsub("Cache%-Control: no%-store|", ""):gsub("Content%-Type: text/plain|", "")
      text = text == "" and "nothing" or text
      if how.done then
        how.done(text)
      else
        coroutine.resume(co, text)
      end
    end
  end
  socket:connect("127.0.0.1", server.port, function()
    socket:read_start(function(_, bytes)
      got[#got + 1] = bytes
      if not bytes then
        over()
      end
    end)
    local function send(index)
      if socket:is_closing() then
        return
      elseif not chunks[index] then
        return how.hang_up and over()
      end
      socket:write(chunks[index], function()
        local timer = uv.new_timer()
        timer:start(how.pause or 20, 0, function()
          timer:close()
          send(index + 1)
        end)
      end)
    end
    send(1)
  end)
  if not how.done then
    return coroutine.yield()
  end
end

local function sleep(ms)
  local co, timer = coroutine.running(), uv.new_timer()
  timer:start(ms, 0, function()
    timer:close()
    coroutine.resume(co)
  end)
  coroutine.yield()
end

local function until_true(condition)
  for _ = 1, 4000 do
    if condition() then
      return
    end
    sleep(5)
  end
  print "this did not come true"
end

local function go(fn)
  local co = coroutine.create(fn) -- not xpcall: PUC Lua 5.1 cannot yield inside it
  local ok, problem = coroutine.resume(co)
  if not ok then
    print(debug.traceback(co, problem))
    os.exit(1)
  end
  uv.run()
  print "the loop has ended"
end
]==]

local OK = "HTTP/1.1 200 OK|Content-Length: 3|"

describe("a listener", function()
  local function run(code)
    local lines = {}
    for line in child.must(PRELUDE .. code):gmatch "[^\n]+" do
      lines[#lines + 1] = line
    end
    return lines
  end

  it("takes bodies of any framing, one after the other on a connection", function()
    assert.same(
      {
        "event v1",
        OK .. "Connection: close||ok/",
        OK:gsub("3", "10") .. "|duplicate/" .. OK:gsub("3", "10") .. "Connection: close||duplicate/",
        "HTTP/1.1 100 Continue||" .. OK:gsub("3", "10") .. "Connection: close||duplicate/",
        OK:gsub("3", "10") .. "Connection: close||duplicate/",
        "HTTP/1.1 204 No Content|Allow: POST, GET, HEAD, OPTIONS|Connection: close||",
        OK .. "Connection: close||",
        "HTTP/1.1 404 Not Found|Content-Length: 10|Connection: close||Not Found/",
        "the loop has ended",
      },
      run [==[
        go(function()
          local server = listen { path = "/hook" }
          print(talk(server, {
            signed { "Transfer-Encoding: chunked", "Connection: close" },
            ("%x\r\n%s\r\n"):format(10, BODY:sub(1, 10)),
            ("%x\r\n%s\r\n0\r\n\r\n"):format(#BODY - 10, BODY:sub(11)),
          }))
          local length = "Content-Length: " .. #BODY
          print(talk(server, { signed { length } .. BODY .. signed { length, "Connection: close" } .. BODY }))
          print(talk(server, { signed { length, "Expect: 100-continue", "Connection: close" }, BODY }))
          print(talk(server, { signed({ length }, nil, "1.0"), BODY:sub(1, 5), BODY:sub(6) }))
          print(talk(server, { "OPTIONS /hook HTTP/1.0\r\n\r\n" }))
          print(talk(server, { "HEAD /hook?x HTTP/1.0\r\n\r\n" }))
          print(talk(server, { "GET /elsewhere HTTP/1.0\r\n\r\n" }))
          server:close()
        end)
      ]==]
    )
  end)

  it("refuses what is too much, too slow or no HTTP at all #once", function()
    assert.same(
      {
        "HTTP/1.1 413 Content Too Large|Content-Length: 18|Connection: close||Content Too Large/",
        "HTTP/1.1 413 Content Too Large|Content-Length: 18|Connection: close||Content Too Large/",
        "HTTP/1.1 431 Request Header Fields Too Large|Content-Length: 32|Connection: close||"
          .. "Request Header Fields Too Large/",
        "HTTP/1.1 400 Bad Request|Content-Length: 12|Connection: close||Bad Request/",
        "HTTP/1.1 400 Bad Request|Content-Length: 12|Connection: close||Bad Request/",
        "HTTP/1.1 408 Request Timeout|Content-Length: 16|Connection: close||Request Timeout/",
        "HTTP/1.1 408 Request Timeout|Content-Length: 16|Connection: close||Request Timeout/",
        "nothing",
        "nothing",
        "true",
        OK .. "|ok/",
        "the loop has ended",
      },
      run [==[
        go(function()
          local server = listen { request_timeout = 0.3, idle_timeout = 0.6, max_header_bytes = 1000 }
          print(talk(server, { signed { "Content-Length: 1001" } }))
          print(talk(server, { signed { "Transfer-Encoding: chunked" }, "3e9\r\n" .. ("x"):rep(1000) }))
          print(talk(server, { "GET / HTTP/1.1\r\nX: " .. ("x"):rep(1000) }))
          print(talk(server, { "\22\3\1\2\0\r\n\r\n" }))
          print(talk(server, { signed { "Content-Length: 1", "Transfer-Encoding: chunked" } }))
          print(talk(server, { "GET / HTTP/1.1\r\n", "X: y\r\n", "X: z\r\n" }, { pause = 70 }))
          print(talk(server, { signed { "Content-Length: 100" }, "{" }))
          print(talk(server, {})) -- says nothing
          local lines = {}
          for index = 1, 600 do
            lines[index] = "\r\n"
          end
          local began = uv.now()
          print(talk(server, lines, { pause = 70 })) -- has nothing to say
          print(uv.now() - began < 20000)
          print(talk(server, { "GET / HTTP/1.1\r\nHost: x\r\n\r\n" })) -- and nothing more
          server:close()
        end)
      ]==]
    )
  end)

  it("reads a header in a time that grows with its size, whatever is in it", function()
    local size = 200000
    local parser = http.new { header = 2 * size }
    local began = os.clock()
    parser:feed("GET / HTTP/1.1\r\nHost: x \r\nA: x" .. (" "):rep(size) .. "x \t\r\nB: \t \r\n\r\n")
    local headers = parser:take().headers
    assert.is_true(os.clock() - began < 20) -- the square of it would be minutes
    assert.same({ "x", size + 2, "" }, { headers.host, #headers.a, headers.b })
  end)

  it(
    "lets a delivery in where a peer holds all places with requests that never become whole #once",
    function()
      assert.same(
        { "event v1", OK .. "Connection: close||ok/", "the loop has ended" },
        run [==[
        go(function()
          local server = listen { max_connections = 3 }
          local slow = { "POST /hook HTTP/1.1\r\nHost: x\r\nX: " }
          for index = 2, 200 do
            slow[index] = "a"
          end
          for _ = 1, 3 do
            talk(server, slow, { done = function() end, pause = 50 })
          end
          sleep(1200)
          print(talk(server, { signed { "Content-Length: " .. #BODY, "Connection: close" } .. BODY }))
          for peer in pairs(server.peers) do
            peer.socket:close()
          end
          os.exit(print "the loop has ended" or 0)
        end)
      ]==]
      )
    end
  )

  it("answers its path with a slash behind it, and refuses what could be read in two ways #once", function()
    local BAD = "HTTP/1.1 400 Bad Request|Content-Length: 12|Connection: close||Bad Request/"
    assert.same(
      { OK .. "Connection: close||ok/", OK .. "Connection: close||ok/", BAD, BAD, "the loop has ended" },
      run [==[
        go(function()
          local server = listen { path = "/heygen" }
          print(talk(server, { "GET /heygen/ HTTP/1.0\r\n\r\n" }))
          print(talk(server, { "GET /heygen//?a=b HTTP/1.0\r\n\r\n" }))
          print(talk(server, { "GET /heygen HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n" }))
          print(talk(server, {
            "POST /heygen HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n" }))
          server:close()
        end)
      ]==]
    )
  end)

  it("has room for so many, of which idle ones are closed #once", function()
    assert.same(
      {
        "HTTP/1.1 503 Service Unavailable|Content-Length: 20|Connection: close||Service Unavailable/",
        "idle: " .. OK .. "|ok/",
        "late: " .. OK .. "Connection: close||ok/",
        "the loop has ended",
      },
      run [==[
        go(function()
          local server = listen { max_connections = 2 }
          talk(server, { "GET / HTTP/1.1\r\nHost: x\r\n" }, { done = print, pause = 1e6 })
          local held = { "GET / HTTP/1.1\r\nHost: x\r\n", "\r\n" }
          local texts = {}
          local function done(name)
            return function(text)
              texts[#texts + 1] = name .. text
            end
          end
          talk(server, held, { done = done "idle: ", pause = 300 })
          until_true(function()
            return server.count == 2
          end)
          print(talk(server, { "GET / HTTP/1.0\r\n\r\n" }))
          until_true(function()
            for peer in pairs(server.peers) do
              if peer.requests == 1 and peer.state == "reading" then
                return true -- it is idle now
              end
            end
          end)
          talk(server, { "GET / HTTP/1.0\r\n\r\n" }, { done = done "late: " })
          until_true(function()
            return #texts == 2
          end)
          table.sort(texts)
          print(table.concat(texts, "\n"))
          uv.walk(function(handle)
            if not handle:is_closing() then
              handle:close()
            end
          end)
        end)
      ]==]
    )
  end)

  it("lets handlers wait, and ends when the last answer is out", function()
    assert.same(
      {
        "begun v1",
        "still here",
        "HTTP/1.1 503 Service Unavailable|Retry-After: 30|Content-Length: 14|Connection: close||being handled/",
        "closing",
        "done",
        OK .. "Connection: close||ok/",
        "closed",
        "the loop has ended",
      },
      run [==[
        heygen.use "luv"
        go(function()
          local has_begun, may_end
          local server = listen({}, function(event)
            print("begun " .. event.video_id)
            has_begun = true
            repeat
              heygen.sleep(0.01)
            until may_end
            print "done"
          end)
          local request = signed { "Content-Length: " .. #BODY } .. BODY
          talk(server, { request }, { done = print })
          until_true(function()
            return has_begun
          end)
          print "still here"
          print(talk(server, { (request:gsub("1%.1", "1.0", 1)) }))
          print "closing"
          server:close(function()
            print "closed"
          end)
          server:close()
          may_end = true
        end)
      ]==]
    )
  end)

  it("reads no further while a handler runs #once", function()
    assert.same(
      { "true", "the loop has ended" },
      run [==[
        heygen.use "luv"
        go(function()
          local has_begun, may_end
          local server = listen({}, function()
            has_begun = true
            repeat
              heygen.sleep(0.01)
            until may_end
          end)
          local socket = uv.new_tcp()
          socket:connect("127.0.0.1", server.port, function()
            socket:write(signed { "Content-Length: " .. #BODY } .. BODY)
          end)
          until_true(function()
            return has_begun
          end)
          socket:write(("GET / HTTP/1.1\r\nHost: x\r\n\r\n"):rep(1500000)) -- 40 MB: more than a system buffers
          sleep(300)
          print(socket:get_write_queue_size() > 1e6)
          socket:close()
          may_end = true
          server:close()
        end)
      ]==]
    )
  end)

  it("does not mind those who go away, or who cannot be answered", function()
    local lines = run [==[
        heygen.use "luv"
        go(function()
          local ended = 0
          local server = listen({}, function(event)
            print("event " .. event.video_id)
            heygen.sleep(0.1)
            ended = ended + 1
          end)
          local length = "Content-Length: " .. #BODY
          local other = BODY:gsub("v1", "v2")
          talk(server, { signed { length } .. BODY }, { hang_up = true, pause = 1 })
          talk(server, { signed({ length }, other) .. other }, { hang_up = true, pause = 1 })
          talk(server, { "POST / HTTP/1.1\r\nHost: x\r\n", "Content-Length: 3\r\n\r\nabc" }, {
            hang_up = true,
            pause = 1,
          })
          talk(server, { signed { length }, "half" }, { hang_up = true, pause = 1 })
          until_true(function()
            return ended == 2 and server.count == 0
          end)
          server:close()
        end)
      ]==]
    table.sort(lines) -- connections that are made at the same time may come in any order
    assert.same({
      "event v1",
      "event v2",
      "log heygen webhook: refused: there is no signature in Heygen-Signature, Signature, X-Heygen-Signature",
      "the loop has ended",
    }, lines)
  end)

  it("listens at localhost, and at the addresses of both families", function()
    local lines = run [==[
      for _, host in ipairs { "localhost", "127.0.0.1", "::1" } do
        local server = assert(listen { host = host })
        print(server.host, (server.url:gsub(":%d+/", ":PORT/")))
        server:close()
      end
      go(function() end)
    ]==]
    assert.same({
      "127.0.0.1\thttp://127.0.0.1:PORT/",
      "127.0.0.1\thttp://127.0.0.1:PORT/",
      "::1\thttp://[::1]:PORT/",
      "the loop has ended",
    }, lines)
  end)

  it("says why it cannot listen, and what is wrong with its options", function()
    local lines = run [==[
      local server = listen {}
      local again, message, err = webhook.listen { port = server.port, router = server.router }
      print(again, err.kind, (message:gsub("%d+", "N")))
      print(select(2, webhook.listen { host = "example.com", router = server.router }))
      for _, options in ipairs { {}, { router = {} }, { router = server.router, path = "x" },
        { router = server.router, prot = 1 }, { router = server.router, port = 70000 } } do
        print(select(2, pcall(function() webhook.listen(options) end)))
      end
      server:close()
      go(function() end)
    ]==]
    assert.matches(
      "^nil\tnetwork\theygen: heygen.webhook.listen: cannot listen on N.N.N.N port N: EADDRINUSE",
      lines[1]
    )
    assert.matches("cannot listen on example.com port 0: host: expected an IP address", lines[2])
    assert.matches(":%d+: heygen.webhook.listen: router: missing, write router = ", lines[3])
    assert.matches(
      ":%d+: heygen.webhook.listen: router: expected a router made by heygen.webhook.router",
      lines[4]
    )
    assert.matches('path: expected a path that begins with "/", got "x"', lines[5])
    assert.matches('prot: unknown option, did you mean "port"', lines[6])
    assert.matches("port: expected an integer from 0 to 65535, got 70000", lines[7])
    assert.equal("the loop has ended", lines[8])
  end)

  it("says what it needs", function()
    local text = child.must [[
      package.preload.luv = function() error "no luv here" end
      for _ = 1, 2 do
        print(select(2, pcall(require("heygen").webhook.listen, {})))
      end
    ]]
    assert.matches("needs luv %(luarocks install luv.*no luv here.*needs luv.*no luv here", text)
  end)

  it("lets a script end that closes it, or cannot open it, and runs no loop", function()
    local script = [==[
      local webhook = require("heygen").webhook
      local router = webhook.router { secrets = "whsec_x", on = {} }
      local first = assert(webhook.listen { router = router })
      local second, message = webhook.listen { router = router, port = first.port }
      print(second, message:match "EADDRINUSE")
      if %s then
        first:close()
      end
      print "end"
    ]==]
    for _, closes in ipairs { "true", "false" } do
      local output, status = child.run(script:format(closes))
      assert.same({ 0, "nil\tEADDRINUSE\nend" }, { status, output })
    end
  end)
end)
