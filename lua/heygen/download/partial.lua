-- Where a file grows until it is complete: next to its target, under a name that the next download to there finds
-- again, with a note of what it is a part of. Who cannot have that name, or does not want it, gets one of his own, and
-- that goes with the call.
local core = require "heygen.core"
local drivers = require "heygen.driver"
local exchange = require "heygen.http.exchange"

local partial = {}
partial.__index = partial

local NAME_MAX = 255 -- bytes of a name, as good as everywhere
local LONGEST = NAME_MAX - 15 -- what ".12345678.part" and ".part.json" leave of it

local function file_problem(message, code)
  return { kind = "file", code = code, message = "client:download: " .. tostring(message) }
end

---What stands in the way of a target, if anything.
---@param path string
---@param overwrite boolean?
---@return table? problem
function partial.obstacle(path, overwrite)
  local kind, leads_to = core.file_type(path)
  local problem, code
  if kind == "directory" or leads_to == "directory" then
    problem = ("%s is a directory: give the name of a file in it"):format(path)
  elseif kind == "other" then
    problem = ("%s is not a regular file; give a function to take the bytes"):format(path)
  elseif kind and not overwrite then
    problem, code = ("%s exists; give another name, or overwrite = true"):format(path), "exists"
  end
  return problem and file_problem(problem, code)
end

-- The names next to the target are longer than it. Two long ones may have the same part: who comes second finds that it
-- is of something else, or locked. A name that is too long itself is left so: better told now than when all is here.
local function base_of(path)
  local directory, name = path:match "^(.*/)([^/]*)$"
  name = name or path
  return (directory or "") .. (#name > LONGEST and #name <= NAME_MAX and name:sub(1, LONGEST) or name)
end

-- Returns output, message, name.
local function open_own(path)
  local name = ("%s.%s.part"):format(base_of(path), core.uuid():sub(1, 8))
  local output, message = core.output(name)
  return output, message, name
end

---Whether a file can be written where the target will be: writes one, and removes it.
---@param path string the target
---@return table? problem
function partial.attempt(path)
  local output, message, code =
    core.output(("%s.%s"):format(base_of(core.absolute(path)), core.uuid():sub(1, 8)))
  local is_written = false
  if output then
    is_written, message, code = output:note "{}" -- an empty file needs no room on the disk
    output:close() -- removes it, and its note
  end
  return not is_written and file_problem(message, code) or nil
end

-- The note of a part, when it is one of ours.
local function read_note(output)
  local text = output:note()
  local note = text and core.decode(text)
  return type(note) == "table" and note.heygen == 1 and note or nil
end

---@param path string the target
---@param resume boolean may it be found again
---@return table? partial
---@return table? problem
function partial.open(path, resume)
  path = core.absolute(path) -- the program may change its directory
  local self = setmetatable({ path = path, name = base_of(path) .. ".part" }, partial)
  local output, message, code
  if resume then
    output, message, code = core.output(self.name, true)
    if output then
      self.note = read_note(output)
      if not self.note and output:size() ~= 0 then -- another program's file, by chance of this name
        output:close()
        output, code = nil, "foreign"
      end
    end
  end
  self.keeps = output ~= nil
  if not output and (not resume or code) then
    output, message, self.own_name = open_own(path)
  end
  if not output then
    local problem = file_problem(message)
    problem.sent = "no"
    return nil, problem
  end
  self.output = output
  return self
end

-- What may stand in a header again.
local function text_or_nil(value)
  return type(value) == "string" and not value:find "%c" and value or nil
end

---What is here of a file already.
---@param identity string
---@return integer at bytes
---@return table have etag, modified, validator, total
function partial:known(identity)
  local note, size = self.note, self.output:size()
  self.identity = identity
  if not note or note.source ~= identity or not size or size == 0 then
    return 0, {}
  end
  local have = {
    etag = text_or_nil(note.etag),
    modified = text_or_nil(note.modified),
    validator = text_or_nil(note.validator),
    total = type(note.total) == "number" and note.total or nil,
  }
  if not have.validator or (have.total and size > have.total) then
    return 0, {}
  end
  self.usable = true
  return size, have
end

---Clears it for a file that comes whole, and notes which. The order matters to who finds it after a crash: an old note
---without a target does no harm.
---@param have table
---@return true?
---@return table? problem
function partial:begin(have)
  self.usable = false
  local cleared, message, code = self.output:clear()
  if not cleared then
    return nil, file_problem(message, code)
  end
  self.note = nil
  if self.keeps and have.validator then
    self.usable = self:write_note(have)
  elseif self.keeps then
    self.output:note(false)
  end
  return true
end

function partial:write_note(have)
  return self.output:note(core.encode {
    heygen = 1,
    source = self.identity,
    etag = have.etag,
    modified = have.modified,
    validator = have.validator,
    total = have.total,
  }) == true
end

function partial:size()
  return self.output:size() or 0
end

---The first bytes of what is here, as far as they can be read.
---@param bytes integer
---@return string
function partial:beginning(bytes)
  local file = core.file(self.own_name or self.name)
  local beginning = file and file:size() > 0 and file:read(0, bytes)
  if file then
    file:close()
  end
  return beginning or ""
end

---Gives the whole file its name, when it is on the disk.
---@param client heygen.Client
---@param engine heygen.engine
---@param overwrite boolean?
---@return true?
---@return table? problem
function partial:finish(client, engine, overwrite)
  local driver = drivers.current(client.driver)
  local operation, message = engine:sync(self.output, client.owner)
  if not operation then
    return nil, file_problem(message)
  end
  local synced, fields = exchange.receive(driver, engine, operation)
  if not synced then
    fields.message = "client:download: " .. fields.message
    return nil, fields
  end
  local obstacle = partial.obstacle(self.path, overwrite)
  if obstacle then -- since the beginning
    return nil, obstacle
  end
  local renamed, problem, code = self.output:rename(self.path, overwrite)
  if not renamed then
    return nil, code == "exists" and partial.obstacle(self.path, false) or file_problem(problem, code)
  end
  self.output:close()
  -- The file is there; that its name is on the disk as well is worth a moment, and no error.
  operation = engine:sync(self.path:match "^(.*/)" or ".", client.owner)
  if operation then
    exchange.await(driver, engine, operation)
  end
  return true
end

function partial:discard()
  self.usable, self.note = false, nil
end

---Gives up. What the next call can resume from stays.
---@return string? part its name, where there is one
---@return integer? received
function partial:leave()
  local size = self:size()
  if self.usable and size > 0 then
    self.output:close()
    return self.name, size
  elseif not self.note then -- else it is a part of something else, and nothing has come in its place
    self.output:remove()
  end
  self.output:close()
end

return partial
