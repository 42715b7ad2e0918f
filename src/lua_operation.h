/* The operation as a Lua object. Results live in it: whichever caller polls the engine, each waiter
 * asks its own operation. */
#ifndef HG_LUA_OPERATION_H
#define HG_LUA_OPERATION_H

#include "compat.h"
#include "engine.h"

#define HG_OP_TYPE "heygen.operation"
#define HG_OP_MT lua_upvalueindex(2) /* of the closures of engine and operation */

typedef struct hg_op_box {
    hg_op *op;         /* NULL: never started */
    hg_engine *engine; /* held, so that an operation keeps its engine going */
    bool tied;         /* to a table with what the operation borrows */
} hg_op_box;

extern const luaL_Reg hg_op_methods[];
extern const luaL_Reg hg_op_meta[];

#endif
