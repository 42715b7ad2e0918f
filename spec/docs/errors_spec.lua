-- docs/errors.md: each row of what arrives, and of what an answer may hold, has the test that shows it.

local scripts = require "spec.support.scripts"

-- The first cell of a row -> the spec, and what stands in the name of the test, or in its cases.
local ROWS = {
  ["408, 425, 429, and every 5xx but 501, 505 and 511"] = {
    "http/retry",
    "repeats reads after what can pass",
  },
  ["a page or a text in place of JSON, with 401, 402, 403, 404 or 410"] = {
    "http/api_error",
    "says nothing about the key, the credit or an id",
  },
  ["a 401 with such a page, or of another form than the service's, for a create with a token that is a function"] = {
    "client/client_token",
    "hears only of a 401 that is the service's word",
  },
  ["404 right after a create, or after an id was first seen"] = {
    "wait/loop",
    "takes an early 404 for not yet, of any job",
  },
  ["`Retry-After` in seconds, as Unix time, or as a date"] = {
    "wait/loop",
    "never polls before Retry-After is over",
  },
  ["gzip without a request for it"] = {
    "core/connections",
    "carries a compressed answer to one who has not asked for it",
  },
  ["an answer that cannot be read"] = { "wait/loop", "ends after ten answers in a row that cannot be read" },
  ["an HTML, XML or JSON page with status 200 in place of a file"] = {
    "download/fetch_page",
    "is not a page in place of the file",
  },
  ["such a page with another 4xx"] = {
    "http/api_error",
    "is what its status says where that is about the request or the gateway",
  },
  ["a code such as `internal_error` with 400 or 422"] = {
    "http/retry",
    "does not believe a code of the server's fault in a 4xx",
  },
  ["an empty file, or one that is shorter than announced"] = {
    "download/address_empty",
    "of nothing fails and keeps the file",
  },
  ["the rest of a file with status 200"] = {
    "download/fetch_page",
    "takes a rest for a rest, whatever the status says",
  },
  ["a refused address: any 4xx that does not pass"] = {
    "download/fetch_page",
    "asks for a fresh address however an expired one is told",
  },
  ["no length, and a refusal of what is behind the last byte"] = {
    "download/fetch_page",
    "is whole where what is behind the last byte is refused",
  },
  ["a redirect with blanks, to `?query` or `../name`"] = {
    "download/fetch_page",
    "takes addresses with blanks, and follows every form of a redirect",
  },
  ["401, 403, 404, 410 or `Expired...` for an upload"] = {
    "upload/direct_early",
    "asks for a fresh address however an expired one is told",
  },
  ["booleans, lists, objects in `upload_headers`"] = {
    "upload/direct_early",
    "sends headers of every kind as text, and leaves out what can be none",
  },
  ["404 or 409 for an asset that the same call has uploaded"] = {
    "upload/direct_early",
    "that comes too early: ",
  },
  ["`Content-Encoding: aws-chunked`, `utf-8`, `none`"] = {
    "download/fetch_page",
    "comes in spite of a coding that names none",
  },
  ["409 when a direct upload is completed"] = {
    "upload/direct_early",
    "is completed when the storage is late",
  },
  ["nothing: a connection that is dead"] = {
    "core/connections",
    "ends when nothing is acknowledged for ten seconds",
  },
  ["nothing: the process has reached its limit on the size of files"] = {
    "download/partial",
    "that is full says so, and keeps what has come",
  },
  ["empty HTTP/2 frames without an end"] = {
    "http/exchange_h2",
    "gets one create at most, and an end in time",
  },
  ["407, 502 or another refusal of a connection"] = {
    "core/exchange_failure",
    "when a proxy refuses the connection: nothing was sent",
  },
  ["no more descriptors, or no memory"] = { "core/pollset", "Too many open files" },
  ["a file of certificates that is replaced"] = { "core/ca_store", "is read again once it is replaced" },
  ["a timeout on one connection"] = { "core/connections", "is another one after a request that timed out" },
  ["a session that is answered in words, without a video"] = {
    "wait/session",
    "ends when the agent has answered in chat",
  },
  -- what an answer may hold
  ["half of a surrogate pair: a text cut in an emoji"] = {
    "core/lua_json",
    "reads leniently what services send",
  },
  ["a byte order mark, NaN, Infinity, raw control characters"] = {
    "core/lua_json",
    "reads leniently what services send",
  },
  ["an id that is a number"] = {
    "core/lua_json",
    "reads ids that are numbers as text, with all their digits",
  },
  ["`null` for a list"] = { "http/response", "gives an empty list for null" },
  ['`has_more` as `"false"`, `0`, `"1"`'] = { "http/response", "ends a list in whichever way it says so" },
  ["an answer to a GET by id that is about another id"] = {
    "http/response",
    "about another id is not taken, and the next request gets a connection of its own",
  },
  ["control characters, marks of direction, bytes that are no UTF-8"] = {
    "http/foreign",
    "has no bytes that a terminal takes for a command, and none that JSON has no place for",
  },
  ["the API key, wherever it stands"] = { "http/foreign", "is hidden before it is cut, wherever the cut is" },
  ["REFUSED_STREAM, for a create that is alone on its connection"] = {
    "http/exchange_h2",
    "was refused, and not sent again",
  },
  ["REFUSED_STREAM with other requests under way; a GOAWAY"] = {
    "http/exchange_h2",
    "may have been handled, and was sent again, or is said to be unsent",
  },
  ["an error page without an end"] = {
    "download/fetch_page",
    "reads no more of an error page without an end than tells the error",
  },
  ["an address of this machine or of a private network, for a download, an upload or as a redirect"] = {
    "download/fetch_redirect",
    "does not go from another network to this machine or a private network",
  },
  ["a very large body with an error"] = {
    "http/foreign",
    "is copied for an error: hidden, fit for JSON, and only in part when there is too much",
  },
}

describe("docs/errors.md #once", function()
  local text = scripts.read("docs/errors.md"):match "\n## What arrives.-\n## "

  it("has a test for each row of what arrives, and a row for each", function()
    local found, missing = {}, {}
    for line in text:gmatch "\n(|[^\n]*)" do
      local cell = line:match "^| (.-) |"
      if cell and not cell:find "^%-+$" and cell ~= "what" and cell ~= "what was sent" then
        found[cell] = true
        missing[#missing + 1] = not ROWS[cell] and cell or nil
      end
    end
    for cell, at in pairs(ROWS) do
      if not found[cell] then
        missing[#missing + 1] = "no such row: " .. cell
      elseif not scripts.read("spec/" .. at[1] .. "_spec.lua"):find(at[2], 1, true) then
        missing[#missing + 1] = ("%s: no test %q in %s"):format(cell, at[2], at[1])
      end
    end
    assert.same({}, missing)
  end)
end)
