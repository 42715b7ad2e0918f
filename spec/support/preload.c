/* Preloaded into the interpreter when the specs run under valgrind or AddressSanitizer. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

/* lua_close unloads the C modules, and with them the libraries behind libcurl. Leaks are searched
 * for after that, when the global variables that still hold memory are gone: keep everything
 * loaded. */
int dlclose(void *handle) {
    (void)handle;
    return 0;
}

/* Asked by LeakSanitizer at the end of a process. The specs' children (shells, ffprobe) inherit the
 * preload; what they leak is not ours. */
int __lsan_is_turned_off(void) {
    return strncmp(program_invocation_short_name, "lua5.4", 6) != 0;
}
