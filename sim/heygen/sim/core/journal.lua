-- What the server has seen: counters, and the last requests with their keys masked.
local text = require "heygen.sim.core.text"

local journal = {}
journal.__index = journal

local SECRET = { ["x-api-key"] = true, authorization = true, cookie = true, ["proxy-authorization"] = true }

local COUNTERS = {
  "requests",
  "creates",
  "create_requests",
  "duplicates",
  "same_body",
  "polls",
  "deletes",
  "downloads",
  "keys_leaked",
  "connections",
}

---@param room number how many requests are remembered
---@param bodies number? so many bytes of each body
---@return table journal
function journal.new(room, bodies)
  local self = setmetatable({ room = room, bodies = bodies or 0 }, journal)
  self:reset()
  return self
end

--- From now on, what is counted can be taken back.
function journal:mark()
  self.marked = {}
end

--- Ends that.
---@return table marked what was counted since, for take_back
function journal:since_mark()
  local marked = self.marked
  self.marked = nil
  return marked
end

---@param marked table
function journal:take_back(marked)
  for _, name in ipairs(marked) do
    self:count(name, -1)
  end
end

function journal:reset()
  self.counts, self.by_route, self.ring, self.total = {}, {}, {}, 0
  for _, name in ipairs(COUNTERS) do
    self.counts[name] = 0
  end
end

---@param name string
---@param step number|nil default 1
function journal:count(name, step)
  self.counts[name] = (self.counts[name] or 0) + (step or 1)
  if self.marked then
    self.marked[#self.marked + 1] = name
  end
end

--- Notes a request; the caller fills in `route` and `status` later.
---@param request table
---@param at number Unix seconds
---@return table entry
function journal:note(request, at)
  self.total = self.total + 1
  self.counts.requests = self.counts.requests + 1
  local entry = {
    number = self.total,
    at = at,
    method = request.method,
    target = request.target,
    headers = request.headers,
    connection = request.connection or 0,
    reused = request.reused or false,
    arriving = request.arriving,
    body_bytes = #(request.body or ""),
    body = self.bodies > 0 and (request.body or ""):sub(1, self.bodies) or nil,
  }
  self.ring[(self.total - 1) % self.room + 1] = entry
  return entry
end

--- Notes how an exchange ended.
---@param entry table
---@param seconds number real ones, from the whole request to the end of the answer
---@param ending string "kept", "closed" or "reset": what became of the connection; "gone": the client left before
---   the answer had ended
function journal.finish(entry, seconds, ending)
  entry.took, entry.ending = seconds, ending
end

--- Counts a request under its endpoint.
---@param name string e.g. "GET /v3/videos/{video_id}"
function journal:route(name)
  self.by_route[name] = (self.by_route[name] or 0) + 1
end

local function masked(headers)
  local copy = {}
  for name, value in pairs(headers) do
    copy[name] = SECRET[name] and "****" or text.printable(value)
  end
  return copy
end

--- The last requests, oldest first.
---@param limit number
---@return table list
function journal:last(limit)
  local list = {}
  for number = math.max(1, self.total - math.min(limit, self.room) + 1), self.total do
    local entry = self.ring[(number - 1) % self.room + 1]
    -- Another worker of nginx may have counted a request that it has not noted yet.
    if entry and entry.number == number then
      list[#list + 1] = {
        number = entry.number,
        time = entry.at,
        method = entry.method,
        path = text.printable((entry.target:match "^[^?]*")),
        target = text.printable(entry.target),
        headers = masked(entry.headers),
        connection = entry.connection,
        reused = entry.reused,
        body_bytes = entry.body_bytes,
        body = entry.body and text.printable(entry.body),
        status = entry.status,
        fault = entry.fault,
        acted = entry.acted,
        arriving = entry.arriving,
        took = entry.took,
        ending = entry.ending,
        route = entry.route,
      }
    end
  end
  return list
end

return journal
