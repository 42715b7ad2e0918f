/* Lua values and JSON text, with the rules every body of the API needs. */
#ifndef HG_LUA_JSON_H
#define HG_LUA_JSON_H

#include <lua.h>

/* Levels of nesting that are read and written. */
#define HG_JSON_DEPTH 100

/* Integers beyond this lose digits as doubles, and JSON readers treat them as doubles. */
#define HG_JSON_EXACT 9007199254740992.0

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
