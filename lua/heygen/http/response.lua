-- What came back: the HTTP answer behind a value, and an answer turned into a value or a problem.
local api_error = require "heygen.http.api_error"
local core = require "heygen.core"
local foreign = require "heygen.http.foreign"
local plain = require("heygen.schema.value").plain_id

local response = {}

local decode, escape, read_error = core.decode, core.escape, api_error.read
local find = string.find

-- value -> operation. Weak: an answer lives as long as the value that came in it.
local operations = setmetatable({}, { __mode = "k" })
local attempts = setmetatable({}, { __mode = "k" }) -- only where there was more than one

---@class heygen.Response
---@field status integer
---@field headers table<string, string> by lower-case name; repeated ones joined with ", "
---@field request_id string? to tell the service's support
---@field timings table seconds since the start: namelookup, connect, appconnect, pretransfer, starttransfer, total;
---and connections, how many were opened
---@field attempts integer
---@field http_version string? "1.1", "2"

---Keeps the answer within reach of heygen.response. A lack of memory for that must not lose the value.
function response.remember(value, operation, count)
  pcall(rawset, operations, value, operation)
  if count > 1 then
    attempts[value] = count
  end
end

---@param operation userdata
---@return string? request_id
function response.request_id(operation)
  return operation:header "X-Request-Id"
    or operation:header "X-Amzn-RequestId"
    or operation:header "X-Amzn-Request-Id"
end

local function headers_of(operation)
  local headers = {}
  for name, value in operation:head():gmatch "\n([^:\r\n]+):[ \t]*([^\r\n]*)" do
    name = name:lower()
    headers[name] = headers[name] and headers[name] .. ", " .. value or value
  end
  return headers
end

---@param value any
---@return heygen.Response?
function response.of(value)
  local operation = value ~= nil and operations[value]
  if not operation then
    return nil
  end
  return {
    status = operation:status(),
    headers = headers_of(operation),
    request_id = response.request_id(operation),
    timings = operation:timings(),
    attempts = attempts[value] or 1,
    http_version = operation:http_version(),
  }
end

local function not_understood(why, status, body)
  return nil,
    { kind = "parse", status = status, message = "the answer was not understood: " .. why, body = body }
end

-- A body that is no JSON: say what it begins like, since "expected value" does not help.
local function describe(body, why)
  if body == "" then
    return "it is empty"
  elseif body:find "^%s*<" then
    return "it is HTML or XML, not JSON (a gateway or proxy in between?)"
  elseif not why then
    return "it is no JSON object"
  end
  return "it is no JSON (" .. tostring(why):gsub("^.-:%d+: ", "") .. ")"
end

-- Ids come as a list even where there is one; should the service send one alone, it becomes a list. Returns problem.
local function list_problem(row, data)
  local name = row.expects_list
  local list = data[name]
  if list == nil then
    list = data[row.one_as_list]
    data[row.one_as_list] = nil
  end
  if type(list) == "string" then
    list = { list }
  end
  data[name] = list
  return (type(list) ~= "table" or list[1] == nil) and "its data has no " .. name or nil
end

-- The id of what was made, under another name that it may have.
local function take_other_name(row, data)
  for _, name in ipairs(row.also_as) do
    if data[row.expects] == nil then
      data[row.expects] = data[name]
    end
  end
end

-- Whether the answer to a change has nothing that the caller needs. That of a create has its ids.
local function says_nothing(row)
  return row.method ~= "GET" and row.method ~= "POST" and not row.expects
end

-- The id of an answer to a GET that is about another thing than the one asked for: behind a cache, or a proxy that
-- mixes answers up.
local function other_id(row, target, data)
  local id, head = data[row.carries], #row.id_head
  if
    row.method ~= "GET"
    or type(id) ~= "string"
    or id == ""
    or (#target == head + #id + #row.id_tail and find(target, id, head + 1, true) == head + 1)
  then
    return nil
  end
  local path = plain(target:match "^[^?]*")
  local param = row.path_params and row.path_params[1] and row.path_params[1].name
  param = param ~= "group_id" and param or row.carries -- an avatar look only mentions its group
  for _, name in ipairs { "video_id", param or row.carries, row.carries } do -- of a session, its video
    local named = data[name]
    if type(named) == "string" and path == plain(row.id_head .. escape(named) .. row.id_tail) then
      return nil
    end
  end
  return id
end

local function wrong_answer(status, id, hide)
  local message = "the answer is about another id than the one asked for: " .. foreign.shown(id, 100, hide)
  return { kind = "parse", status = status, message = message, is_wrong = true }
end

-- Null where a list should be is an empty one, as programs in Go write it.
local function null_list(row, value, body)
  if value.data == nil and (row.list or row.returns_list) and body:find '"data"%s*:%s*null' then
    value.data = {}
  elseif
    row.batch
    and type(value.data) == "table"
    and value.data.items == nil
    and body:find '"items"%s*:%s*null'
  then
    value.data.items = {}
  end
end

-- A lack of memory for a moment must not lose the answer, which may be paid for.
local function decoded(body)
  local ok, value, why = pcall(decode, body, false, true)
  if ok then
    return value, why
  end
  collectgarbage()
  return decode(body, false, true)
end

---Reads an answer by the rule that a good status alone is no success: a cut connection has one too.
---@param row heygen.Endpoint
---@param status integer
---@param body string
---@param hide fun(text: string): string takes the credential out of a text
---@param target string path and query that were asked for
---@return table? value
---@return table? problem fields for an error: kind, message, last and what the service said
function response.read(row, status, body, hide, target)
  local value, why = decoded(body)
  local expects = row.expects
  if expects and status == 200 and type(value) == "table" and value.error == nil and value.code == nil then
    local data = value.data -- the good answer, first: all the rest is for the others
    if type(data) == "table" and type(data[expects]) == "string" and data[expects] ~= "" then
      if row.batch then
        null_list(row, value, body)
      end
      local other = row.carries and other_id(row, target, data)
      if other then
        return nil, wrong_answer(status, other, hide)
      end
      return data
    end
  end
  local good = status > 199 and status < 300 and type(value) == "table"
  local problem = not (good and value.error == nil and value.code == nil)
    and read_error(status, value, hide, value == nil and body or nil)
  if problem then
    problem.last = value == nil and foreign.excerpt(body, hide) or value
    return nil, problem
  elseif type(value) ~= "table" then
    if body == "" and (row.raw or (status == 204 and says_nothing(row))) then
      return {}
    end
    return not_understood(describe(body, why), status, body)
  elseif row.raw then
    return value
  end
  null_list(row, value, body)
  local data = value.data
  if data == nil and says_nothing(row) then
    return {} -- null, for one
  elseif type(data) ~= "table" then
    return not_understood("it has no data", status, body)
  elseif row.list then
    return value
  end
  if row.also_as then
    take_other_name(row, data)
  end
  if expects and (type(data[expects]) ~= "string" or (data[expects] == "" and row.method == "POST")) then
    -- What was made has an id. What was asked for has it as well, and an empty status is no status.
    return not_understood("its data has no " .. row.expects, status, body)
  elseif row.expects_list then
    local missing = list_problem(row, data)
    if missing then
      return not_understood(missing, status, body)
    end
  end
  local other = row.carries and other_id(row, target, data)
  if other then
    return nil, wrong_answer(status, other, hide)
  end
  return data
end

local ID = '"([%w_.~-]+)"'

---An id that can still be read from an answer that cannot be decoded: a paid job must not be lost for a cut body.
---@param body string
---@param name string of the id in the answer: "video_id"; "avatar_item.id" inside an object
---@return string|string[]|nil id a list where the answer has one
function response.salvage(body, name)
  local outer, inner = name:match "^([%w_]+)%.([%w_]+)$"
  if outer then
    local rest = body:match('"' .. outer .. '"%s*:%s*({.*)')
    if not rest then
      return nil
    end
    body, name = rest:match "^%b{}" or rest, inner
  end
  local id = body:match('"' .. name .. '"%s*:%s*' .. ID)
  local list = not id and body:match('"' .. name .. '"%s*:%s*%[([^%]]*)')
  if not list then
    return id
  end
  local ids = {}
  for each in list:gmatch(ID) do
    ids[#ids + 1] = each
  end
  return ids[1] and ids or nil
end

response.without_secret = foreign.copy

return response
