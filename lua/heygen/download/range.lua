-- Resuming from a byte: what the head of an answer says about the file, and whether it continues what is here already.
-- Pure: strings in, verdicts out.
local retry = require "heygen.http.retry"

local range = {}

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
---@field open boolean the body ends where the connection does: a cut cannot be told from the end
---@field encoded string? a Content-Encoding that was not requested

---@param job heygen.operation
---@return heygen.FileHead
function range.read(job)
  local status = job:status()
  -- chunks have no other length: RFC 9112, 6.3
  local length = not job:header "Transfer-Encoding" and match(job:header "Content-Length" or "", "^%d+$")
  local encoding = lower(job:header "Content-Encoding" or "identity")
  local head = {
    status = status,
    etag = job:header "ETag",
    modified = job:header "Last-Modified",
    length = length and number(length),
    encoded = encoding ~= "identity" and encoding ~= "" and encoding or nil,
  }
  head.validator = validator(head.etag, head.modified, job:header "Date")
  if status == 206 or status == 416 then
    head.first, head.last, head.total = content_range(job:header "Content-Range")
  else
    head.total = head.length
  end
  local version = match(job:head(), "^HTTP/(%d)")
  head.open = not head.length and version == "1" and not job:header "Transfer-Encoding"
  return head
end

-- Is it, as far as it says, the version that we have a part of?
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
---@return "append"|"begin"|"done"|"wrong" verdict begin: the body is the whole file
function range.judge(have, at, head)
  if head.status == 416 then
    local same = not head.etag or not have.etag or head.etag == have.etag
    return at > 0 and head.total == at and (have.total or at) == at and same and "done" or "wrong"
  elseif head.status ~= 206 then
    return "begin"
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
function range.is_same_file(have, head)
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
function range.headers(have, at)
  return { Range = ("bytes=%.0f-"):format(at), ["If-Range"] = have.validator }
end

return range
