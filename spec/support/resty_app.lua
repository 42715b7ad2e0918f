-- What the specs of nginx have in common inside its workers: a client, and a memory across requests.
local heygen = require "heygen"

local app = { heygen = heygen, said = {} }

local QUICK = { interval = 0.002, max_interval = 0.01, timeout = 600, grace = 600 }

app.options = { retry_base = 0.004, retry_cap = 0.01, timeout = 600, deadline = 600 }

function app.new(driver)
  local options = { driver = driver }
  for name, value in pairs(app.options) do
    options[name] = value
  end
  return heygen.new(options)
end

app.client = app.new()

---Notes what an error says under a name; another request asks for it.
function app.note(name, ...)
  local parts = {}
  for index = 1, select("#", ...) do
    parts[index] = tostring((select(index, ...)))
  end
  app.said[name] = table.concat(parts, " ")
end

---Calls the API where that cannot work, and notes what is said.
function app.try(name)
  local _, problem = pcall(app.client.create, app.client, { prompt = "x" })
  app.note(name, problem)
end

---@return string status of the video, or the kind of the error
function app.generate(client)
  local video, _, err = (client or app.client):generate { prompt = "A video", wait = QUICK }
  return video and video.status or err.kind .. " " .. tostring(err)
end

---@return string
function app.list(client)
  local page, _, err = (client or app.client).videos:list()
  return page and #page.data .. " videos" or err.kind .. " " .. tostring(err)
end

return app
