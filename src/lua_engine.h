/* The engine as a Lua object. */
#ifndef HG_LUA_ENGINE_H
#define HG_LUA_ENGINE_H

#include "compat.h"
#include "engine.h"

#define HG_ENGINE_TYPE "heygen.engine"

typedef struct hg_engine_box {
    hg_engine *engine;
} hg_engine_box;

/* Adds engine and new_engine to the table on top of the stack. */
void hg_engine_open_library(lua_State *L);

#endif
