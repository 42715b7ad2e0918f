-- The words in which the rows of the API are written: constructors for fields, and the fields that several rows share.
local fields = {}

local IDS_MAX = 100

-- The id's other name in objects of the service: a video has `id`, while paths and webhooks say `video_id`.
local ALSO = {
  video_id = "id",
  asset_id = "id",
  group_id = "id",
  look_id = "id",
  template_id = "id",
  video_translation_id = "id",
  proofread_id = "id",
  lipsync_id = "id",
  filler_word_removal_id = "id",
  job_id = "id",
  voice_id = "voice_clone_id",
}

local function with(spec, more)
  local copy = {}
  for key, value in pairs(spec) do
    copy[key] = value
  end
  for key, value in pairs(more or {}) do
    copy[key] = value
  end
  return copy
end

-- A shared spec with something of its own: required, another doc.
fields.with = with

-- The fields of several tables in one.
function fields.join(...)
  local all = {}
  for index = 1, select("#", ...) do
    for name, spec in pairs((select(index, ...))) do
      all[name] = spec
    end
  end
  return all
end

local function maker(kind)
  return function(doc, more)
    return with({ type = kind, doc = doc }, more)
  end
end

fields.text = maker "string"
fields.integer = maker "integer"
fields.number = maker "number"
fields.flag = maker "boolean"
fields.file = maker "file_input"
fields.any = maker "any"

-- A file where the service takes an address or an asset, and no base64.
function fields.file_without_base64(doc, more)
  return with({ type = "file_input", base64 = false, doc = doc }, more)
end

-- A boolean that is never null.
function fields.switch(default, doc)
  return { type = "boolean", default = default, doc = doc }
end

-- An empty text is never meant where there must be one.
function fields.required_text(doc, more)
  return with({ type = "string", required = true, min = 1, doc = doc }, more)
end

-- An empty id is never meant: it is a variable that was not set.
function fields.optional_id(doc)
  return { type = "string", nullable = true, min = 1, doc = doc }
end

function fields.optional_text(doc, more)
  return with({ type = "string", nullable = true, doc = doc }, more)
end

function fields.optional_flag(doc)
  return { type = "boolean", nullable = true, doc = doc }
end

function fields.optional_number(doc, more)
  return with({ type = "number", nullable = true, doc = doc }, more)
end

function fields.array(items, doc, more)
  return with({ type = "array", items = items, doc = doc }, more)
end

---A table of named fields.
---@param class string its name in the reference and for editors
---@param doc string
---@param known table<string, heygen.FieldSpec>
---@param more table? nullable, and rules over the fields
function fields.object(class, doc, known, more)
  return with({ type = "object", class = class, fields = known, doc = doc }, more)
end

-- A table of which nothing is known.
function fields.free(doc, more)
  return with({ type = "object", doc = doc }, more)
end

function fields.ids(doc)
  return { type = "ids", min = 1, max = IDS_MAX, doc = doc }
end

fields.IDS_MAX = IDS_MAX

fields.TOKEN = { type = "string", min = 1, doc = "next_token of the page before" }

function fields.limit(default, max)
  return {
    type = "integer",
    min = 1,
    max = max or 100,
    default = default,
    doc = "items in a page",
  }
end

-- The query of a list in pages.
function fields.page(default, max)
  return { limit = fields.limit(default, max), token = fields.TOKEN }
end

-- The encoder asks the shape of a body what is an array: the union of the variants' fields, where what can be a table
-- goes before what cannot.
local function merged(by, variants)
  local all = {}
  for _, variant in pairs(variants) do
    for name, spec in pairs(variant.fields) do
      if not all[name] or spec.items or spec.fields then
        all[name] = with(spec, { required = false })
      end
    end
  end
  all[by] = { type = "string", doc = "which of the forms this is" }
  return all
end

---A table whose form is told by one of its fields.
---@param class string its name in the reference and for editors
---@param doc string
---@param by string that field
---@param variants table<string, table> value of the field -> {fields = ..., and rules over them}
---@param more table? `infer`: pairs {field, value}, the first field that is there tells the value when `by` is absent
function fields.union(class, doc, by, variants, more)
  for _, variant in pairs(variants) do
    variant.type = "object"
  end
  local spec = { type = "union", class = class, doc = doc, by = by, variants = variants }
  spec.fields = merged(by, variants)
  return with(spec, more)
end

-- The service calls back without a signature; a simulator of this machine may call back over plain http.
fields.CALLBACK_URL = {
  type = "string",
  nullable = true,
  format = "callback_url",
  doc = "called at the end, without a signature",
}

fields.CALLBACK_ID = {
  type = "string",
  nullable = true,
  requires = "callback_url",
  doc = "comes back in the callback",
}

fields.BATCH_CALLBACK_URL = with(fields.CALLBACK_URL, { doc = "called once, when every item has ended" })

fields.TITLE = fields.optional_text "a name to find it by"
fields.FOLDER_ID = fields.optional_id "the folder to put it into"
fields.BRAND_VOICE_ID = fields.optional_id "the brand voice to use"
fields.BRAND_GLOSSARY_ID = fields.optional_id "one of brand_glossaries:list()"

-- The ids that an answer may give, also when it is cut or comes with an error: name there -> name on the error.
local function made_by(row)
  if row.batch or row.max_ids then
    return {} -- these name things of others
  end
  local makes = with({ session_id = "session_id", video_id = "video_id" }, row.makes)
  for _, name in ipairs { row.expects or false, row.expects_list or false, row.one_as_list or false } do
    if name and name:find "_ids?$" then
      makes[name] = makes[name] or name
    end
  end
  return makes
end

---Whether a file may be given somewhere in these fields.
---@param specs table<string, heygen.FieldSpec>
---@return boolean
function fields.takes_files(specs)
  for _, spec in pairs(specs) do
    if
      spec.type == "file_input"
      or (spec.items and fields.takes_files { spec.items })
      or (spec.fields and fields.takes_files(spec.fields))
    then
      return true
    end
  end
  return false
end

---The rows of a group. What the path says need not be said again: its ids, in order.
---@param group string
---@param rows heygen.Endpoint[]
---@return heygen.Endpoint[]
function fields.rows(group, rows)
  for _, row in ipairs(rows) do
    row.group = group
    row.query = row.query or {}
    row.path_params = {}
    row.makes = made_by(row)
    for name in row.path:gmatch "{([^}]*)}" do
      table.insert(row.path_params, { name = name, also = ALSO[name] })
    end
    if row.body_union then
      row.body = row.body_union.fields
    end
    row.returns_list = row.returns ~= nil and row.returns:sub(-2) == "[]"
    row.is_one = not (row.list or row.batch or row.returns_list)
    if #row.path_params == 1 then
      row.id_head, row.id_tail = row.path:match "^([^{]*){[^}]*}(.*)$"
    end
    row.takes_files = fields.takes_files(row.body or {})
    if row.name == "list" then
      row.each = "each"
    end
  end
  return rows
end

return fields
