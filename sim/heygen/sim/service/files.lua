-- Presigned URLs and the files behind them.
local media = require "heygen.sim.media"
local respond = require "heygen.sim.core.respond"
local text = require "heygen.sim.core.text"
local videos = require "heygen.sim.service.videos"

local files = {}
files.__index = files

---@param model table
---@return table files
function files.new(model)
  return setmetatable({ model = model }, files)
end

--- The signature in a URL: of this name, until then.
---@param name string
---@param expires string Unix seconds
---@param nonce string hex digits
---@return string
function files:sign(name, expires, nonce)
  -- The files of one answer have all but their names in common.
  local common = expires .. nonce
  if self.common ~= common or self.secret ~= self.model.secret then
    self.common, self.secret = common, self.model.secret
    self.sealed = text.hash(self.secret .. "|" .. expires .. "|" .. nonce)
  end
  return string.format("%s~%08x", nonce, text.hash(self.sealed .. name))
end

--- A fresh URL: each read of a video gives another one.
---@param name string "<video id>.mp4", .jpg, .gif, .srt, "<video id>_captioned.mp4"; or what another resolver knows
---@param life number seconds until it expires
---@param nonce string|nil hex digits, for the files of one answer (default: fresh ones)
---@return string url
function files:url(name, life, nonce)
  local expires = string.format("%d", math.floor(self.model.clock:now() + life + 1e-6))
  nonce = nonce or self.model.noise:hex(24)
  return string.format(
    "%s/files/%s?Expires=%s&Signature=%s",
    self.model.base_url,
    name,
    expires,
    self:sign(name, expires, nonce)
  )
end

--- Whether this is the signature of a URL, and still holds.
---@param name string
---@param query table of the request
---@return boolean valid, boolean expired
function files:signed(name, query)
  local expires, signature = query.Expires, query.Signature
  local nonce = signature and signature:match "^(%x+)~"
  if not nonce or not expires or self:sign(name, expires, nonce) ~= signature then
    return false, false
  end
  return true, self.model.clock:now() >= tonumber(expires)
end

--- How a storage host refuses: in XML, not in the API's envelope.
---@param status number
---@param code string
---@param message string
---@return table response
function files.refusal(status, code, message)
  local body = string.format(
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>%s</Code><Message>%s</Message></Error>',
    code,
    message
  )
  return { status = status, headers = { { "Content-Type", "application/xml" } }, body = body }
end

--- Who knows a file by its name: functions (model, name, now) → { type, body, modified = Unix seconds }, or nil.
files.RESOLVERS = {
  function(model, name, now)
    local id, variant = name:match "^(%w+)(_?%w*%.%w+)$"
    local video = id and media.known(variant) and model.videos.by_id[id]
    local state = videos.state(model, video)
    if not state or state.video_status ~= "completed" or now < state.finished + video.run.b.file_late then
      return nil
    end
    local file = media.make(variant, video)
    return file and { type = file.type, body = file.body, modified = state.finished }
  end,
}

--- Reads a Range header that asks for one range.
---@param header string
---@param size number
---@return number|nil first, number|nil last (inclusive, from 0); false, when it cannot be satisfied
local function range_of(header, size)
  local first, last = header:match "^bytes=%s*(%d*)%-(%d*)%s*$"
  if not first or (first == "" and last == "") or #first > 15 or #last > 15 then
    return nil
  end
  if first == "" then
    local count = math.min(tonumber(last), size)
    return count > 0 and size - count, size - 1
  end
  first, last = tonumber(first), tonumber(last)
  if last and last < first then
    return nil
  end
  return first < size and first, math.min(last or size, size - 1)
end

-- Whether one of the tags in a list is this one. Weak ones only count where that is enough.
local function among(list, etag, weakly)
  if list:find "^%s*%*%s*$" then
    return true
  end
  for weak, tag in list:gmatch '(W?/?)("[^"]*")' do
    if tag == etag and (weak == "" or weakly) then
      return true
    end
  end
  return false
end

local etags, etag_count = {}, 0

local function etag_of(file, name)
  local body = file.body
  local known = etags[body]
  if not known then
    -- Of a large upload, the ends are enough to tell two apart.
    local sample = #body <= 8192 and body or body:sub(1, 4096) .. body:sub(-4096)
    known = string.format("%x-%08x", #body, text.hash(sample))
    if #body <= 65536 then
      if etag_count >= 256 then
        etags, etag_count = {}, 0
      end
      etags[body], etag_count = known, etag_count + 1
    end
  end
  return string.format('"%s-%s"', name:sub(1, 12):gsub("%W", ""), known)
end

local function date(seconds)
  return os.date("!%a, %d %b %Y %H:%M:%S GMT", math.floor(seconds))
end

local function serve(file, name, request)
  local body, asked = file.body, request.headers
  local etag, modified = etag_of(file, name), date(file.modified)
  local headers = {
    { "Content-Type", file.type },
    { "Accept-Ranges", "bytes" },
    { "ETag", etag },
    { "Last-Modified", modified },
  }
  if asked["if-match"] and not among(asked["if-match"], etag, false) then
    return files.refusal(412, "PreconditionFailed", "At least one of the preconditions did not hold")
  elseif asked["if-none-match"] then
    if among(asked["if-none-match"], etag, true) then
      return { status = 304, headers = headers, body = "" }
    end
  elseif asked["if-modified-since"] == modified then
    return { status = 304, headers = headers, body = "" }
  end
  local ignored = request.effect and request.effect.range == "ignored"
  local wanted, condition = not ignored and asked.range, asked["if-range"]
  if not wanted or (condition and condition ~= etag and condition ~= modified) then
    return { status = 200, headers = headers, body = body }
  end
  local first, last = range_of(wanted, #body)
  if first == nil then
    return { status = 200, headers = headers, body = body }
  elseif not first then
    headers[#headers + 1] = { "Content-Range", string.format("bytes */%d", #body) }
    return { status = 416, headers = headers, body = "" }
  end
  headers[#headers + 1] = { "Content-Range", string.format("bytes %d-%d/%d", first, last, #body) }
  return { status = 206, headers = headers, body = body:sub(first + 1, last + 1) }
end

--- Answers a request below /files/.
---@param request table
---@param path string
---@param query table
---@return table response
function files:answer(request, path, query)
  local model = self.model
  if request.headers["x-api-key"] or request.headers.authorization then
    return files.refusal(
      400,
      "InvalidArgument",
      "Only one auth mechanism allowed: the URL is already signed."
    )
  elseif request.method ~= "GET" and request.method ~= "HEAD" then
    return files.refusal(405, "MethodNotAllowed", "Only GET and HEAD are allowed.")
  end
  local name = path:match "^/files/([%w_%-%.]+)$"
  local valid, expired = false, false
  if name then
    valid, expired = self:signed(name, query)
  end
  if not valid then
    return files.refusal(403, "AccessDenied", "Access denied")
  elseif expired then
    return files.refusal(403, "AccessDenied", "Request has expired")
  end
  local now = model.clock:now()
  for _, resolve in ipairs(files.RESOLVERS) do
    local file = resolve(model, name, now)
    if file then
      return serve(file, name, request)
    end
  end
  return files.refusal(404, "NoSuchKey", "The specified key does not exist.")
end

--- What an unknown path outside the API answers.
---@param json table
---@return table response
function files.nothing(json)
  return respond.problem(json, 404, nil, "Not found")
end

return files
