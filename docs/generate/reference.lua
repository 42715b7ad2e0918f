-- The generated part of docs/api.md, from lua/heygen/endpoints/ and from the classes in types/heygen/.
local model, samples, extras, objects = ...

local reference = {}

local concat, sorted = table.concat, model.sorted

local NAMES = {
  ids = "array of ids",
  file_input = "[file](#fileinput)",
  upload = "path, or [content](#uploadcontent)",
  any = "any",
}

local anchor = model.anchor

local function type_text(spec)
  if spec.class then
    return anchor(spec.class)
  elseif spec.type == "array" then
    local items = type_text(spec.items)
    return "array of " .. (items:find "%]" and items or items .. "s")
  elseif spec.base64 == false then
    return "[file](#filereference)"
  end
  return NAMES[spec.type] or spec.type
end

local UNITS = { string = " characters", array = " items", ids = " ids" }

-- The unit goes with a single number only when it can be counted.
local function size_text(spec)
  local unit = UNITS[spec.type] or ""
  if spec.above then
    return ("above %g"):format(spec.above) .. (spec.max and (", at most %g"):format(spec.max) or "")
  elseif spec.min and spec.max then
    return ("%g to %g%s"):format(spec.min, spec.max, unit)
  elseif spec.min then
    return spec.type == "string" and spec.min == 1 and "not empty" or ("%g%s or more"):format(spec.min, unit)
  elseif spec.max then
    return ("at most %g%s"):format(spec.max, unit)
  end
end

local FORMATS = {
  https_url = "https",
  callback_url = "https, or http to this machine",
  media_type = "a media type",
  plain_text = "without `<` and `>`",
  sha256 = "64 hexadecimal digits",
}

local function limit_text(spec)
  local parts, plain = {}, spec.items or spec
  if spec.required then
    parts[1] = "required"
  end
  if plain.enum_name then
    parts[#parts + 1] = ("see [%s](#%s)"):format(plain.enum_name, plain.enum_name:lower())
  elseif plain.enum then
    parts[#parts + 1] = "`" .. concat(plain.enum, "`, `") .. "`"
  elseif plain.known then
    parts[#parts + 1] = "known: `" .. concat(plain.known, "`, `") .. "`"
  end
  parts[#parts + 1] = size_text(spec)
  parts[#parts + 1] = spec.even and "even" or nil
  parts[#parts + 1] = FORMATS[spec.format]
  if spec.default ~= nil then
    parts[#parts + 1] = "default `" .. model.default(spec) .. "`"
  end
  if spec.requires then
    parts[#parts + 1] = "only with `" .. spec.requires .. "`"
  end
  if spec.not_with then
    parts[#parts + 1] = "not with `" .. spec.not_with .. " = true`"
  end
  if spec.nullable then
    parts[#parts + 1] = "may be `heygen.null`"
  end
  return concat(parts, "; ")
end

local function add_table(lines, fields)
  lines[#lines + 1] = "| field | type | limits | meaning |"
  lines[#lines + 1] = "| --- | --- | --- | --- |"
  for _, name in ipairs(sorted(fields)) do
    local spec = fields[name]
    lines[#lines + 1] = ("| `%s` | %s | %s | %s |"):format(name, type_text(spec), limit_text(spec), spec.doc)
  end
  lines[#lines + 1] = ""
end

local function listed(names, last)
  local texts = {}
  for index, name in ipairs(names) do
    texts[index] = "`" .. name .. "`"
  end
  local tail = table.remove(texts)
  return #texts == 0 and tail or concat(texts, ", ") .. last .. tail
end

local function add_rules(lines, spec)
  local rules = {}
  if spec.one_of then
    rules[#rules + 1] = "Exactly one of " .. listed(spec.one_of, " and ") .. " is needed."
  elseif spec.most_one_of then
    rules[#rules + 1] = "At most one of " .. listed(spec.most_one_of, " and ") .. "."
  end
  if spec.any_of then
    rules[#rules + 1] = "At least one of " .. listed(spec.any_of, " and ") .. " is needed."
  end
  for value, case in pairs(spec.cases or {}) do
    if value ~= "by" then
      rules[#rules + 1] = ("With `%s = %q`, %s%s is needed."):format(
        spec.cases.by,
        value,
        case.one_of and "exactly one of " or "",
        listed(case.any_of or case.one_of, " or ")
      )
    end
  end
  for _, clash in ipairs(spec.clashes or {}) do
    local is = spec.fields[clash[1]]
    rules[#rules + 1] = ("With `%s%s = %q`, `%s` cannot be given."):format(
      clash[1],
      is.type == "union" and "." .. is.by or "",
      clash[2],
      clash[3]
    )
  end
  table.sort(rules)
  if rules[1] then
    lines[#lines + 1] = concat(rules, " ")
    lines[#lines + 1] = ""
  end
end

-- What all variants have alike is said once.
local function common_fields(union)
  local count, common = #model.kinds(union), {}
  for name, field in pairs(model.merged(union)) do
    local same = #field == count and count > 1
    for _, spec in ipairs(field) do
      same = same
        and spec.required == field[1].required
        and limit_text(spec) == limit_text(field[1])
        and type_text(spec) == type_text(field[1])
        and spec.doc == field[1].doc
    end
    common[name] = same and field[1] or nil
  end
  return common
end

local function infer_text(union)
  if not union.infer then
    return ("`%s` tells which of the forms it is."):format(union.by)
  end
  local parts = {}
  for index, pair in ipairs(union.infer) do
    parts[index] = ("`%s` means `%s`"):format(pair[1], pair[2])
  end
  return ("`%s` tells which of the forms it is; without it, %s."):format(union.by, concat(parts, ", else "))
end

local function add_union(lines, union)
  lines[#lines + 1] = infer_text(union)
  lines[#lines + 1] = ""
  local common = common_fields(union)
  if next(common) then
    lines[#lines + 1] = "In all forms:"
    lines[#lines + 1] = ""
    add_table(lines, common)
  end
  for _, kind in ipairs(model.kinds(union)) do
    local own, variant = {}, union.variants[kind]
    for name, spec in pairs(variant.fields) do
      own[name] = not common[name] and spec or nil
    end
    lines[#lines + 1] = ("With `%s = %q`%s"):format(union.by, kind, next(own) and ":" or ": nothing else.")
    lines[#lines + 1] = ""
    if next(own) then
      add_table(lines, own)
    end
    add_rules(lines, variant)
  end
end

local function add_fields(lines, spec)
  if spec.variants then
    return add_union(lines, spec)
  elseif next(spec.fields) then
    add_table(lines, spec.fields)
    add_rules(lines, spec)
  end
end

local function returns_text(row)
  local one, is_array = model.returned(row)
  if row.list then
    return "a page of " .. anchor(one)
  elseif is_array then
    return "an array of " .. anchor(one)
  elseif row.batch then
    return anchor(one) .. ", which is a page of its items"
  end
  return anchor(one)
end

local function errors_text(row)
  local parts = {}
  if row.path_params[1] then
    local names = {}
    for index, id in ipairs(row.path_params) do
      names[index] = id.name
    end
    parts[1] = ("`api` with status 404 when there is no such %s"):format(concat(names, " or "))
  end
  if row.summary:find("cost", 1, true) then
    parts[#parts + 1] = "`api` with status 402 when the balance is too low, 429 when too many jobs run"
  end
  parts[#parts + 1] = "and what [every call](errors.md#kinds) can fail with"
  return (concat(parts, ", "):gsub("^and w", "W"))
end

local function add_each(lines, row, classes)
  local names = {}
  for index, id in ipairs(row.path_params) do
    names[index] = id.name
  end
  names[#names + 1] = "options"
  lines[#lines + 1] = ("### client.%s:%s(%s)"):format(row.group, row.each, concat(names, ", "))
  lines[#lines + 1] = ""
  local text =
    "Iterates over all items of `%s`, page after page. Takes the same fields. Raises what `%s` fails with."
  lines[#lines + 1] = text:format(row.name, row.name)
  lines[#lines + 1] = ""
  lines[#lines + 1] = "```lua fragment"
  lines[#lines + 1] = samples.loop(row, not row.batch and classes[model.returned(row)] or nil)
  lines[#lines + 1] = "```"
  lines[#lines + 1] = ""
end

local function add_method(lines, row)
  local names = {}
  for index, id in ipairs(row.path_params) do
    names[index] = id.name
  end
  names[#names + 1] = row.body and "fields" or "options"
  lines[#lines + 1] = ("### client.%s:%s(%s)"):format(row.group, row.name, concat(names, ", "))
  lines[#lines + 1] = ""
  lines[#lines + 1] = row.summary
  lines[#lines + 1] = ""
  lines[#lines + 1] = ("Sends `%s %s`. Returns %s. %s"):format(
    row.method,
    row.path,
    returns_text(row),
    row.repeatable and "Repeated after failures."
      or "Repeated only where the service cannot have acted on it."
  )
  lines[#lines + 1] = ""
  add_fields(lines, row.body_union or { fields = model.fields_of(row) })
  if row.any_of then
    lines[#lines + 1] = ("At least one of `%s` is needed, with %d ids in all at most."):format(
      concat(row.any_of, "`, `"),
      row.max_ids
    )
    lines[#lines + 1] = ""
  end
  lines[#lines + 1] = "Fails with " .. errors_text(row):gsub("^W", "w") .. "."
  lines[#lines + 1] = ""
  lines[#lines + 1] = "```lua fragment"
  lines[#lines + 1] = samples.call(row)
  lines[#lines + 1] = "```"
  lines[#lines + 1] = ""
end

local function add_parts(lines)
  lines[#lines + 1] = "## Parts of bodies"
  lines[#lines + 1] = ""
  for _, part in ipairs(model.parts()) do
    lines[#lines + 1] = "### " .. part.class
    lines[#lines + 1] = ""
    add_fields(lines, part)
  end
  for _, spec in ipairs(model.enums()) do
    lines[#lines + 1] = "### " .. spec.enum_name
    lines[#lines + 1] = ""
    lines[#lines + 1] = "`" .. concat(spec.enum, "`, `") .. "`"
    lines[#lines + 1] = ""
  end
end

-- What is known to be there and is no method.
local function add_listed(lines, facts)
  lines[#lines + 1] = "## Known, not described"
  lines[#lines + 1] = ""
  lines[#lines + 1] =
    "HeyGen has these as well. What they take and answer is not published in full, so they are no methods:"
  lines[#lines + 1] = "`client:request` sends them. Some are previews, and the paths of some are inferred."
  lines[#lines + 1] = ""
  for method, path in facts:gmatch "\nlisted (%u+) (%S+)" do
    lines[#lines + 1] = ("- `%s %s`"):format(method, path)
  end
  lines[#lines + 1] = ""
end

---The generated part of docs/api.md.
---@param files string[] the files of types/heygen/
---@param read fun(path: string): string
---@param facts string the published facts, see spec/support/contract.lua
---@return string
function reference.text(files, read, facts)
  local meta, lines = {}, {}
  for index, path in ipairs(files) do
    meta[index] = read(path)
  end
  local found = extras.read(files, read)
  local classes = objects.read(concat(meta, "\n"), extras.returned(found))
  local known = {}
  for _, class in ipairs(classes) do
    known[class.name] = class
  end
  local function link(name)
    return known[name] and anchor(name) or name
  end
  for _, group in ipairs(model.groups()) do
    lines[#lines + 1] = "## client." .. group.name
    lines[#lines + 1] = ""
    for _, row in ipairs(group) do
      add_method(lines, row)
      if row.each then
        add_each(lines, row, known)
      end
    end
    for _, method in ipairs(found[group.name] or {}) do
      extras.add(lines, method, link)
    end
  end
  add_listed(lines, facts)
  add_parts(lines)
  lines[#lines + 1] = "## Objects"
  lines[#lines + 1] = ""
  lines[#lines + 1] = 'A field without "always" may be absent: the service sends null, or nothing.'
  lines[#lines + 1] = ""
  for _, class in ipairs(classes) do
    objects.add(lines, class)
  end
  return concat(lines, "\n")
end

return reference
