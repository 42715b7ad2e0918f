-- The client: its options, and the API's methods, which are made from endpoints.lua.
local core = require "heygen.core"
local block = require "heygen.driver.block"
local drivers = require "heygen.drivers"
local endpoints = require "heygen.endpoints"
local errors = require "heygen.errors"
local generation = require "heygen.generation"
local options = require "heygen.options"
local pages = require "heygen.pages"
local params = require "heygen.params"
local raw = require "heygen.raw"
local request = require "heygen.request"

local client = {}

local select = select

---@class heygen.Client
local Client = {}
Client.__index = Client
Client.__name = "heygen.client"
Client.__metatable = "private"

-- The key is nowhere in the object: it is in the C header list only, and in the closure that hides it in messages.
function Client:__tostring()
  return "heygen.client (" .. self.base .. self.base_path .. ")"
end

-- With a dot, the first argument would be taken for the object. `form` is how the call should look.
local function check_colon(self, field, form)
  local found = type(self) == "table" and self[field]
  if not found then
    error("heygen: call it with a colon: " .. form, 3)
  end
  return found
end

-- ---- methods from the table ----

-- "a (a programmer's mistake) raises; a bad value is an error like any other": see params.check.
local function refuse(row, message, field, mistake, level)
  if mistake then
    error("heygen: " .. message, level + 1)
  end
  return errors.fail {
    kind = "invalid",
    message = row.group .. ":" .. row.name .. ": " .. message,
    param = field,
    sent = "no",
  }
end

local function id_given(row, args, index)
  local given, id = args[index], row.path_params[index]
  if type(given) == "table" then
    given = given[id.name] or (id.also and given[id.also])
  end
  return type(given) == "string" and given or nil
end

-- What the caller named is on the error, whatever the service says.
local function name_ids(row, args, err)
  for index, id in ipairs(row.path_params) do
    err[id.name] = id_given(row, args, index) or err[id.name]
  end
end

local function send(self, row, call, args)
  local value, _, err = request.send(self, row, call)
  local carries = row.carries
  if value == nil then
    name_ids(row, type(args) == "table" and args or { args }, err)
    return nil, tostring(err), err
  elseif carries and (type(value[carries]) ~= "string" or value[carries] == "") then
    -- Whoever goes on with the value needs its id, whatever the service sent.
    value[carries] = id_given(row, type(args) == "table" and args or { args }, 1)
  end
  return value
end

-- Fetches one page, for page:next() and each().
local function page_fetcher(self, row, args)
  return function(fields)
    local page_args = {}
    for index = 1, #row.path_params do
      page_args[index] = args[index]
    end
    page_args[#row.path_params + 1] = fields
    local call, message, field, mistake = params.check(row, page_args)
    if not call then
      return refuse(row, message, field, mistake, 2)
    end
    return send(self, row, call, page_args)
  end
end

local function call_endpoint(self, row, level, ...)
  local args, count = { ... }, select("#", ...)
  local call, message, field, mistake = params.check(row, args, count)
  if not call then
    local _, text, err = refuse(row, message, field, mistake, level + 1)
    return nil, text, err
  end
  if row.method == "DELETE" then
    call.id = id_given(row, args, 1)
  end
  if not row.list then
    return send(self, row, call, args)
  end
  local envelope, text, err = send(self, row, call, args)
  if not envelope then
    return nil, text, err
  end
  return pages.new(page_fetcher(self, row, args), args[#row.path_params + 1], envelope, self.hide)
end

-- PUC Lua 5.1 cannot yield inside an iterator: there, fetching a page holds up all tasks.
local BLOCKS_IN_ITERATORS = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

local rows = {} -- group -> name -> row
for _, row in ipairs(endpoints) do
  rows[row.group] = rows[row.group] or {}
  rows[row.group][row.name] = row
end

local function list_of(group)
  for _, name in ipairs { "list", "styles" } do
    if rows[group][name] then
      return rows[group][name]
    end
  end
end

-- One class per group: client.videos, client.video_agents, ...
local function make_group(group)
  local methods = {}
  for name, row in pairs(rows[group]) do
    local quick = row.method == "GET" and #row.path_params == 1 and not row.list
    local form = ("client.%s:%s(...)"):format(group, name)
    methods[name] = function(self, ...)
      local owner = type(self) == "table" and self.client or check_colon(self, "client", form)
      if quick then -- without packing arguments: polling does nothing else all day
        local id, fields, more = ...
        local call = fields == nil and more == nil and params.quick(row, id)
        if call then
          return send(owner, row, call, id)
        end
      end
      -- No tail call: an error shall point at the line that called.
      local value, message, err = call_endpoint(owner, row, 2, ...)
      return value, message, err
    end
  end
  local list = list_of(group)
  if list and list.name == "list" then
    function methods.each(self, fields)
      local owner = check_colon(self, "client", ("client.%s:each(...)"):format(group))
      local args = { fields }
      local checked, message, field, mistake = params.check(list, args)
      if not checked then
        local _, _, err = refuse(list, message, field, mistake, 2)
        error(err, 0)
      end
      if BLOCKS_IN_ITERATORS then
        owner = setmetatable({ driver = block }, { __index = owner })
      end
      return pages.each(page_fetcher(owner, list, args), fields, owner.hide)
    end
  end
  return { __index = methods, __name = "heygen." .. group }
end

local groups = {}
for group in pairs(rows) do
  groups[group] = make_group(group)
end

-- ---- raw requests ----

---Sends any request to the API, with the client's credential, retries and limits.
---@param fields heygen.RawRequest
---@return table? value the whole decoded answer, {} when it is empty
---@return string? message
---@return heygen.Error? err
function Client:request(fields)
  check_colon(self, "template", "client:request{...}")
  local problem = raw.problem(fields)
  if problem then
    error("heygen: " .. problem, 2)
  end
  local row, call, err = raw.prepare(fields)
  if not row then
    return nil, call, err
  end
  return request.send(self, row, call)
end

-- ---- the workflow ----

---Starts a video. This costs money: what may have been accepted is never sent again by itself.
---@param fields heygen.VideoAgentsCreate `prompt` is required
---@return heygen.VideoAgentSession? session session_id, status, created_at, and video_id when it is known
---@return string? message
---@return heygen.Error? err
function Client:create(fields, ...)
  check_colon(self, "template", "client:create{...}")
  local session, message, err = call_endpoint(self, rows.video_agents.create, 2, fields, ...)
  return session, message, err
end

---One look at a video or session.
---@param target any a video id, a session id, what create returned, a video, or an error that names one
---@return heygen.Video|heygen.VideoAgentSession|nil state
---@return string? message
---@return heygen.Error? err
function Client:poll(target)
  if type(self) ~= "table" or not self.template then
    check_colon(self, "template", "client:poll(...)")
  end
  local found, message, err = generation.poll(self, target, 2)
  return found, message, err
end

---Waits until a video is completed or has failed.
---@param target any as for poll
---@param wait heygen.WaitOptions?
---@return heygen.Video? video
---@return string? message
---@return heygen.Error? err with every id, to go on: client:wait(err)
function Client:wait(target, wait)
  check_colon(self, "template", "client:wait(...)")
  local video, message, err = generation.wait(self, target, wait, 2)
  return video, message, err
end

---Creates a video and waits for it.
---@param fields heygen.Generate as for create, and `wait`: options for the waiting
---@return heygen.Video? video
---@return string? message
---@return heygen.Error? err with every id, to go on: client:wait(err)
function Client:generate(fields)
  check_colon(self, "template", "client:generate{...}")
  local video, message, err = generation.generate(self, fields, 2, call_endpoint, rows.video_agents.create)
  return video, message, err
end

---Fetches a file of a video, or of anything with an address. Sends no credential. The file appears under its name when
---it is whole; what has come when it fails is where the next call goes on.
---@param video any a video, its id, an address, or a table with `url`, `audio_url` or `video_url`
---@param path string|fun(bytes: string): any, any a function gets the bytes; nil and a message, or false, end it
---@param download heygen.DownloadOptions?
---@return string|integer|nil path of a function: how many bytes it got
---@return string? message
---@return heygen.Error? err with `part` and `received` when the next call can go on
function Client:download(video, path, download)
  check_colon(self, "template", "client:download(...)")
  local saved, message, err = require("heygen.downloads").download(self, video, path, download, 2)
  return saved, message, err
end

---Advances all tasks, within a budget, and never blocks: for a frame of a game.
---@param budget number? seconds
---@return integer live tasks that have not ended
function Client:update(budget)
  check_colon(self, "template", "client:update(...)")
  if budget ~= nil and (type(budget) ~= "number" or budget ~= budget or budget < 0) then
    error("heygen: budget: expected a number of seconds, got " .. tostring(budget), 2)
  end
  return require("heygen.scheduler").update(budget)
end

---Ends all that this client waits for, at once, with errors of kind "closed" that name what was made so far, and takes
---no calls any more. Other clients go on.
function Client:close()
  check_colon(self, "template", "client:close()")
  if not self.is_closed then
    require("heygen.waits").close(self)
  end
end

Client.__close = Client.close -- local client <close> = heygen.new()

-- ---- making one ----

local function make_headers(read)
  local headers = { ["User-Agent"] = read.user_agent }
  for name, value in pairs(read.headers or {}) do
    headers[name] = value
  end
  if read.api_key then
    headers["X-Api-Key"] = read.api_key
  else
    headers.Authorization = "Bearer " .. read.access_token
  end
  return core.headers(headers)
end

local last_group = 0 -- the number of a client: what it waits for carries it

---Makes a client; see heygen.new.
---@param given heygen.Options?
---@param level integer
---@return heygen.Client
function client.new(given, level)
  local read, message = options.read(given)
  local driver
  if read then
    driver, message = drivers.read(read.driver)
  end
  if message then
    error("heygen.new: " .. message, level + 1)
  end
  local ready, why = pcall(core.decode, "[]") -- before money is spent: answers need lua-cjson
  if not ready then
    error(
      "heygen.new: lua-cjson is needed to read answers (luarocks install lua-cjson): " .. tostring(why),
      level + 1
    )
  end
  local headers, secret = make_headers(read), read.api_key or read.access_token
  read.api_key, read.access_token = nil, nil
  last_group = last_group + 1
  local self = {
    base = read.base,
    base_path = read.path,
    options = read,
    driver = driver,
    group = last_group,
    policy = { max_retries = read.max_retries, base = read.retry_base, cap = read.retry_cap },
    hide = function(text)
      return errors.hide(text, secret)
    end,
    shows_key = function(id)
      return errors.shows(id, secret)
    end,
    -- What is the same in every request; request.lua fills in the rest.
    template = {
      base = read.base,
      headers = headers,
      connect_timeout = read.connect_timeout,
      max_bytes = read.max_response_bytes,
      allow_http = read.plain_http,
      proxy = read.proxy,
      ca_file = read.ca_file,
      group = last_group,
    },
  }
  for group, class in pairs(groups) do
    self[group] = setmetatable({ client = self }, class)
  end
  return setmetatable(self, Client)
end

return client
