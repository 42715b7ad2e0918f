-- Receives deliveries, whatever the server: method, headers and body in; status, headers and body out. No request
-- raises.
local Deliveries = require "heygen.webhook.deliveries"
local Dispatch = require "heygen.webhook.dispatch"
local Keyring = require "heygen.webhook.keyring"
local checker = require "heygen.schema.options"
local core = require "heygen.core"
local errors = require "heygen.errors"
local event = require "heygen.webhook.event"
local protected = require "heygen.task.protected"
local keys = require "heygen.webhook.keys"
local plain = require("heygen.schema.value").plain_id
local router_options = require "heygen.webhook.router_options"
local secrets = require "heygen.webhook.secrets"
local store = require "heygen.webhook.store.memory"
local store_shared = require "heygen.webhook.store.shared_dict"
local tokens = require "heygen.webhook.tokens"
local values = require "heygen.schema.value"
local verify = require "heygen.webhook.verify"

---@class heygen.webhook.Router
---@field max_bytes integer
local Router = {}
Router.__index = Router
Router.__name = "heygen.webhook.router"

-- With a dot, the method would be taken for the router, and each delivery refused with 405.
local function check_colon(self, form)
  if getmetatable(self) ~= Router then
    checker.refuse_dot("router:" .. form, 3)
  end
end

local refusal = event.refusal

local ALLOW = "POST, GET, HEAD, OPTIONS"

-- ---- answers ----

local function answer(status, word, more)
  local headers = { ["Content-Type"] = "text/plain", ["Cache-Control"] = "no-store" }
  for name, value in pairs(more or {}) do
    headers[name] = value
  end
  return status, headers, status == 204 and "" or word .. "\n"
end

-- As HeyGen's guide has it. What is not among them is not the sender's fault: it may come again.
local STATUS = {
  missing_signature = 400,
  malformed = 400,
  too_old = 400,
  too_new = 400,
  too_large = 413,
  bad_signature = 401,
  bad_token = 401,
  missing_token = 401,
}

local RETRY = { ["Retry-After"] = "30" }

-- Any sender can send anything, at any rate: not all of it is logged.
local MOST_LINES, WINDOW = 10, 60

local function log_refused(self, message)
  local refused, now = self.refused, core.now()
  if now - refused.since > WINDOW then
    local silent = refused.count - MOST_LINES
    self.refused = { since = now, count = 0 }
    if silent > 0 then
      self.write(("refused: %d more"):format(silent))
    end
    refused = self.refused
  end
  refused.count = refused.count + 1
  if refused.count <= MOST_LINES then
    self.write("refused: " .. message)
  end
end

local function refuse(self, reason, message)
  log_refused(self, message)
  local status = STATUS[reason] or 503
  return answer(status, reason, status == 503 and RETRY or nil)
end

-- ---- authentication ----

local function read_signed(self, headers, body)
  local known = self.keyring:list()
  if known[1] == nil then
    local message = "no secret is known that is still valid: router:add_secret, or client.webhooks:rotate"
    return nil, refusal("no_secret", message)
  end
  local made, err = verify.read(body, headers, known, self, 2)
  if made then
    made.verified, made.replay_keys = "signature", keys.of_signed(made, body)
  end
  return made, err
end

local function read_callback(self, id, token, body)
  if not tokens.matches(self.token_secrets, id, token) then
    return nil, refusal("bad_token", "the token in the address is not that of its callback_id")
  end
  local made, problem = event.build(body)
  if not made then
    return nil, refusal("malformed", problem)
  elseif made.callback_id and plain(made.callback_id) ~= plain(id) then
    return nil, refusal("bad_token", "the token in the address is for another callback_id than the body's")
  end
  made.callback_id, made.verified = id, "token"
  made.replay_keys = keys.of_callback(made, body)
  return made
end

local function read(self, headers, body, target)
  local id, token
  if self.takes.callback then
    id, token = tokens.read(target)
  end
  if token then
    return read_callback(self, id, token, body)
  elseif self.takes.signed and (self.keyring:list()[1] ~= nil or not self.takes.callback) then
    return read_signed(self, headers, body)
  end
  return nil, refusal("missing_token", "there is no callback_token in the address")
end

-- ---- requests ----

local function receive(self, headers, body, target)
  if type(body) ~= "string" then
    return refuse(self, "malformed", "there is no body")
  elseif #body > self.max_bytes then
    return self:too_large()
  elseif type(headers) ~= "table" and type(headers) ~= "function" then
    headers = {}
  end
  local made, err = read(self, headers, body, target)
  if not made then
    return refuse(self, err.reason, err.message)
  end
  local status, word = self.dispatch:take(made, body, function(is_new)
    if is_new then -- a recorded one can be sent again by any sender: that proves nothing about the next
      self.deliveries.arrivals:arrived(made.verified, made)
    end
    self.deliveries:add(made, #body)
  end)
  return answer(status, word, status == 503 and RETRY or nil)
end

---The answer to a request whose body is too large to be read.
---@return integer status
---@return table<string, string> headers
---@return string body
function Router:too_large()
  check_colon(self, "too_large()")
  return refuse(self, "too_large", ("a body has more than %d bytes"):format(self.max_bytes))
end

---Deals with a request. Never raises for what is in it.
---@param method string
---@param headers table<string, string|string[]>|fun(name: string): string|string[]|nil
---@param body string? the bytes as they came
---@param target any the request target ("/hook?a=b"), its query, or a table of its parameters; for callback tokens
---@return integer status
---@return table<string, string> headers
---@return string body
function Router:handle(method, headers, body, target)
  check_colon(self, "handle(...)")
  if method == "GET" or method == "HEAD" then
    return answer(200, "ok")
  elseif method == "OPTIONS" then
    return answer(204, "", { Allow = ALLOW })
  elseif method ~= "POST" then
    return answer(405, "method not allowed", { Allow = ALLOW })
  end
  local ok, status, more, text = protected.call(receive, self, headers, body, target)
  if ok then
    return status, more, text
  end
  self.write("error: " .. tostring(status))
  return answer(500, "error")
end

-- ---- secrets, waiting ----

local ADD, ADD_OPTIONS = "router:add_secret", { grace = { type = "seconds", min = 0 } }

---Verifies with one more secret from now on.
---@param secret string as client.webhooks:ensure, create_endpoint or rotate gave it
---@param options { grace: number? }? seconds in which the others stay valid; without it they stay
function Router:add_secret(secret, options)
  check_colon(self, "add_secret(...)")
  secrets.check(ADD, secret, 2)
  if type(secret) ~= "string" then
    error(ADD .. ": secret: expected a string, got " .. type(secret), 2)
  end
  self.keyring:add(secret, checker.read(ADD, options, ADD_OPTIONS, 2).grace)
end

---Whether there is a secret to verify with.
---@return boolean
function Router:has_secret()
  check_colon(self, "has_secret()")
  return self.keyring:list()[1] ~= nil
end

---Watches for deliveries about some ids; client:wait(id, {webhook = router}) does.
---@param ids string|table
---@return heygen.webhook.Monitor
function Router:watch(ids)
  check_colon(self, "watch(...)")
  if type(ids) ~= "string" and type(ids) ~= "table" then
    error("router:watch: ids: " .. values.expected("an id or a list of ids", ids), 2)
  end
  return self.deliveries:monitor(ids)
end

---Answers the present request of nginx: content_by_lua_block { router:serve() }.
function Router:serve()
  check_colon(self, "serve()")
  local ngx = package.loaded.ngx
  if type(ngx) ~= "table" or not ngx.req then
    error("router:serve: this is not nginx with Lua; elsewhere, router:handle", 2)
  end
  return require "heygen.webhook.openresty"(self)
end

-- ---- making one ----

local function default_log()
  local ngx = package.loaded.ngx
  if type(ngx) == "table" and ngx.log then
    return function(line)
      ngx.log(ngx.WARN, line)
    end
  end
  return function(line)
    io.stderr:write(line, "\n")
  end
end

-- Logs one line, without a secret, whatever a handler raised.
local function writer(self)
  return function(text)
    local known, texts = pcall(self.keyring.texts, self.keyring) -- a function of the user's may be behind it
    text = text:match "^[^\n]*"
    -- Before it is cut, which might leave the first half of one.
    for _, list in ipairs { known and texts or {}, self.token_secrets } do
      for _, secret in ipairs(list) do
        text = errors.hide(text, secret)
      end
    end
    pcall(self.log, "heygen webhook: " .. errors.printable(text, 500))
  end
end

local function later(fn)
  local ngx = package.loaded.ngx
  if type(ngx) == "table" and ngx.timer then
    return ngx.timer.at(0, function()
      fn()
    end)
  end
  require("heygen.task.tasks").spawn(fn)
  return true
end

---Makes a router; see heygen.webhook.router.
---@param given heygen.webhook.RouterOptions
---@param level integer
---@return heygen.webhook.Router
return function(given, level)
  local read_options = router_options.read(given, level + 1)
  local dict, defer = read_options.dict, read_options.defer
  local self = setmetatable({
    max_bytes = read_options.max_bytes,
    tolerance = read_options.tolerance,
    require_timestamp = read_options.require_timestamp,
    now = read_options.now,
    refused = { since = core.now(), count = 0 },
    takes = read_options.takes,
    token_secrets = read_options.token_secrets,
    log = read_options.log or default_log(),
    store = read_options.store or (dict and store_shared.new(dict) or store.new()),
    keyring = Keyring.new(read_options.secrets, dict, read_options.clock),
    deliveries = Deliveries.new {
      dict = dict,
      working_for = read_options.working_for,
      trusted = read_options.trusted,
    },
  }, Router)
  self.write = writer(self)
  self.dispatch = Dispatch.new {
    on = read_options.on,
    store = self.store,
    client = read_options.client,
    defer = defer == true and later or defer or nil,
    log = self.write,
  }
  for _, line in ipairs(router_options.slips(read_options.on)) do
    self.write(line)
  end
  return self
end
