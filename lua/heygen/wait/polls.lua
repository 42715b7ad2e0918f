-- One poll for many: waits of a client for jobs of one group share a request for their statuses.
--
-- How it works
--
--   A wait for a job of a kind that the service gives statuses for is a *member* of the client's polls of that group.
--   The first whose pause is over *leads* when there is another: it asks for the statuses of all that are due, and of
--   those that will be due within half of their pause, 100 in a request, and leaves each of them an *entry*. That ends
--   their pauses; so all pauses begin together from then on.
--
--   A status only says who runs. Whatever else it says, and if it says nothing, or different things, the wait asks for
--   its own job: that answer decides, as it does for a wait alone. Where two or more videos are completed, one list of
--   videos stands for those answers.
--
--   Statuses may lag behind. So now and then one member that seems to run asks by itself; when its job has
--   ended, the list is not believed, and all ask by themselves for some minutes. So they do when the list fails twice.
--
--   A leader may be cancelled, or killed without a word: a member waits for its answer for half a minute at most, and
--   then leads itself. A wait that Retry-After holds takes no part until it may poll again.
--
--   Of more than 100, each hundred has a leader of its own.
local core = require "heygen.core"
local drivers = require "heygen.driver"
local errors = require "heygen.errors"
local pauses = require "heygen.driver.pause"
local plain = require("heygen.schema.value").plain_id

local polls = {}

local min = math.min

local MOST = 100 -- ids in a request
local CHECKED = 15 -- lists from one own poll of a member that seems to run to the next
local ALONE = 300 -- seconds for which lists are not used
local LONGEST = 30 -- seconds for a list
local TOGETHER = 1 -- seconds: what is due within so much is due now
local UNWAKEABLE = 1 -- seconds between two checks whether an answer has come, with a driver whose sleep cannot be ended

---@class heygen.PollEntry what a shared request has brought for one wait
---@field status string? nil: nothing certain
---@field object table? the completed job itself
---@field err heygen.Error? why nothing was brought, in passing
---@field is_check boolean? the wait is to find out whether the list is right
---@field is_probe boolean? the wait is to find out whether it is only the list that fails

---@class heygen.Polls of one group of a client
---@field members table<table, boolean> states of waits; weak, as a wait may be killed
---@field alone_until number
---@field failed integer lists in a row
---@field lists integer since the last check

local WEAK = { __mode = "k" }

local function new()
  return { members = setmetatable({}, WEAK), alone_until = 0, failed = 0, lists = 0 }
end

-- What the waits of this kind share; nil: nothing.
local function of(client, state)
  local subject, all = state.subject, client.shared_polls
  if not subject.shared_id or not subject.statuses or subject.by_statuses then
    return nil
  end
  all[subject.group] = all[subject.group] or new()
  return all[subject.group]
end

-- The id whose status can be asked for; nil while that is not certain.
local function id_of(state)
  return not state.unsure and state[state.subject.shared_id] or nil
end

local function is_alone(shared)
  return core.now() < shared.alone_until
end

---A wait begins.
---@param client heygen.Client
---@param state table
function polls.join(client, state)
  state.waker = state.waker or pauses.waker()
  local shared = of(client, state)
  if shared then
    state.due, state.early = core.now(), core.now()
    shared.members[state] = true
  end
end

---A wait has ended.
---@param client heygen.Client
---@param state table
function polls.leave(client, state)
  local shared = of(client, state)
  if shared then
    shared.members[state] = nil
  end
end

---Whether there are other waits of this kind.
---@param client heygen.Client
---@param state table
---@return boolean
function polls.is_shared(client, state)
  local shared = of(client, state)
  return shared ~= nil and not is_alone(shared) and next(shared.members, next(shared.members)) ~= nil
end

---A pause begins.
---@param client heygen.Client
---@param state table
---@param seconds number? nil: nothing may be asked for this wait before its end
function polls.begin_pause(client, state, seconds)
  if not of(client, state) then
    return
  end
  state.entry = nil
  if seconds then
    state.due = core.now() + seconds
    local can_wake = drivers.current(client.driver).built_in
    state.early = state.due - (can_wake and seconds / 2 or math.min(seconds / 2, UNWAKEABLE))
  else
    state.due, state.early = math.huge, math.huge
  end
end

-- Whether the status of this wait's job is on its way.
local function is_asked(state)
  return state.asked_until ~= nil and core.now() < state.asked_until
end

-- ---- the one that leads ----

local function by_due(a, b)
  return a.due < b.due
end

-- The states that a request is made for, this one first: those that are due, and others as far as there is room.
local function chosen(shared, leader)
  local now, due, soon = core.now(), { leader }, {}
  for state in pairs(shared.members) do
    if state ~= leader and not state.entry and not is_asked(state) and id_of(state) then
      if state.due <= now + TOGETHER then
        due[#due + 1] = state
        if #due == MOST then
          return due
        end
      elseif state.early <= now then
        soon[#soon + 1] = state
      end
    end
  end
  table.sort(soon, by_due)
  for index = 1, min(MOST - #due, #soon) do
    due[#due + 1] = soon[index]
  end
  return due
end

-- Statuses by id; an id that was named twice with different statuses has false.
local function statuses_of(subject, entries)
  local statuses = {}
  for _, entry in ipairs(entries) do
    local id = type(entry) == "table" and (entry[subject.shared_id] or entry.id)
    if type(id) == "string" and type(entry.status) == "string" then
      id = plain(id)
      local known = statuses[id]
      statuses[id] = (known == nil or known == entry.status) and entry.status
    end
  end
  return statuses
end

local function wake(state, entry)
  state.asked_until = nil
  if state.due ~= math.huge then -- one that is held does not poll
    state.entry = entry
    state.waker:wake()
  end
end

-- Each asks by itself.
local function release(states)
  for _, state in ipairs(states) do
    wake(state, {})
  end
end

-- Gives completed jobs what one list of them has; the rest ask by themselves.
local function fetch_completed(client, leader, completed, call)
  local listed = {}
  if completed[2] and leader.subject.can_list then
    local page = client[leader.subject.group]:list { limit = MOST, deadline = min(call.deadline, LONGEST) }
    for _, object in ipairs(page and page.data or {}) do
      if type(object) == "table" and type(object.id) == "string" then
        listed[plain(object.id)] = object
      end
    end
  end
  for _, state in ipairs(completed) do
    local object = listed[plain(id_of(state))]
    wake(state, { object = object and state.subject.is_whole(object) and object or nil })
  end
end

-- One of those that seem to run is to ask by itself: who has not done so for longest.
local function check_one(shared, running)
  shared.lists = shared.lists + 1
  local found
  if shared.lists >= CHECKED then
    for _, state in ipairs(running) do
      found = (not found or (state.checked or state.began) < (found.checked or found.began)) and state
        or found
    end
  end
  if found then
    shared.lists, found.checked = 0, core.now()
    found.entry = { is_check = true }
  end
end

-- A list has failed. In passing that is a failed poll of each; from the second time in a row on, the leader asks by
-- itself: when that succeeds, it is only the list that fails.
local function list_failed(shared, states, err)
  if err.kind == "cancelled" or err.kind == "closed" then
    return
  elseif not err.retryable or err.kind == "parse" then
    shared.failed, shared.alone_until = 0, core.now() + ALONE
    return release(states)
  end
  shared.failed = shared.failed + (err.status == 429 and 0 or 1)
  for index, state in ipairs(states) do
    if index == 1 and shared.failed >= 2 then
      wake(state, { is_probe = true })
    else
      wake(state, { err = errors.new(errors.fields(err)) }) -- what ends a wait gets its ids
    end
  end
end

local function ask_for(client, shared, leader, states, call)
  local subject, ids = leader.subject, {}
  for index, state in ipairs(states) do
    ids[index] = id_of(state)
  end
  local asked = { deadline = min(call.deadline, LONGEST), [subject.shared_id .. "s"] = ids }
  local entries, _, err = client[subject.group][subject.statuses](client[subject.group], asked)
  if not entries then
    return list_failed(shared, states, err)
  end
  shared.failed = 0
  local statuses, completed, running, unsure = statuses_of(subject, entries), {}, {}, {}
  for index, state in ipairs(states) do
    local status = statuses[plain(ids[index])]
    if status and state.subject.done[status] then
      completed[#completed + 1] = state
    elseif status and not state.subject.failed[status] and status ~= "not_found" then
      running[#running + 1] = state
      state.entry = { status = status }
    else
      unsure[#unsure + 1] = state
    end
  end
  release(unsure)
  check_one(shared, running)
  for _, state in ipairs(running) do
    wake(state, state.entry)
  end
  fetch_completed(client, leader, completed, call)
end

local function lead(client, shared, states, call)
  local stop = core.now() + min(call.deadline, LONGEST)
  for _, state in ipairs(states) do
    state.asked_until = stop
  end
  ask_for(client, shared, states[1], states, call)
  for _, state in ipairs(states) do
    if state.asked_until == stop then -- the leader was cancelled: another leads
      state.asked_until = nil
      state.waker:wake()
    end
  end
end

-- Waits for an answer that is on its way. The request that follows tells of a wait that was ended during this.
local function await(client, state, seconds)
  local stop = core.now() + seconds
  while not state.entry and is_asked(state) and core.now() < stop do
    local left = math.max(min(state.asked_until, stop) - core.now(), 0.001)
    if not drivers.current(client.driver).built_in then
      left = min(left, UNWAKEABLE)
    end
    if not pauses.sleep(client, left, state.waker) then
      return
    end
  end
end

---What is known of the job of a wait without a request of its own; leads where that is its turn.
---@param client heygen.Client
---@param state table
---@param call table options of a request
---@return heygen.PollEntry? entry nil: the wait is alone, or has to ask by itself
function polls.ask(client, state, call)
  local shared = of(client, state)
  state.is_check, state.is_probe = nil, nil
  if not shared or not id_of(state) or (state.monitor and state.monitor.notified) then
    state.entry = nil
    return nil
  end
  state.due, state.early = core.now(), core.now()
  await(client, state, call.deadline)
  local entry = state.entry
  state.entry = nil
  if not entry and not is_alone(shared) then
    local states = chosen(shared, state)
    if states[2] then
      lead(client, shared, states, call)
      entry, state.entry = state.entry, nil
    end
  end
  if entry then
    state.is_check, state.is_probe = entry.is_check, entry.is_probe
  end
  return entry and (entry.status or entry.object or entry.err) and entry or nil
end

---The wait has asked for its own job, and got an answer. When the job has ended although the list has it as running,
---or when only the list fails, all ask by themselves for a while.
---@param client heygen.Client
---@param state table
---@param has_ended boolean
function polls.checked(client, state, has_ended)
  local shared = of(client, state)
  local is_unfit = (state.is_check and has_ended) or state.is_probe
  state.is_check, state.is_probe = nil, nil
  if shared and is_unfit then
    shared.failed, shared.alone_until = 0, core.now() + ALONE
    local others = {}
    for other in pairs(shared.members) do
      if other ~= state and not is_asked(other) then
        others[#others + 1] = other
      end
    end
    release(others)
  end
end

return polls
