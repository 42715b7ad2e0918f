/* What the Lua objects share: their boxes, the check of an argument, and the failure triple.
 *
 * Every method is a closure over the two metatables, so that checking an argument costs no look-up
 * by name. Results live in the operation: whoever polls the engine, each waiter looks at its own
 * operation. */
#ifndef HG_LUA_OBJECT_H
#define HG_LUA_OBJECT_H

#include "compat.h"
#include "engine.h"

#define HG_ENGINE_TYPE "heygen.engine"
#define HG_OP_TYPE "heygen.operation"
#define HG_ENGINE_MT lua_upvalueindex(1)
#define HG_OP_MT lua_upvalueindex(2)

typedef struct hg_engine_box {
    hg_engine *engine;
} hg_engine_box;

typedef struct hg_op_box {
    hg_op *op;
    hg_engine *engine; /* held, so that an operation keeps its engine going */
    bool tied;         /* to a table with what the operation borrows */
} hg_op_box;

/* The userdata at `index` when it has the metatable at `metatable`; raises otherwise. */
void *hg_object_check(lua_State *L, int index, int metatable, const char *type);

/* Pushes nil, message, {kind, sent = "no"}: the operation could not even be made. */
int hg_object_refuse(lua_State *L, const char *kind, const char *message);

extern const luaL_Reg hg_op_methods[];
extern const luaL_Reg hg_op_meta[];

/* Sets closures in the table on top of the stack, over the metatables at `first` and `second`. */
void hg_object_closures(lua_State *L, const luaL_Reg *l, int first, int second);
/* Completes the metatable at `mt` with such closures. */
void hg_object_fill(lua_State *L, int mt, const luaL_Reg *meta, const luaL_Reg *methods, int first,
                    int second);

/* The file behind an object of core.file or core.spool; NULL: the value is none. Raises when it is
 * closed. */
hg_upload_file *hg_file_to_upload(lua_State *L, int index);
/* Adds file and spool to the table on top of the stack. */
void hg_files_open(lua_State *L);

/* Adds bridge to the table at `library`. */
void hg_bridge_open_library(lua_State *L, int library, int engine_mt);

/* Adds engine, new_engine, headers and bridge to the table on top of the stack. */
void hg_objects_open(lua_State *L);

#endif
