-- The options of a router, and what is wrong with them.
local checker = require "heygen.schema.options"
local core = require "heygen.core"
local event_types = require "heygen.endpoints.event_types"
local secrets = require "heygen.webhook.secrets"
local suggest = require "heygen.schema.suggest"
local tokens = require "heygen.webhook.tokens"
local values = require "heygen.schema.value"

local router_options = {}

local WHERE = "heygen.webhook.router"
local WORKING_FOR = 6 * 3600

local is_callable = checker.is_callable

---What a handler gets.
---@class heygen.RoutedEvent : heygen.Event
---@field verified "signature"|"token" what proves where it comes from
---@field hint boolean? true: a callback about which the API was not asked
---@field video heygen.Video? what the API answered, after a callback
---@field session heygen.VideoAgentSession? the same, while there is no video
---@field job table? the same, of a translation, a proofread or a clipping

---@class heygen.webhook.RouterOptions
---@field on table<string, fun(event: heygen.RoutedEvent): any>|function handlers; ["*"]: of all others
---@field secrets heygen.webhook.Secrets? of the registered endpoint; a function is asked at each delivery
---@field token_secret string|string[]|nil of callbacks, see webhook.callback; 16 bytes or more
---@field accept ("signed"|"callback")[]|nil what is taken ({"signed"}, with a token_secret {"signed", "callback"})
---@field store heygen.webhook.Store? remembers what was handled (in memory; with `dict` in there)
---@field dict table? a lua_shared_dict: all workers know what was handled and delivered, and the secrets
---@field client heygen.Client? asks for the state before a callback is believed
---@field defer boolean|fun(fn: fun())|nil handlers run after the answer: true in a task or timer, or by this function
---@field log (fun(line: string))? (nginx's log, or standard error)
---@field max_bytes integer? of a body (1048576)
---@field tolerance number? see webhook.verify
---@field require_timestamp boolean?
---@field now (fun(): number)?
---@field working boolean? true: deliveries are known to arrive, so the first wait relies on them as well (false)
---@field working_for number? seconds after a delivery for which deliveries are taken to arrive (21600)

-- A secret, or several while one replaces another.
local function tokens_problem(value)
  if type(value) ~= "table" then
    return tokens.secret_problem(value)
  elseif value[1] == nil then
    return "expected a secret or a list of them, got an empty table"
  end
  for index, secret in ipairs(value) do
    local problem = tokens.secret_problem(secret)
    if problem then
      return problem, "[" .. index .. "]"
    end
  end
end

local function on_problem(on)
  if is_callable(on) then
    return nil
  elseif type(on) ~= "table" then
    return values.expected('{["video_agent.success"] = function(event) ... end, ...}', on)
  end
  for name, handler in pairs(on) do
    if type(name) ~= "string" then
      return "expected types of events as names, got " .. values.given(name)
    elseif not is_callable(handler) then
      return "expected a function, got " .. values.given(handler), ("[%q]"):format(name)
    end
  end
end

local function accept_problem(accept)
  if type(accept) ~= "table" or accept[1] == nil then
    return values.expected('a list, {"signed"}, {"callback"} or both', accept)
  end
  for index, name in ipairs(accept) do
    if name ~= "signed" and name ~= "callback" then
      return 'expected "signed" or "callback", got ' .. values.given(name), "[" .. index .. "]"
    end
  end
end

local function is_client(value)
  return type(value) == "table" and value.videos and value.video_agents
end

local function is_later(value)
  return type(value) == "boolean" or is_callable(value)
end

local KNOWN = {
  on = { required = 'write on = {["video_agent.success"] = function(event) ... end}', problem = on_problem },
  secrets = {},
  token_secret = { problem = tokens_problem },
  accept = { problem = accept_problem },
  store = { expected = 'a store with the methods "claim" and "forget"', is = checker.has("claim", "forget") },
  dict = {
    expected = "a dictionary of ngx.shared (is there a lua_shared_dict of that name?)",
    is = checker.has("get", "set", "add"),
  },
  client = { expected = "what heygen.new() returns", is = is_client },
  defer = { expected = "true or a function that runs the function it gets later", is = is_later },
  log = { type = "function" },
  max_bytes = { type = "integer", default = 1024 * 1024, min = 1 },
  tolerance = { type = "seconds", min = 0 },
  require_timestamp = { type = "boolean" },
  now = { type = "function" },
  working = { type = "boolean" },
  working_for = { type = "seconds", default = WORKING_FOR, min = 0 },
}

---Reads the options; raises for a bad one.
---@param given heygen.webhook.RouterOptions
---@param level integer
---@return table read
function router_options.read(given, level)
  local read = checker.read(WHERE, given, KNOWN, level + 1)
  if read.secrets ~= nil and not is_callable(read.secrets) then
    secrets.check(WHERE, read.secrets, level + 1)
  end
  local token_secret = read.token_secret
  read.token_secrets = type(token_secret) == "table" and token_secret or { token_secret }
  read.takes = {}
  for _, name in ipairs(read.accept or { "signed", token_secret and "callback" or nil }) do
    read.takes[name] = true
  end
  if read.takes.callback and not token_secret then
    error(WHERE .. ": token_secret: missing, callbacks are believed by their tokens only", level + 1)
  end
  read.trusted = {}
  if read.working then
    read.trusted = { read.takes.signed and "signature" or "token", read.takes.callback and "token" or nil }
  end
  read.clock = read.now or core.time
  return read
end

---Types that are nearly one that is known: others may come, but this is a slip.
---@param on any
---@return string[] lines
function router_options.slips(on)
  local known, lines = { ["*"] = true }, {}
  for _, name in ipairs(event_types) do
    known[name] = true
  end
  for name in pairs(type(on) == "table" and on or {}) do
    local hint = not known[name] and suggest.hint(name, event_types) or ""
    if hint ~= "" then
      lines[#lines + 1] = ("on[%q]: no known type of event%s"):format(name, hint)
    end
  end
  return lines
end

return router_options
