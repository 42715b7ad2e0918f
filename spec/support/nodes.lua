-- Reads JSON into nodes that keep what Lua values lose: an empty array from an empty object, null, 1.0 from 1.
local nodes = {}

local read

local function skip(text, at)
  return text:find("[^ \t\r\n]", at) or #text + 1
end

local function read_string(text, at)
  local stop = at
  repeat
    stop = assert(text:find('["\\]', stop + 1), "a string without an end")
    local escaped = text:sub(stop, stop) == "\\"
    stop = escaped and stop + 1 or stop
  until not escaped
  return { kind = "string", text = text:sub(at + 1, stop - 1) }, stop + 1
end

local function read_array(text, at)
  local node = { kind = "array" }
  at = skip(text, at + 1)
  while text:sub(at, at) ~= "]" do
    local item
    item, at = read(text, at)
    node[#node + 1] = item
    at = skip(text, at)
    at = text:sub(at, at) == "," and skip(text, at + 1) or at
  end
  return node, at + 1
end

local function read_object(text, at)
  local node = { kind = "object", fields = {} }
  at = skip(text, at + 1)
  while text:sub(at, at) ~= "}" do
    local name
    name, at = read_string(text, at)
    at = skip(text, at)
    assert(text:sub(at, at) == ":")
    assert(not node.fields[name.text], name.text .. " stands there twice")
    node.fields[name.text], at = read(text, skip(text, at + 1))
    at = skip(text, at)
    at = text:sub(at, at) == "," and skip(text, at + 1) or at
  end
  return node, at + 1
end

local WORDS = { ["true"] = "boolean", ["false"] = "boolean", null = "null" }

function read(text, at)
  local first = text:sub(at, at)
  if first == "{" then
    return read_object(text, at)
  elseif first == "[" then
    return read_array(text, at)
  elseif first == '"' then
    return read_string(text, at)
  end
  local word = assert(text:match("^[%w+.-]+", at), "no JSON at byte " .. at)
  local kind = WORDS[word] or (word:find "^%-?%d+$" and "integer") or (tonumber(word) and "number")
  return { kind = assert(kind, word), text = word }, at + #word
end

--- A JSON text as nodes: kind ("object", "array", "string", "integer", "number", "boolean", "null"); an object has its
--- `fields`, an array its items, all else its `text` as it stands there.
function nodes.read(text)
  local node, stop = read(text, skip(text, 1))
  assert(skip(text, stop) == #text + 1, "more than one value")
  return node
end

return nodes
