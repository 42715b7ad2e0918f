/* Finds a signature of a webhook in a header that any sender may have written. Knows neither Lua
 * nor libcurl. */
#ifndef HG_SIGNATURE_H
#define HG_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

enum { HG_SIGNATURES_TRIED = 64 }; /* items of a header that are compared: no rotation needs more */

/* Whether `wanted` is among the signatures in `header`, separated by commas. Each is compared in
 * constant time, as text: one signature has one spelling. */
bool hg_signature_find(const char *header, size_t len, const char *wanted, size_t wanted_len);

#endif
