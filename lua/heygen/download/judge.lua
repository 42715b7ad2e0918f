-- Judges whether an answer is the file that was asked for, or the rest of it: by its status, range, length, coding,
-- type and first bytes, and by what is known of the part that is here already. judge.head says what to do with the
-- body, judge.is_page whether the body that came is a page and no video. Pure: strings in, verdicts out.
--
-- An error page with status 200, an empty body, or the rest of a file that is told as the whole would else be saved
-- under the name of a video that was paid for.
local retry = require "heygen.http.retry"

local judge = {}

local find, lower, match = string.find, string.lower, string.match

-- A date of change only tells versions apart if the file was left alone for so long (RFC 7232, 2.2.2).
local SETTLED = 60 -- seconds

local function number(digits)
  return #digits <= 15 and tonumber(digits) or nil
end

-- "bytes 5-9/10" or "bytes 5-9/*" -> 5, 9, 10; "bytes */10" -> nil, nil, 10; nothing of anything else.
local function content_range(text)
  local first, last, total = match(text or "", "^[bB][yY][tT][eE][sS]%s+(%d+)%-(%d+)/([%d*]+)%s*$")
  if not first then
    total = match(text or "", "^[bB][yY][tT][eE][sS]%s+%*/(%d+)%s*$")
    return nil, nil, total and number(total)
  end
  first, last, total = number(first), number(last), total ~= "*" and (number(total) or -1) or nil
  if not first or not last or last < first or (total and last >= total) then
    return nil
  end
  return first, last, total
end

local function seconds(date)
  return date and find(date, "^%a") and retry.after(date, 0)
end

-- What If-Range may carry: a strong tag, else a date that is old enough to be one.
local function validator(etag, modified, date)
  if etag and find(etag, '^"[^"]*"$') then
    return etag
  end
  local changed, now = seconds(modified), seconds(date)
  if changed and now and now - changed >= SETTLED then
    return modified
  end
end

---@class heygen.FileHead
---@field status integer
---@field etag string?
---@field modified string?
---@field validator string? for If-Range
---@field length integer? of the body
---@field first integer? where the body begins
---@field last integer?
---@field total integer? bytes of the whole file
---@field partial boolean it is a part of the file
---@field open boolean the body ends where the connection does: a cut cannot be told from the end
---@field encoded string? a Content-Encoding that was not requested
---@field page string? a Content-Type that no video has

-- Codings that change the bytes. Others name none ("aws-chunked" is left over from an upload; "utf-8", "none",
-- "binary").
local CODINGS = {
  br = true,
  compress = true,
  dcb = true,
  dcz = true,
  deflate = true,
  exi = true,
  gzip = true,
  ["pack200-gzip"] = true,
  ["x-compress"] = true,
  ["x-gzip"] = true,
  zstd = true,
}

local function coding(text)
  for name in lower(text or ""):gmatch "[^%s,]+" do
    if CODINGS[name] then
      return name
    end
  end
end

-- HTML, XML and JSON, with whatever in front of them: application/problem+json, application/xhtml+xml.
local function page_type(text)
  local name = match(lower(text or ""), "^%s*([%w.+/-]+)")
  if
    name
    and (name == "text/html" or find(name, "[/+]xml$") or find(name, "[/+]json$"))
    and name ~= "image/svg+xml"
  then
    return name
  end
end

---Are these the first bytes of HTML, XML or JSON, be it in UTF-16?
---@param bytes string
---@return boolean
function judge.is_page(bytes)
  if find(bytes, "^\255\254") or find(bytes, "^\254\255") then
    bytes = bytes:sub(3):gsub("%z", "")
  end
  return find(bytes, "^[\239\187\191%s]*<[%a!?/]") ~= nil or find(bytes, "^[\239\187\191%s]*[{%[]") ~= nil
end

---@param operation heygen.operation
---@return heygen.FileHead
function judge.read(operation)
  local status = operation:status()
  -- chunks have no other length: RFC 9112, 6.3
  local length = not operation:header "Transfer-Encoding"
    and match(operation:header "Content-Length" or "", "^%d+$")
  local head = {
    status = status,
    etag = operation:header "ETag",
    modified = operation:header "Last-Modified",
    length = length and number(length),
    encoded = coding(operation:header "Content-Encoding"),
    page = page_type(operation:header "Content-Type"),
  }
  head.validator = validator(head.etag, head.modified, operation:header "Date")
  head.first, head.last, head.total = content_range(operation:header "Content-Range")
  head.partial = status == 206
  if status ~= 206 and status ~= 416 then
    -- A range with status 200 is believed where it tells of a part: that is what came, whatever the status says.
    head.partial = head.first ~= nil and not (head.first == 0 and head.last + 1 == head.total)
    head.total = head.partial and head.total or head.length
  end
  local version = match(operation:head(), "^HTTP/(%d)")
  head.open = not head.length and version == "1" and not operation:header "Transfer-Encoding"
  return head
end

-- Whether it is, as far as it says, the version that we have a part of.
local function same_version(have, head)
  if have.total and head.total and have.total ~= head.total then
    return false
  elseif have.validator == have.etag or (head.etag and have.etag) then
    return head.etag == have.etag
  end
  return head.modified == nil or head.modified == have.modified
end

---What an answer means for one who has the first `at` bytes.
---@param have table etag, modified, validator, total: of the part that is here
---@param at integer
---@param head heygen.FileHead
---@param wants_media boolean? what was asked for is certainly no page
---@return "append"|"begin"|"done"|"wrong"|"page"|"empty"|"encoded" verdict begin: the body is the whole file
function judge.head(have, at, head, wants_media)
  local status = head.status
  if status == 416 then
    local same = not head.etag or not have.etag or head.etag == have.etag
    return at > 0 and head.total == at and (have.total or at) == at and same and "done" or "wrong"
  elseif status ~= 200 and status ~= 203 and status ~= 206 or (wants_media and head.page) then
    return "page" -- 202 and 204: there is no file yet, or none at all
  elseif head.length == 0 and not head.partial then
    return "empty"
  elseif head.encoded then
    return "encoded"
  elseif not head.partial then
    local other = have.etag and have.validator == have.etag and head.etag == have.etag and head.length
    return at > 0 and other and have.total and head.length ~= have.total and "wrong" or "begin"
  elseif head.first ~= at or (head.length and head.length ~= head.last - head.first + 1) then
    return "wrong"
  elseif at == 0 then
    return "begin"
  end
  return have.validator and same_version(have, head) and "append" or "wrong"
end

---True when a complete file that is sent again is, byte for byte, the one that we have a part of.
---@param have table
---@param head heygen.FileHead
---@return boolean
function judge.is_same_file(have, head)
  return have.validator ~= nil
    and have.validator == have.etag
    and have.etag == head.etag
    and have.total ~= nil
    and have.total == head.total
end

---The headers of a request.
---@param have table
---@param at integer
---@return table<string, string>
function judge.headers(have, at)
  return { Range = ("bytes=%.0f-"):format(at), ["If-Range"] = have.validator }
end

return judge
