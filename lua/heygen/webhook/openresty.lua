-- Answers the present request of nginx with a router: for content_by_lua. Bodies that nginx has spooled to a file are
-- read from there; what is too large is not read at all.
local ngx = require "ngx"

local MOST_HEADERS = 100

-- What is in a file, unless that is more than `most` bytes. nil: it is more, or cannot be read.
local function read_file(path, most)
  local file = io.open(path, "rb")
  local size = file and file:seek "end"
  local text
  if size and size <= most and file:seek "set" then
    text = file:read "*a"
  end
  if file then
    file:close()
  end
  return text, size and size > most
end

-- The body; nil and whether it is too large.
local function read_body(most)
  local length = tonumber(ngx.var.http_content_length)
  if length and length > most then
    return nil, true
  end
  ngx.req.read_body()
  local path = ngx.req.get_body_file()
  if path then
    return read_file(path, most)
  end
  return ngx.req.get_body_data() or ""
end

---@param router heygen.webhook.Router
return function(router)
  local method = ngx.req.get_method()
  local status, headers, text
  local body, too_large
  if method == "POST" then
    body, too_large = read_body(router.max_bytes)
  end
  if too_large then
    status, headers, text = router:too_large()
  else
    status, headers, text =
      router:handle(method, ngx.req.get_headers(MOST_HEADERS), body, ngx.var.request_uri)
  end
  ngx.status = status
  for name, value in pairs(headers) do
    ngx.header[name] = value
  end
  if status ~= 204 then
    ngx.header["Content-Length"] = #text
    if method ~= "HEAD" then
      ngx.print(text)
    end
  end
end
