-- multipart/form-data: the one file of an upload out of a request's body.
local multipart = {}

local LIMIT = require("heygen.sim.contract").UPLOAD_BYTES

local function wrong(message, param, status)
  return nil, { status = status or 400, param = param or "file", message = message }
end

local HEAD_LIMIT = 8192

-- One blank at a time: patterns that search for the end of a run of them take the square of its length.
local function trimmed(value)
  return value:match "^%s*(.*%S)" or ""
end

local function header_of(head, name)
  for line in (head .. "\r\n"):gmatch "(.-)\r\n" do
    local key, value = line:match "^([^:]+):(.*)$"
    if key and key:lower() == name then
      return trimmed(value)
    end
  end
end

-- A parameter of a header: quoted, with "\" before a quote, or plain.
local function parameter(value, name)
  value = ";" .. value
  local quoted = value:match(";%s*" .. name .. '="(.-[^\\])"')
    or (value:match(";%s*" .. name .. '=""') and "")
  return quoted and quoted:gsub('\\"', '"') or value:match(";%s*" .. name .. "=([^%s;]+)")
end

-- The next delimiter at or after a place: a line of its own, not just the beginning of one.
local function next_mark(body, mark, at)
  local from, stop
  repeat
    from, stop = body:find(mark, at, true)
    at = stop and stop + 1
  until not from or body:find("^%-%-", at) or body:find("^[ \t]*\r\n", at)
  return from, stop
end

--- Splits a body into its parts.
---@param body string
---@param boundary string
---@return table|nil parts { name, filename, type, data }; nil when it is broken
function multipart.parts(body, boundary)
  local parts, mark = {}, "\r\n--" .. boundary
  -- As if there were a line before the first one.
  body = "\r\n" .. body
  local _, at = next_mark(body, mark, 1)
  if not at then
    return nil
  end
  while true do
    local ending = body:sub(at + 1, at + 2)
    if ending == "--" then
      return parts
    end
    -- White space may follow a boundary.
    local _, line = body:find("^[ \t]*\r\n", at + 1)
    local start = line and (body:sub(line + 1, line + 2) == "\r\n" and line + 3)
    local head = ""
    if line and not start then
      local from, stop = body:find("\r\n\r\n", line + 1, true)
      head, start = from and body:sub(line + 1, from - 1), stop and stop + 1
    end
    local from, stop
    if start and #head <= HEAD_LIMIT then
      from, stop = next_mark(body, mark, start - (head == "" and 2 or 0))
    end
    if not from then
      return nil
    end
    local disposition = header_of(head, "content-disposition") or ""
    parts[#parts + 1] = {
      name = parameter(disposition, "name"),
      filename = parameter(disposition, "filename"),
      type = header_of(head, "content-type"),
      data = body:sub(start, from - 1),
    }
    at = stop
  end
end

--- The file of an upload.
---@param request table
---@return table|nil file { filename, data }
---@return table|nil problem { status, param, message }
function multipart.read(request)
  local kind = request.headers["content-type"] or ""
  if not kind:lower():find "^multipart/form%-data" then
    return wrong "file is required: send multipart/form-data with a part named file"
  end
  local boundary = parameter(kind, "[bB]oundary")
  local parts = boundary and #boundary <= 200 and multipart.parts(request.body or "", boundary)
  if not parts then
    return wrong("The multipart body is broken", nil, 400)
  end
  local file
  for _, part in ipairs(parts) do
    if part.name ~= "file" then
      return wrong("Unknown field: " .. tostring(part.name), tostring(part.name), 422)
    elseif file then
      return wrong "file must be given only once"
    end
    file = part
  end
  if not file then
    return wrong "file is required"
  elseif not file.filename or file.filename == "" then
    return wrong "file must have a filename"
  elseif #file.data == 0 then
    return wrong "file is empty"
  elseif #file.data > LIMIT then
    return wrong(string.format("file must have at most %d bytes, it has %d", LIMIT, #file.data), "file", 413)
  end
  return { filename = file.filename, data = file.data }
end

return multipart
