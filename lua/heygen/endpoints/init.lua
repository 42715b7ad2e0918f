-- The HTTP API as data: one row for each call. Methods, argument checks, JSON shapes and the reference are made from
-- these rows. This file joins them all; a program loads only the groups that it uses (see groups.lua).

---@class heygen.FieldSpec
---@field type string a key of values.types: "string", "integer", "number", "boolean", "array", "object", "union",
---"any", "file_input", "upload" or "ids"
---@field required boolean?
---@field nullable boolean? core.null may be sent
---@field min number? least value, or number of characters (code points) or items
---@field max number? greatest value, or number of characters (code points) or items
---@field above number? the value must be greater
---@field enum (string|number)[]? the closed set of values
---@field even boolean? of an integer
---@field enum_name string? its name in the reference, when it is too long to be repeated
---@field default any what the service takes when the field is absent
---@field known string[]? values that are known of an open set; others are sent as they are
---@field format string? a key of FORMATS in schema/types.lua
---@field requires string? another field that must be there too
---@field not_with string? another field that must not be true then
---@field items heygen.FieldSpec? of an array
---@field class string? of an object or a union with known fields: its name in the reference and for editors
---@field fields table<string, heygen.FieldSpec>? of an object; without them any are allowed. Of a union: all that may
---occur, for the encoder
---@field one_of string[]? of an object: exactly one of these
---@field any_of string[]? of an object: at least one of these
---@field most_one_of string[]? of an object: one of these at most
---@field cases table? of an object: {by = field, value = {any_of = ...}}, or one_of
---@field clashes table[]? of an object: {field, value, other}: `other` cannot be given when `field`, or the `type` of
---it, has this value
---@field by string? of a union: the field that tells the variants apart
---@field variants table<string, heygen.FieldSpec>? of a union, each an object without the field `by`
---@field infer string[][]? of a union: {field, variant}; the first field that is there tells the variant when `by` is
---absent
---@field direct boolean? of a file: it is uploaded, also where bytes in memory would go into the body as base64
---@field base64 boolean? of a file: false where the service takes no base64; bytes in memory are uploaded then
---@field doc string

---@class heygen.Endpoint
---@field group string
---@field name string
---@field method string
---@field path string
---@field path_params { name: string, also: string? }[] from the path, in order; `also`: the id's other name in objects
---of the service
---@field query table<string, heygen.FieldSpec>
---@field body table<string, heygen.FieldSpec>? nil: no body is sent
---@field body_union heygen.FieldSpec? the body as a whole is a union; `body` then has the fields of all variants
---@field multipart boolean? the body is sent as multipart/form-data
---@field list boolean? an answer in pages, with `limit` and `token`
---@field batch boolean? an answer whose `items` come in pages, with `limit` and `token`
---@field each string? the method that iterates over all items of all pages
---@field rename table<string, string>? ids that come under odd names in the items of the answer: from, to
---@field repeatable boolean a second request does no harm
---@field any_of string[]? at least one of these query fields is needed
---@field max_ids integer? of all "ids" fields together
---@field newer table<string, boolean>? body fields whose types are not published: they go through `extra`
---@field retired table<string, boolean>? body fields that the service no longer takes
---@field key_field string? the field of the body that the service reads instead of the header Idempotency-Key
---@field brief boolean? the answer fits into one packet: asking for compression is not worth its cost
---@field shown string[]? optional fields that the example of the reference has
---@field summary string
---@field returns string a class of the reference, or an array of them; see types/heygen/objects.lua and jobs.lua
---@field expects string? a field without which the answer is not what was asked for
---@field expects_list string? the same, of a field that is a list
---@field also_as string[]? other names under which what is expected may come
---@field one_as_list string? a field that some answers have instead of that list, with one item
---@field makes table<string, string>? ids that an answer may give, as response.salvage takes them, with their names
---on an error; session_id, video_id and what is expected need not be said
---@field carries string? where the value has its id; filled in with the one asked for when the service sends none

-- By their full names: a program that packs Lua files finds them here.
local groups = {
  require "heygen.endpoints.video_agents",
  require "heygen.endpoints.videos",
  require "heygen.endpoints.assets",
  require "heygen.endpoints.webhooks",
  require "heygen.endpoints.users",
  require "heygen.endpoints.voices",
  require "heygen.endpoints.audio",
  require "heygen.endpoints.avatars",
  require "heygen.endpoints.brand_kits",
  require "heygen.endpoints.brand_glossaries",
  require "heygen.endpoints.templates",
  require "heygen.endpoints.video_translations",
  require "heygen.endpoints.lipsyncs",
  require "heygen.endpoints.background_removals",
  require "heygen.endpoints.ai_clipping",
  require "heygen.endpoints.filler_word_removals",
  require "heygen.endpoints.hyperframes",
  require "heygen.endpoints.folders",
  require "heygen.endpoints.models",
}

local endpoints = {}

for _, rows in ipairs(groups) do
  for _, row in ipairs(rows) do
    endpoints[#endpoints + 1] = row
  end
end

return endpoints
