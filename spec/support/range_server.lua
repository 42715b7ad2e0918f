-- A file server that breaks off and continues in many ways: a script for spec/support/raw.lua. The address says how:
--   /<mode>/<cut>/<name>   the first request is cut after so many bytes of the body; what comes then is up to the mode
local raw = require "spec.support.raw"

local range_server = {}

-- 1,000 bytes of which no two neighbourhoods are alike.
function range_server.bytes(seed, size)
  local list, value = {}, seed
  for index = 1, size or 1000 do
    value = (value * 171 + 11213) % 30269
    list[index] = string.char(value % 256)
  end
  return table.concat(list)
end

range_server.FIRST = range_server.bytes(1)
range_server.SECOND = range_server.bytes(2) -- another version, of the same length
range_server.LONGER = range_server.FIRST .. range_server.bytes(3, 200)

-- Runs in the server: `c` is the connection. `hits` counts the requests of each address.
local SCRIPT = [==[
  local FIRST, SECOND, LONGER = %q, %q, %q
  local HOUR = "Last-Modified: Tue, 24 Nov 2026 10:00:00 GMT\r\nDate: Tue, 24 Nov 2026 11:00:00 GMT\r\n"
  local YOUNG = "Last-Modified: Tue, 24 Nov 2026 10:59:50 GMT\r\nDate: Tue, 24 Nov 2026 11:00:00 GMT\r\n"

  local function head(status, length, more)
    return ("HTTP/1.1 %%d X\r\n%%s%%s\r\n"):format(
      status, length and "Content-Length: " .. length .. "\r\n" or "", more or "")
  end

  -- What a good server does: a part where the condition holds, else the whole.
  local function good(r, body, etag, more)
    local first = (r.headers.range or ""):match "^bytes=(%%d+)%%-$"
    local condition = r.headers["if-range"]
    more = (etag and "ETag: " .. etag .. "\r\n" or "") .. (more or "")
    first = tonumber(first)
    if not first or (condition and condition ~= etag and not more:find(condition, 1, true)) then
      return head(200, #body, more) .. body
    elseif first >= #body then
      return head(416, 0, more .. "Content-Range: bytes */" .. #body .. "\r\n")
    end
    return head(206, #body - first,
      more .. ("Content-Range: bytes %%d-%%d/%%d\r\n"):format(first, #body - 1, #body)) .. body:sub(first + 1)
  end

  -- A part whose head says something else.
  local function says(text, from, length)
    return function(r)
      local first = tonumber((r.headers.range or ""):match "%%d+")
      if not first then
        return good(r, FIRST, '"1"')
      end
      local body = FIRST:sub(first + 1 + (from or 0))
      return head(206, length and #body + length or #body, 'ETag: "1"\r\n' .. text:gsub("FIRST", first)
        :gsub("BEFORE", first - 1):gsub("BEHIND", first + 1)) .. body
    end
  end

  local MODES = {
    plain = function(r) return good(r, FIRST, '"1"') end,
    date = function(r) return good(r, FIRST, nil, HOUR) end,
    young = function(r) return good(r, FIRST, nil, YOUNG) end,
    weak = function(r) return good(r, FIRST, 'W/"1"') end,
    nothing = function(r) return good(r, FIRST) end,
    changed = function(r, hit) return hit == 1 and good(r, FIRST, '"1"') or good(r, SECOND, '"2"') end,
    -- The same tag, and yet it is longer than it was.
    grown = function(r, hit) return good(r, hit == 1 and FIRST or LONGER, '"1"') end,
    -- Does not know If-Range, and has another version by now.
    blind = function(r, hit)
      r.headers["if-range"] = nil
      return hit == 1 and good(r, FIRST, '"1"') or good(r, SECOND, '"2"')
    end,
    ignores = function(r) r.headers.range = nil return good(r, FIRST, '"1"') end,
    past = function(r, hit)
      return hit == 2 and r.headers.range and head(416, 0, "Content-Range: bytes */1000\r\n") or good(r, FIRST, '"1"')
    end,
    past_here = function(r, hit)
      local first = (r.headers.range or ""):match "%%d+"
      return hit == 2 and first and head(416, 0, "Content-Range: bytes */" .. first .. "\r\n")
        or good(r, FIRST, '"1"')
    end,
    before = says("Content-Range: bytes BEFORE-999/1000\r\n", -1),
    behind = says("Content-Range: bytes BEHIND-999/1000\r\n", 1),
    other_total = says "Content-Range: bytes FIRST-999/1001\r\n",
    small_total = says "Content-Range: bytes FIRST-999/900\r\n",
    other_length = says("Content-Range: bytes FIRST-999/1000\r\n", 0, -1),
    garbage = says "Content-Range: lots of bytes\r\n",
    silent = says "",
    multipart = function(r)
      local first = tonumber((r.headers.range or ""):match "%%d+")
      if not first then
        return good(r, FIRST, '"1"')
      end
      local part = "Content-Range: bytes " .. first .. "-999/1000\r\n\r\n" .. FIRST:sub(first + 1)
      local body = "--x\r\n" .. part .. "\r\n--x--\r\n"
      return head(206, #body, 'ETag: "1"\r\nContent-Type: multipart/byteranges; boundary=x\r\n') .. body
    end,
    no_total = says "Content-Range: bytes FIRST-999/*\r\n",
    -- No length in the first answer: in chunks, or until the connection ends.
    chunked = function(r, hit)
      if hit > 1 then
        return good(r, FIRST, '"1"')
      end
      return head(200, nil, 'ETag: "1"\r\nTransfer-Encoding: chunked\r\n'), FIRST, function(bytes)
        return #bytes > 0 and ("%%x\r\n%%s\r\n"):format(#bytes, bytes) or ""
      end, "0\r\n\r\n"
    end,
    endless = function(r, hit)
      if hit > 1 then
        return good(r, FIRST, '"1"')
      end
      return head(200, nil, 'ETag: "1"\r\nConnection: close\r\n'), FIRST
    end,
    -- The simplest server there is: it knows no ranges, no lengths and no tags.
    simple = function()
      return head(200, nil, "Connection: close\r\n"), FIRST
    end,
    encoded = function(r)
      return head(200, 5, "Content-Encoding: gzip\r\n"), "12345"
    end,
    -- The address is good for one request.
    expires = function(r, hit, name)
      return hit > 1 and head(403, 6, "") .. "denied" or good(r, FIRST, '"1"')
    end,
    gone = function(r, hit)
      return hit > 1 and head(410, 4, "") .. "gone" or good(r, FIRST, '"1"')
    end,
    -- The second request fails for good, so that the call ends there.
    refuses = function(r, hit)
      return hit == 2 and head(400, 2, "") .. "no" or good(r, FIRST, '"1"')
    end,
    refuses_weak = function(r, hit)
      return hit == 2 and head(400, 2, "") .. "no" or good(r, FIRST, 'W/"1"')
    end,
    short = function(r) -- gives less than was asked for, 100 bytes at a time
      local first = tonumber((r.headers.range or ""):match "%%d+")
      if not first then
        return good(r, FIRST, '"1"')
      end
      local last = math.min(first + 99, 999)
      return head(206, last - first + 1, ('ETag: "1"\r\nContent-Range: bytes %%d-%%d/1000\r\n'):format(first, last))
        .. FIRST:sub(first + 1, last + 1)
    end,
  }

  hits = hits or {}
  local r = c:request()
  while r do
    local mode, cut, name = r.target:match "^/([%%w_]+)/(%%d+)/([^?]*)"
    hits[r.target] = (hits[r.target] or 0) + 1
    local hit = hits[r.target]
    local answer, body, wrap, stop = MODES[mode](r, hit, name)
    if not body then
      answer, body = answer:match "^(.-\r\n\r\n)(.*)$"
    end
    wrap = wrap or function(bytes) return bytes end
    if tonumber(cut) < #body and hit == 1 and not r.headers.range then
      c:send(answer .. wrap(body:sub(1, cut)))
      c:close()
    else
      c:send(answer .. wrap(body) .. (stop or ""))
      if not answer:find "Content%%-Length" and not stop then
        c:close()
      end
    end
    r = not c.closed and c:request()
  end
]==]

--- Starts one, or sets one up that runs already.
function range_server.start(server)
  server = server or raw.start()
  server:serve(SCRIPT:format(range_server.FIRST, range_server.SECOND, range_server.LONGER))
  return server
end

return range_server
