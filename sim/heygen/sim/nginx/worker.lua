-- One of nginx's workers: it holds a whole model, and keeps it in step with those of the others.
local certificates = require "heygen.sim.nginx.certificates"
local follower = require "heygen.sim.nginx.follower"
local journal = require "heygen.sim.core.journal"
local ngx = require "ngx"
local mail = require "heygen.sim.nginx.mail"
local play = require "heygen.sim.nginx.play"
local random = require "heygen.sim.core.random"
local respond = require "heygen.sim.core.respond"
local setup = require "heygen.sim.setup"
local shared = require "heygen.sim.nginx.shared"
local system = require "heygen.sim.nginx.system"

local worker = {}

local self

local function read_file(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

--- In nginx's master process, before there are workers.
---@param prefix string the directory of this run, with a slash at its end
function worker.begin(prefix)
  self = { prefix = prefix, master = true }
  system.die_with_parent()
end

-- What differs between the workers, and what they have in common; a reset would undo both.
local function connect(model, dict, number)
  local generation, reset = 0, model.reset
  local function again()
    generation = generation + 1
    -- Each draws its own request ids and nonces.
    model.noise = random.new(model.seed + 7919 * (number + 1))
    model.faults.random = random.new(model.seed + 104729 * (number + 1))
    model.faults.counter = shared.counter(dict, generation)
  end
  function model.reset(...)
    local ok, message = reset(...)
    again()
    return ok, message
  end
  model.journal = shared.new(model.journal, dict, model.json)
  again()
end

local function make_model(options)
  local function source()
    return system.now() + options.epoch
  end
  local model = assert(setup.model(options.values, source, options.start))
  model.base_url = options.base_url
  model.clock.base, model.clock.mark = options.start, options.mark
  -- A worker that takes the place of another one continues what that had under way.
  ngx.shared.heygen_sim:add("began", model.began)
  model.began = ngx.shared.heygen_sim:get "began"
  connect(model, ngx.shared.heygen_sim, ngx.worker.id())
  return model
end

local function log(message)
  ngx.log(ngx.ERR, message)
end

local function read_certificates(prefix)
  local ssl = require "ngx.ssl"
  local found = { key = assert(ssl.parse_pem_priv_key(read_file(prefix .. "key.pem"))) }
  for _, name in ipairs(certificates.NAMES) do
    found[name] = assert(ssl.parse_pem_cert(read_file(prefix .. name .. ".pem")))
  end
  return found
end

local function serve(options)
  local prefix = self.prefix
  self.model = make_model(options)
  self.follower = follower.new(self.model, {
    path = options.records or (prefix .. "records"),
    lock = prefix .. "lock",
    sync = options.records ~= nil,
    dict = ngx.shared.heygen_sim,
    log = log,
    muted = function(muted)
      self.model.journal:mute(muted)
    end,
  })
  self.follower:catch_up()
  mail.start(self.model, self.follower, log)
  self.certificates = options.tls and read_certificates(prefix)
end

--- In each worker, once.
function worker.start()
  local prefix = self.prefix
  local core = require "heygen.core"
  local options = assert(core.decode(read_file(prefix .. "options.json")))
  system.die_with_parent()
  system.survive_file_limit()
  self.parent, self.nginx = options.parent, system.parent()
  serve(options)
  -- Where the system does not end children with their parents.
  ngx.timer.every(0.5, function()
    if not system.belongs(self.nginx, self.parent) then
      system.terminate(self.nginx)
    end
  end)
  local file = assert(io.open(prefix .. "ready." .. ngx.worker.id(), "w"))
  file:close()
end

--- In each worker, at its end: a parent that was killed cannot tidy up.
function worker.finish()
  if self.parent and not system.belongs(self.nginx, self.parent) then
    os.execute("rm -rf '" .. self.prefix:gsub("'", "'\\''") .. "'")
  end
end

local function body_of()
  ngx.req.read_body()
  local body = ngx.req.get_body_data()
  if body then
    return body
  end
  local path = ngx.req.get_body_file()
  return path and read_file(path) or ""
end

local function headers_of()
  -- Their names come in lower case.
  local headers = ngx.req.get_headers(0)
  local flat = {}
  for name, value in pairs(headers) do
    flat[name] = type(value) == "table" and table.concat(value, ", ") or value
  end
  return flat
end

local VERSIONS = { [1] = "1.0", [1.1] = "1.1", [2] = "2" }

local function request_of()
  local var = ngx.var
  local method = ngx.req.get_method()
  local count = tonumber(var.connection_requests)
  local body = (method == "GET" or method == "HEAD") and "" or body_of()
  ngx.update_time()
  return {
    method = method,
    target = var.request_uri,
    headers = headers_of(),
    body = body,
    version = VERSIONS[ngx.req.http_version()] or "1.1",
    connection = tonumber(var.connection),
    reused = count > 1,
    -- In whole milliseconds.
    arriving = math.max(0, ngx.now() - ngx.req.start_time()),
  }
end

local function handle(model, request)
  if request.target == "/" or request.target:sub(1, 5) == "/_sim" then
    model.journal:pull()
    model.faults:pull()
  end
  return model:handle(request)
end

local function finish(entry, began)
  journal.finish(entry, system.now() - began, ngx.status == 444 and "reset" or "kept")
  self.model.journal:commit(entry)
end

-- By a worker that only waits for the end of what it has begun.
local function refuse_all(model)
  ngx.header["Connection"] = "close"
  local message = "The state could not be kept: try again"
  return play.plain(respond.problem(model.json, 503, nil, message), model:request_id())
end

-- Connections that carry nothing but controls are not counted; nginx numbers them, and each stays with its worker.
local counted, count = {}, 0

local function count_connection(model, request)
  if counted[request.connection] then
    return
  elseif count >= 10000 then
    counted, count = {}, 0
  end
  counted[request.connection], count = true, count + 1
  model.journal:count "connections"
end

--- Answers the current request.
function worker.answer()
  local model, began = self.model, system.now()
  if self.follower.broken then
    return refuse_all(model)
  end
  local request = request_of()
  local response, effect, entry
  if request.method == "GET" or request.method == "HEAD" then
    self.follower:catch_up()
    response, effect, entry = handle(model, request)
  else
    response, effect, entry = self.follower:alone(handle, model, request)
  end
  if entry then
    count_connection(model, request)
  end
  if self.follower.broken then
    system.retire(ngx.worker.pid())
  end
  -- In the journal before the client can have the answer. What a fault does may take long, or never end.
  if effect then
    model.journal:commit(entry)
    request.peer_port = tonumber(ngx.var.remote_port)
  elseif entry then
    finish(entry, began)
  end
  play.answer(request, response, effect, model.json)
  if effect then
    finish(entry, began)
  end
end

--- Answers what nginx itself has refused.
function worker.refuse()
  local status = ngx.status
  if status < 400 then
    status = 404
  elseif status == 494 then
    status = 431
  elseif status == 497 then
    status = 400
  end
  local model = self.model
  local answer = respond.problem(model.json, status, nil, "The request was refused")
  ngx.header["Connection"] = "close"
  return play.plain(answer, model:request_id())
end

--- During a TLS handshake: the certificate of a fault, or none at all.
function worker.shake_hands()
  self.follower:catch_up()
  local wanted = self.model.faults:pick_handshake()
  if not wanted then
    return
  elseif wanted == "close" then
    return ngx.exit(ngx.ERROR)
  end
  local ssl = require "ngx.ssl"
  assert(ssl.clear_certs())
  assert(ssl.set_cert(self.certificates[wanted]))
  assert(ssl.set_priv_key(self.certificates.key))
end

return worker
