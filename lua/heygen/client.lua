-- The client: its options, the workflow, and raw requests. Its groups are made in groups.lua.
local core = require "heygen.core"
local downloads = require "heygen.download"
local drivers = require "heygen.driver"
local errors = require "heygen.errors"
local groups = require "heygen.api.groups"
local ids = require "heygen.api.id"
local interrupt = require "heygen.driver.interrupt"
local options = require "heygen.schema.client_options"
local protected = require "heygen.task.protected"
local pause = require "heygen.driver.pause"
local raw = require "heygen.api.raw_request"
local request = require "heygen.http.request"
local row_calls = require "heygen.api.call"
local scheduler = require "heygen.driver.scheduler"
local urls = require "heygen.schema.url"
local values = require "heygen.schema.value"
local video_wait = require "heygen.wait.video"
local workflow = require "heygen.wait.generate"

local client = {}

local check_colon = row_calls.check_colon
local outcome = errors.outcome -- no tail call into what is inside it: an error must point at the line that called

local CREATE = row_calls.rows("video_agents").create
local create = groups.invoker(ids.called(CREATE, "client:generate"))

---@class heygen.Client
local Client = {}
Client.__index = Client
Client.__name = "heygen.client"
Client.__metatable = "private"

-- The key is nowhere in the object: it is in the C header list only, and in the closure that hides it in messages.
function Client:__tostring()
  return "heygen.client (" .. self.base .. self.base_path .. ")"
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
    error("client:request: " .. problem, 2)
  end
  local row, call, err = raw.prepare(fields)
  local value
  if row then
    value, err = request.send(self, row, call)
  end
  return outcome(value, err)
end

-- ---- the workflow ----

-- A create that failed may have made a session all the same.
local function with_resume(err)
  if err.session_id and err.sent ~= "no" then
    err.message = ("%s; the session was made: resume with client:wait(%q)"):format(
      err.message,
      err.session_id
    )
  end
  return err
end

---Starts a video. This costs money: what may have been accepted is never sent again by itself.
---Gives session_id, status, created_at, and video_id when it is known. `prompt` is required.
---@type fun(self: heygen.Client, fields: heygen.VideoAgentsCreate): heygen.VideoAgentSession?, string?, heygen.Error?
Client.create = groups.client_method(ids.called(CREATE, "client:create"), "client:create{...}")

---Polls a video or a session once.
---@param target any a video id, a session id, what create returned, a video, or an error that names one
---@return heygen.Video|heygen.VideoAgentSession|nil state
---@return string? message
---@return heygen.Error? err
function Client:poll(target)
  if type(self) ~= "table" or not self.template then
    check_colon(self, "template", "client:poll(...)")
  end
  return outcome(video_wait.poll(self, target, 2))
end

---Waits until a video is completed or has failed.
---@param target any as for poll
---@param wait heygen.WaitOptions?
---@return heygen.Video? video
---@return string? message
---@return heygen.Error? err with every id, to resume: client:wait(err)
function Client:wait(target, wait)
  check_colon(self, "template", "client:wait(...)")
  return outcome(video_wait.wait(self, "client:wait", target, wait, 2))
end

---Creates a video and waits for it.
---@param fields heygen.Generate as for create, and `wait`: options for the waiting
---@return heygen.GeneratedVideo? video
---@return string? message
---@return heygen.Error? err with every id, to resume: client:wait(err)
function Client:generate(fields)
  check_colon(self, "template", "client:generate{...}")
  local body, wait, save = workflow.split(fields, 2)
  local obstacle = save and workflow.obstacle(save)
  if obstacle then
    return outcome(nil, obstacle)
  end
  local session, err = create(self, 2, { body }, 1)
  if not session then
    return outcome(nil, with_resume(err))
  end
  -- Nothing is expected to raise in there but Lua, for want of memory: that must not lose what is paid for.
  local ok, video, failure = protected.call(workflow.follow, self, session, fields, wait)
  if not ok and interrupt.is_told(video) then
    interrupt.raise(video)
  elseif not ok then
    local unsure = { kind = "raised", message = "client:generate: " .. errors.text(video), sent = "yes" }
    unsure.session_id, unsure.video_id, unsure.cause = session.session_id, session.video_id, video
    return errors.fail(unsure)
  end
  if video and save then
    video, failure = workflow.save(self, video, save, wait)
  end
  return outcome(video, failure)
end

---Fetches a file of a video, or of anything with an address. Sends no credential. The file appears under its name when
---it is complete; after a failure the next call resumes where this one stopped.
---@param video any a video, its id, an address, or a table with `url`, `audio_url` or `video_url`
---@param path string|fun(bytes: string): any, any a function gets the bytes; nil and a message, or false, end it
---@param download heygen.DownloadOptions?
---@return string|integer|nil path of a function: how many bytes it got
---@return string? message
---@return heygen.Error? err with `part` and `received` when the next call can resume
function Client:download(video, path, download)
  check_colon(self, "template", "client:download(...)")
  return outcome(downloads.download(self, video, path, download, 2))
end

---Advances all tasks, within a budget, and never blocks: for a frame of a game.
---@param budget number? seconds
---@return integer live tasks that have not ended
function Client:update(budget)
  check_colon(self, "template", "client:update(...)")
  if budget ~= nil and (type(budget) ~= "number" or budget ~= budget or budget < 0) then
    error("client:update: budget: expected seconds >= 0, got " .. values.given(budget), 2)
  end
  return scheduler.update(budget)
end

---Ends all that this client waits for, at once, with errors of kind "closed" that name what was made so far, and takes
---no calls any more. Other clients are not affected.
function Client:close()
  check_colon(self, "template", "client:close()")
  if not self.is_closed then
    pause.close(self)
  end
end

Client.__close = Client.close -- local client <close> = heygen.new()

-- ---- making one ----

local ONE = 1024 * 1024 -- bytes of an answer that is no list: 16 kB of gzip can become a gigabyte of tables

-- How large an answer may be: the option, where it is set, for all of them.
local function response_limits(bytes)
  local default = options.known.max_response_bytes.default
  return { list = bytes, one = bytes == default and ONE or bytes }
end

local function make_headers(read)
  local headers = { ["User-Agent"] = read.user_agent }
  for name, value in pairs(read.headers or {}) do
    headers[name] = value
  end
  if read.api_key then
    headers["X-Api-Key"] = read.api_key
  elseif type(read.access_token) == "string" then
    headers.Authorization = "Bearer " .. read.access_token
  end
  return core.headers(headers), headers
end

-- It passes, as a dead connection does: a wait asks again.
local function no_token(message, cause)
  return {
    kind = "callback",
    code = "access_token",
    message = message,
    cause = cause,
    sent = "no",
    retryable = true,
  }
end

-- Tokens that expire: the function that sets the present one, called before each attempt of a request and with true
-- after a 401. Gives the fields of an error when there is no token.
local function credential_of(self, given, headers)
  local present, hide, shows_key
  local asked = setmetatable({}, { __mode = "k" }) -- coroutines in which the function runs now
  self.hide = function(text)
    return hide and hide(text) or text
  end
  self.shows_key = function(id)
    return shows_key ~= nil and shows_key(id)
  end
  return function(is_rejected)
    local co = protected.running() or "main"
    if asked[co] then
      return no_token "access_token: the function called the client that it is for"
    end
    asked[co] = true
    local ok, token = protected.call(given, is_rejected)
    asked[co] = nil
    local problem
    if not ok then
      problem = "access_token raised: " .. errors.text(token)
    else
      problem = options.token_problem(token)
      problem = problem and "access_token: the function gave no token: " .. problem
    end
    if problem then
      return no_token(problem, not ok and token or nil)
    elseif token ~= present then
      present, headers.Authorization = token, "Bearer " .. token
      hide, shows_key = errors.of_secret(token)
      self.template.headers = core.headers(headers)
      self.prepared = core.prepare(self.template)
    end
  end
end

local last_owner = 0 -- the number of a client: its operations carry it

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
  drivers.load()
  local ready, why = pcall(core.decode, "1") -- before money is spent: odd answers, such as this, need lua-cjson
  if not ready then
    error(
      "heygen.new: lua-cjson is needed to read answers (luarocks install lua-cjson): " .. tostring(why),
      level + 1
    )
  end
  local headers, named = make_headers(read)
  local secret, token = read.api_key or read.access_token, nil
  if type(secret) ~= "string" then
    secret, token = "", secret
  end
  read.api_key, read.access_token = nil, nil
  local hide, shows_key = errors.of_secret(secret)
  last_owner = last_owner + 1
  local self = {
    base = read.base,
    base_path = read.path,
    options = read,
    driver = driver,
    owner = last_owner,
    limits = response_limits(read.max_response_bytes),
    policy = { max_retries = read.max_retries, base = read.retry_base, cap = read.retry_cap },
    hide = hide,
    shows_key = shows_key,
    cadences = {}, -- by kind of job, see wait/cadence.lua
    shared_polls = {}, -- by group, see wait/polls.lua
    -- What is the same in every request; request.lua adds the rest.
    template = {
      base = read.base,
      headers = headers,
      connect_timeout = read.connect_timeout,
      allow_http = read.plain_http,
      proxy = urls.proxy(read.proxy, read.base),
      ca_file = read.ca_file,
      http_version = read.http_version,
      owner = last_owner,
    },
  }
  self.prepared = core.prepare(self.template)
  self.credential = token and credential_of(self, token, named)
  groups.install(self)
  return setmetatable(self, Client)
end

return client
