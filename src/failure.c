/* Why something failed, as a value. */
#include "failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

bool hg_is_shortage(int problem) {
    return problem == EMFILE || problem == ENFILE || problem == ENOMEM || problem == ENOBUFS;
}

bool hg_failure_set(hg_failure *f, hg_failure_kind kind, const char *format, ...) {
    va_list arguments;
    f->kind = kind;
    va_start(arguments, format);
    vsnprintf(f->text, sizeof f->text, format, arguments);
    va_end(arguments);
    return false;
}

bool hg_failure_no_memory(hg_failure *f) {
    return hg_failure_set(f, HG_FAIL_NETWORK, "out of memory");
}

const char *hg_failure_name(hg_failure_kind kind) {
    static const char *const NAMES[] = {"ok",        "network", "timeout", "cancelled", "parse",
                                        "too_large", "file",    "closed",  "invalid",   "pending"};
    return NAMES[kind];
}
