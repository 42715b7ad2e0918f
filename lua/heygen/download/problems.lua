-- What can be wrong with an answer of a file server, as fields for errors.new. `again` names the remedy: "whole" asks
-- for the file from its beginning; the others are tried again, each kind once without a pause. `stale` asks for a
-- fresh address.
local core = require "heygen.core"
local errors = require "heygen.errors"
local retry = require "heygen.http.retry"

local problems = {}

function problems.wrong_part(head)
  return {
    kind = "parse",
    code = "wrong_range",
    status = head.status,
    message = "client:download: the file server sent another part of the file than it was asked for",
    sent = "yes",
    again = "whole",
  }
end

function problems.short(message, ...)
  return {
    kind = "network",
    code = "truncated",
    message = "client:download: " .. message:format(...),
    sent = "yes",
    again = "cut",
  }
end

function problems.empty()
  local problem = problems.short "the file came empty" -- no video is; it would replace a good file
  problem.again = "empty"
  return problem
end

-- A page in place of the file. What it begins with tells why.
function problems.page(client, head, beginning)
  local what = head.page or (head.status == 200 and "a page") or ("HTTP %d"):format(head.status)
  return {
    kind = "api",
    code = "not_a_file",
    status = head.status,
    message = ("client:download: the file server sent %s in place of the file"):format(
      errors.printable(what, 60)
    ),
    sent = "yes",
    again = "page",
    stale = true,
    last = beginning and errors.excerpt(beginning, client.hide) or nil,
  }
end

function problems.refused(client, operation, status, body)
  return {
    kind = "api",
    status = status,
    code = "download_refused",
    message = ("client:download: the file server answered HTTP %d"):format(status),
    location = operation:header "Location",
    retry_after = retry.after(operation:header "Retry-After", core.time()),
    sent = "yes",
    last = errors.excerpt(body, client.hide),
  }
end

function problems.changed(at)
  return {
    kind = "network",
    code = "changed",
    message = ("client:download: cannot be resumed: the file is not the one that %.0f bytes are of"):format(
      at
    ),
    sent = "yes",
  }
end

function problems.encoded(head)
  return {
    kind = "parse",
    code = "encoding",
    status = head.status,
    message = ("client:download: the file server encoded the file (%s) without a request for it"):format(
      head.encoded
    ),
    sent = "yes",
  }
end

return problems
