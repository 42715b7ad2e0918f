-- Finds the endpoint for a method and a path.
local text = require "heygen.sim.core.text"

local router = {}
router.__index = router

---@param endpoints table rows with method and path ("/v3/videos/{video_id}")
---@return table router
function router.new(endpoints)
  local self = setmetatable({ root = { fixed = {}, methods = {} } }, router)
  for _, endpoint in ipairs(endpoints) do
    local node = self.root
    for segment in endpoint.path:gmatch "[^/]+" do
      local name = segment:match "^{(.+)}$"
      local nextnode
      if name then
        node.any = node.any or { fixed = {}, methods = {} }
        nextnode = node.any
      else
        node.fixed[segment] = node.fixed[segment] or { fixed = {}, methods = {} }
        nextnode = node.fixed[segment]
      end
      node = nextnode
    end
    node.methods[endpoint.method] = endpoint
  end
  return self
end

--- Splits a request target.
---@param target string
---@return string path, string query without "?"
function router.split(target)
  local path, query = target:match "^([^?#]*)%??([^#]*)"
  return path, query
end

---@param query string
---@return table|nil values name → text (the first one counts); nil when the encoding is broken
function router.query(query)
  local values = {}
  for pair in query:gmatch "[^&]+" do
    local name, value = pair:match "^([^=]*)=?(.*)$"
    name, value = text.unescape((name:gsub("%+", " "))), text.unescape((value:gsub("%+", " ")))
    if not name or not value then
      return nil
    end
    if values[name] == nil then
      values[name] = value
    end
  end
  return values
end

local function look_up(self, method, path)
  local node, values = self.root, {}
  for segment in path:gmatch "/([^/]*)" do
    local fixed = node.fixed[segment]
    if fixed then
      node = fixed
    else
      local value = segment ~= "" and text.unescape(segment)
      if not node.any or not value then
        return nil, ""
      end
      values[#values + 1] = value
      node = node.any
    end
  end
  local endpoint = node.methods[method] or (method == "HEAD" and node.methods.GET)
  if endpoint then
    return endpoint, values
  end
  local allow = {}
  for name in pairs(node.methods) do
    allow[#allow + 1] = name
  end
  table.sort(allow)
  return nil, table.concat(allow, ", ")
end

--- Finds the row of a path. A fixed segment wins over a parameter; an empty segment is never a parameter.
---@param method string
---@param path string still percent-encoded
---@return table|nil endpoint, table|string parameters_or_allow parameters; or the methods allowed at this path; or ""
function router:find(method, path)
  -- A request is looked up more than once: to be counted, and to be answered.
  local last = self.last
  if not last or last.method ~= method or last.path ~= path then
    last = { method = method, path = path }
    last.endpoint, last.parameters = look_up(self, method, path)
    self.last = last
  end
  return last.endpoint, last.parameters
end

return router
