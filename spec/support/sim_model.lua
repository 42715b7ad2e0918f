-- The simulator's model with a few short ways to ask it, for the specs that need no sockets.
local core = require "heygen.core"
local sim_model = require "heygen.sim.core.model"

local support = {}

local asked = {}

asked.__index = asked

--- A new model; options as for heygen.sim.core.model.new.
function support.new(options)
  return setmetatable({ model = assert(sim_model.new(options)) }, asked)
end

--- One request with a key; the body is a table or a text; a header of false is left out. Gives status, decoded answer
--- (or its text) and the response.
function asked:ask(method, target, body, headers)
  local all = { host = "localhost", ["x-api-key"] = "key" }
  for name, value in pairs(headers or {}) do
    all[name] = value or nil
  end
  local response = self.model:handle {
    method = method,
    target = target,
    headers = all,
    body = type(body) == "table" and assert(core.encode(body)) or body or "",
  }
  return response.status, core.decode(response.body, true) or response.body, response
end

--- Makes a session; gives its id and the data of the answer.
function asked:create(body)
  local status, value = self:ask("POST", "/v3/video-agents", body or { prompt = "A short video" })
  assert(status == 200, "no session was made")
  return value.data.session_id, value.data
end

--- The session, or the error; and the status.
function asked:session(id)
  local status, value = self:ask("GET", "/v3/video-agents/" .. id)
  return value.data or value.error, status
end

--- The video, or the error; and the status.
function asked:video(id)
  local status, value = self:ask("GET", "/v3/videos/" .. id)
  return value.data or value.error, status
end

--- A header of a response.
function support.header(response, name)
  for _, each in ipairs(response.headers) do
    if each[1] == name then
      return each[2]
    end
  end
end

return support
