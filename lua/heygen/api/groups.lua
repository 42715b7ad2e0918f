-- The groups of a client (client.videos, ...): one class for each, made from its rows in endpoints/ and from what
-- extra_methods.lua adds.
--
-- A method calls its row through call.lua. What only some rows do is put around that once, when the method is made:
-- a row that takes files has a sender that uploads them first, a row that takes a callback makes its address first.
local arguments = require "heygen.api.arguments"
local attachments = require "heygen.upload.attachments"
local block = require "heygen.driver.block"
local errors = require "heygen.errors"
local extra_methods = require "heygen.api.extra_methods"
local ids = require "heygen.api.id"
local names = require "heygen.endpoints.names"
local pages = require "heygen.api.pages"
local protected = require "heygen.task.protected"
local row_calls = require "heygen.api.call"
local tokens = require "heygen.webhook.tokens"
local uploads = require "heygen.upload"

local groups = {}

local check_colon, invoke_with, send = row_calls.check_colon, row_calls.invoke_with, row_calls.send
local outcome = errors.outcome -- no tail call into what is inside it: an error must point at the line that called

local function send_upload(client, _, call, _, level)
  local asset, err = uploads.create(client, call, level + 1)
  return asset, err
end

local function send_with_files(client, row, call, args)
  if not call.files then
    return send(client, row, call, args)
  end
  return attachments.send(client, row, call, function(ready)
    return send(client, row, ready, args)
  end)
end

local function sender_of(row)
  if row.multipart then
    return send_upload
  end
  return row.takes_files and send_with_files or send
end

-- `callback = {url = ..., token_secret = ...}` becomes callback_url and callback_id, and the id is on what comes back:
-- a router may get the event even after a create that is unsure.
local function with_callback(row, invoke)
  local index, takes_id = #row.path_params + 1, row.body.callback_id ~= nil
  return function(client, level, args, count)
    local callback_id
    if type(args[index]) == "table" and args[index].callback ~= nil then
      local fields, made = tokens.expand(args[index], takes_id)
      if not fields then
        error(row_calls.refusal(row, made, "callback", true, level + 1))
      end
      args[index], callback_id = fields, made
    end
    local value, err = invoke(client, level + 1, args, count)
    if callback_id then
      local result = value or err
      result.callback_id = result.callback_id or callback_id
    end
    return value, err
  end
end

---The function behind the method of a row: invoke(client, level, args, count) -> value | nil, err.
---@param row heygen.Endpoint
---@return function
function groups.invoker(row)
  local sender = sender_of(row)
  local function invoke(client, level, args, count)
    local value, err = invoke_with(client, row, sender, level + 1, args, count)
    return value, err
  end
  return row.body and row.body.callback_url and with_callback(row, invoke) or invoke
end

local function make_method(row)
  local quick = row.method == "GET" and #row.path_params == 1 and not (row.list or row.batch or row.rename)
  local form = ("client.%s:%s(...)"):format(row.group, row.name)
  local invoke = groups.invoker(row)
  return function(self, ...)
    local client = type(self) == "table" and self.client or check_colon(self, "client", form)
    if quick then -- without packing arguments: polling does nothing else all day
      local id, fields, more = ...
      local call = fields == nil and more == nil and arguments.quick(row, id)
      if call then
        return outcome(send(client, row, call, id))
      end
    end
    local value, err = invoke(client, 2, { ... }, select("#", ...))
    if value ~= nil then
      return value
    end
    return outcome(nil, err)
  end
end

---A row as a method of the client itself.
---@param row heygen.Endpoint
---@param form string the right form of the call
---@return function
function groups.client_method(row, form)
  local invoke = groups.invoker(row)
  return function(self, ...)
    local client = type(self) == "table" and self.template and self or check_colon(self, "template", form)
    local value, err = invoke(client, 2, { ... }, select("#", ...))
    if value ~= nil then
      return value
    end
    return outcome(nil, err)
  end
end

-- PUC Lua 5.1 cannot yield inside an iterator: there, fetching a page holds up all tasks.

local function make_each(row)
  local name = ("client.%s:%s"):format(row.group, row.each)
  local form = name .. "(...)"
  local called = ids.called(row, name)
  return function(self, ...)
    local client = check_colon(self, "client", form)
    local args, count = { ... }, select("#", ...)
    local checked, message, field, mistake = arguments.check(called, args, count)
    if not checked then
      error(row_calls.refusal(called, message, field, mistake, 2), 0)
    end
    if protected.NO_YIELD_IN_PCALL then
      client = setmetatable({ driver = block }, { __index = client })
    end
    local fields = args[#row.path_params + 1]
    return pages.each(row_calls.page_fetcher(client, called, args), fields, client.hide, row.batch)
  end
end

local function methods_of(group)
  local methods = {}
  for name, row in pairs(row_calls.rows(group)) do
    methods[name] = make_method(row)
    if row.each then
      methods[row.each] = make_each(row)
    end
  end
  for _, module in ipairs(extra_methods[group] or {}) do
    for name, method in pairs(require(module).methods(group)) do
      assert(not methods[name], group .. ":" .. name .. " is there already")
      methods[name] = method
    end
  end
  return methods
end

-- All of them now: what a wait needs later must not depend on a search path that the program may change.
local classes = {}
for _, group in ipairs(names) do
  classes[group] = { __name = "heygen." .. group, __index = methods_of(group) }
end

---Gives a client its groups.
---@param client heygen.Client
function groups.install(client)
  for group, class in pairs(classes) do
    client[group] = setmetatable({ client = client }, class)
  end
end

return groups
