/* Lua values and JSON text, with the rules every body of the API needs. */
#ifndef HG_LUA_JSON_H
#define HG_LUA_JSON_H

#include <lua.h>
#include <stdbool.h>

/* Levels of nesting that are read and written. */
#define HG_JSON_DEPTH 100

/* Integers beyond this lose digits as doubles, and JSON readers treat them as doubles. */
#define HG_JSON_EXACT 9007199254740992.0

/* Marks a string that stands for a whole number; no UTF-8 text has these bytes. */
#define HG_JSON_MARK "\xff\xfe"

/* Digits that such a number may have. */
#define HG_JSON_DIGITS 64

/* Pushes a copy of a text that is nearly JSON, with what no reader takes put right; with
 * `mark_big`, whole numbers beyond 2^53 become marked strings. Pushes nothing when there is nothing
 * to do. */
bool hg_json_mend(lua_State *L, const char *text, size_t len, bool mark_big);

/* Reads a text in one pass when there is nothing odd in it. Pushes the value and returns true, or
 * pushes nothing. */
bool hg_json_read(lua_State *L, const char *text, size_t len, bool keep_null, bool lenient);

/* True for the name of an id, or of a list of them: id, video_id, asset_ids. */
bool hg_json_names_id(const char *name, size_t len);

/* Appends encode, decode, array and null to the table on top of the stack. */
void hg_json_open(lua_State *L);

/* encode(value [, shape]) -> text | nil, message that starts with the path of the bad field.
 * `shape` is a table of field specifications: what says type = "array" is sent as one, even empty.
 */
int hg_json_encode(lua_State *L);

/* Makes what hg_json_encode needs in the registry. */
void hg_json_encode_open(lua_State *L);

/* array(t) -> t, marked: it is sent as a JSON array even when it is empty. */
int hg_json_array(lua_State *L);

#endif
