/* Lists of request headers as Lua objects. */
#ifndef HG_LUA_HEADERS_H
#define HG_LUA_HEADERS_H

#include "compat.h"
#include "headers.h"

typedef struct hg_headers_box {
    hg_headers *headers;
} hg_headers_box;

/* Is it free of CR, LF and NUL? */
bool hg_headers_are_clean(const char *s, size_t len);
/* Adds every name -> value of the table at `t`. */
void hg_headers_read(lua_State *L, hg_headers *h, int t);
/* Pushes an empty box, to be filled afterwards: an error in between leaks nothing. */
hg_headers_box *hg_headers_push_box(lua_State *L);
hg_headers_box *hg_headers_to_box(lua_State *L, int index);
/* headers(table) -> headers */
int hg_headers_make(lua_State *L);

/* Adds headers to the table on top of the stack. */
void hg_headers_open_library(lua_State *L);

#endif
