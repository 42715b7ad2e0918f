-- Avatars: groups of looks. A look's id is the `avatar_id` of a video.
local fields = require "heygen.endpoints.fields"

local optional_id, optional_text, required_text =
  fields.optional_id, fields.optional_text, fields.required_text

local NAME = required_text "what to call it"
local GROUP = optional_id "add a look to this group, instead of making a new one"

local FROM_FILE = {
  fields = {
    name = NAME,
    file = fields.file("the recording or picture", { required = true }),
    avatar_group_id = GROUP,
  },
}

local FROM_PROMPT = {
  fields = {
    name = NAME,
    prompt = required_text "its appearance",
    avatar_group_id = GROUP,
    avatar_id = optional_id "a look whose identity it keeps; of avatar_group_id, where both are given",
    reference_images = fields.array(
      { type = "file_input", media_types = { "image/png", "image/jpeg" } },
      "pictures that show what is meant",
      { nullable = true, max = 3 }
    ),
  },
}

local NEW_AVATAR = fields.union("AvatarBody", "an avatar to make", "type", {
  prompt = FROM_PROMPT,
  digital_twin = fields.with(FROM_FILE),
  photo = fields.with(FROM_FILE),
}, { infer = { { "prompt", "prompt" } } })

local OWNERSHIP = fields.text("all when absent", { enum = { "public", "private" } })

return fields.rows("avatars", {
  {
    name = "list",
    method = "GET",
    path = "/v3/avatars",
    query = fields.join(fields.page(20, 50), { ownership = OWNERSHIP }),
    list = true,
    repeatable = true,
    summary = "Groups of looks.",
    returns = "AvatarGroup[]",
  },
  {
    name = "get",
    method = "GET",
    path = "/v3/avatars/{group_id}",
    repeatable = true,
    summary = "A group of looks; your own is ready when its status is completed.",
    returns = "AvatarGroup",
    carries = "id",
  },
  {
    name = "create",
    method = "POST",
    path = "/v3/avatars",
    body_union = NEW_AVATAR,
    makes = { ["avatar_item.id"] = "look_id", group_id = "group_id" },
    repeatable = false,
    summary = "Makes an avatar from a description, from a recording or from a picture. This may cost money.",
    returns = "NewAvatar",
  },
  {
    name = "update",
    method = "PATCH",
    path = "/v3/avatars/{group_id}",
    body = { name = fields.text("what to call it", { min = 1 }) },
    repeatable = true,
    shown = { "name" },
    summary = "Changes the name of a group.",
    returns = "AvatarGroup",
    carries = "id",
  },
  {
    name = "delete",
    method = "DELETE",
    path = "/v3/avatars/{group_id}",
    repeatable = true,
    summary = "Deletes a group with all its looks.",
    returns = "Deleted",
  },
  {
    name = "consent",
    method = "POST",
    path = "/v3/avatars/{group_id}/consent",
    body = {
      consent_text = optional_text("what the person has agreed to", { format = "plain_text" }),
      consent_video = fields.file("a recording in which the person agrees", { nullable = true }),
      reroute_url = optional_text("where the person goes afterwards", { format = "callback_url" }),
    },
    repeatable = false,
    shown = { "consent_video" },
    summary = "Gives, or asks for, the consent of the person that an avatar shows.",
    returns = "AvatarConsent",
  },
  {
    name = "looks",
    method = "GET",
    path = "/v3/avatars/looks",
    query = fields.join(fields.page(20, 50), {
      group_id = fields.text "only of this group",
      avatar_type = fields.text(
        "only of this kind",
        { enum = { "studio_avatar", "digital_twin", "photo_avatar" } }
      ),
      ownership = OWNERSHIP,
    }),
    list = true,
    each = "each_look",
    repeatable = true,
    summary = "Looks. The id of one is the avatar_id of a video.",
    returns = "AvatarLook[]",
  },
  {
    name = "get_look",
    method = "GET",
    path = "/v3/avatars/looks/{look_id}",
    repeatable = true,
    summary = "A look.",
    returns = "AvatarLook",
    carries = "id",
  },
  {
    name = "update_look",
    method = "PATCH",
    path = "/v3/avatars/looks/{look_id}",
    body = { name = optional_text("what to call it", { min = 1 }) },
    repeatable = true,
    shown = { "name" },
    summary = "Changes the name of your own look.",
    returns = "AvatarLook",
    carries = "id",
  },
  {
    name = "delete_look",
    method = "DELETE",
    path = "/v3/avatars/looks/{look_id}",
    repeatable = true,
    summary = "Deletes a look.",
    returns = "Deleted",
  },
})
