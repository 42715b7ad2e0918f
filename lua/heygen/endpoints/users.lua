-- The account behind the key.
local fields = require "heygen.endpoints.fields"

return fields.rows("users", {
  {
    name = "me",
    method = "GET",
    path = "/v3/users/me",
    repeatable = true,
    summary = "The user, and what is left to spend.",
    returns = "User",
    expects = "username",
  },
})
