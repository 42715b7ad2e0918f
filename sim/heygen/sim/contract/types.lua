-- The words in which answers are written: one small constructor per kind of field, and the objects that several groups
-- share. Parameters are in the same form, see heygen.sim.contract.parameters.
--
-- A field is { type, required, nullable, default, enum, even, format, requires, not_with }; `min` and `max` count
-- characters of a text, items of an array, or bound a number, which `above` bounds without the bound itself. An
-- object has `fields` (none: anything goes) and may have one_of, any_of, most_one_of (names of fields that go
-- together so) and cases (any_of or one_of by the value of a field); a union has `variants` by the value of its `by`.
local types = {}

local function field(kind, ...)
  local made = { type = kind }
  for i = 1, select("#", ...) do
    for key, value in pairs((select(i, ...)) or {}) do
      made[key] = value
    end
  end
  return made
end

local function maker(kind)
  return function(extra)
    return field(kind, extra)
  end
end

types.text = maker("string")
types.integer = maker("integer")
types.number = maker("number")
types.flag = maker("boolean")
-- Of an unknown type.
types.any = maker("any")

--- A text that must be there, and not empty.
function types.id()
  return field("string", { required = true, min = 1 })
end

--- A text that may be left out or null.
function types.maybe()
  return field("string", { nullable = true })
end

function types.array(items, extra)
  return field("array", { items = items }, extra)
end

---@param fields table|nil name → field; nil: any
---@param extra table? required, nullable
function types.object(fields, extra)
  return field("object", { fields = fields }, extra)
end

---@param by string the field that tells the variants apart
---@param variants table value → fields, without that field
---@param extra table? required, nullable
function types.union(by, variants, extra)
  local made = {}
  for value, fields in pairs(variants) do
    made[value] = { type = "object", fields = fields }
  end
  return field("union", { by = by, variants = made }, extra)
end

--- A shared field with something of its own: required, nullable.
function types.ref(shared, extra)
  return field(nil, shared, extra)
end

--- The fields of several tables in one.
function types.with(...)
  local all = {}
  for i = 1, select("#", ...) do
    for name, value in pairs((select(i, ...))) do
      all[name] = value
    end
  end
  return all
end

local array, flag, id, integer = types.array, types.flag, types.id, types.integer
local maybe, number, object, text, union = types.maybe, types.number, types.object, types.text, types.union

local BY_URL = { url = text { required = true, format = "https" } }
local BY_ASSET = { asset_id = id() }

-- Where base64 is not taken.
types.FILE_WITHOUT_BASE64 = union("type", { url = BY_URL, asset_id = BY_ASSET })

-- The three kinds of file input.
types.FILE = union("type", {
  url = BY_URL,
  asset_id = BY_ASSET,
  base64 = {
    data = text { required = true, format = "base64" },
    media_type = text { required = true, format = "mime" },
  },
})

types.VIDEO = object {
  id = id(),
  status = text { required = true, enum = { "pending", "processing", "completed", "failed" } },
  captioned_video_url = maybe(),
  completed_at = integer { nullable = true },
  created_at = integer { nullable = true },
  duration = number { nullable = true },
  failure_code = maybe(),
  failure_message = maybe(),
  folder_id = maybe(),
  gif_url = maybe(),
  output_language = maybe(),
  subtitle_url = maybe(),
  thumbnail_url = maybe(),
  title = maybe(),
  video_page_url = maybe(),
  video_url = maybe(),
}

types.BATCH_ITEM = object {
  item_index = integer { required = true },
  status = text { required = true, enum = { "queued", "processing", "completed", "failed" } },
  error = object(nil, { nullable = true }),
  video_id = maybe(),
}

types.BATCH = object {
  batch_id = id(),
  counts_by_status = object(nil, { required = true }),
  created_at = integer { required = true },
  has_more = flag { required = true },
  items = array(types.BATCH_ITEM, { required = true }),
  status = text { required = true, enum = { "processing", "completed", "failed" } },
  total_items = integer { required = true },
  next_token = maybe(),
  title = maybe(),
}

types.BULK_STATUS = object {
  status = id(),
  batch_id = maybe(),
  error = object(nil, { nullable = true }),
  item_index = integer { nullable = true },
  video_id = maybe(),
}

return types
