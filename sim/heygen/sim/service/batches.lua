-- Batches: many jobs in one request, shown item by item.
local pages = require "heygen.sim.core.pages"
local respond = require "heygen.sim.core.respond"

local batches = {}

--- Makes a batch.
---@param model table
---@param kind string what it is made of: an id is only found among its kind
---@param batch table items (list of { video | …, error }), title, callback_url, b = behaviour
---@return table batch
function batches.add(model, kind, batch)
  batch.id, batch.kind, batch.created = "batch_" .. model.ids:hex(24), kind, model.clock:now()
  model.batches.by_id[batch.id] = batch
  return batch
end

---@return table|nil batch
function batches.find(model, kind, id)
  local batch = model.batches.by_id[id]
  return batch and batch.kind == kind and batch or nil
end

--- The answer when there is no such batch.
---@return table response
function batches.gone(model, id)
  return respond.problem(model.json, 404, "resource_not_found", "No batch " .. id .. " was found", "batch_id")
end

local ENDED = { completed = true, failed = true }

local function totals(batch, status_of)
  local counts, ended, fine = {}, true, 0
  for _, item in ipairs(batch.items) do
    local status = status_of(item)
    counts[status] = (counts[status] or 0) + 1
    ended = ended and ENDED[status]
    fine = fine + (status == "completed" and 1 or 0)
  end
  return counts, not ended and "processing" or fine > 0 and "completed" or "failed"
end

--- A batch with one page of its items.
---@param model table
---@param batch table
---@param query table limit, token
---@param status_of function item → status, id, error
---@return table response
function batches.show(model, batch, query, status_of)
  local null, name = model.json.null, "batch" .. batch.id
  local from = query.token and pages.place(name, query.token) or 1
  if query.token and not pages.place(name, query.token) then
    return model:page(nil)
  end
  local items, stop = {}, math.min(#batch.items, from + query.limit - 1)
  for i = from, stop do
    local status, id, problem = status_of(batch.items[i])
    items[#items + 1] =
      { item_index = i - 1, status = status, video_id = id or null, error = problem or null }
  end
  local counts, status = totals(batch, status_of)
  local more = stop < #batch.items
  return respond.data(model.json, {
    batch_id = batch.id,
    status = status,
    counts_by_status = counts,
    created_at = math.floor(batch.created),
    total_items = #batch.items,
    items = model.json.array(items),
    has_more = more,
    next_token = more and pages.token(name, stop + 1) or null,
    title = batch.title or null,
  })
end

--- Many statuses at once, by the ids of things and of batches.
---@param model table
---@param kind string of the batches
---@param query table
---@param ids_name string the query parameter with the ids of things
---@param of_id function id → status, error
---@param status_of function item → status, id, error
---@return table response
function batches.statuses(model, kind, query, ids_name, of_id, status_of)
  local null, ids, batch_ids = model.json.null, query[ids_name] or {}, query.batch_ids or {}
  if #ids + #batch_ids == 0 then
    return respond.problem(model.json, 400, nil, ids_name .. " or batch_ids is required", ids_name)
  elseif #ids + #batch_ids > 100 then
    return respond.problem(model.json, 400, nil, "At most 100 ids are allowed", ids_name)
  end
  local list = {}
  local function entry(status, id, problem, batch_id, index)
    list[#list + 1] = {
      status = status,
      video_id = id or null,
      batch_id = batch_id or null,
      item_index = index or null,
      error = problem or null,
    }
  end
  for _, id in ipairs(ids) do
    local status, problem = of_id(id)
    entry(status or "not_found", id, problem)
  end
  for _, id in ipairs(batch_ids) do
    local batch = batches.find(model, kind, id)
    for i, item in ipairs(batch and batch.items or {}) do
      local status, item_id, problem = status_of(item)
      entry(status, item_id, problem, id, i - 1)
    end
    if not batch then
      entry("not_found", nil, nil, id)
    end
  end
  return model:page(list, nil)
end

return batches
