/* A program that is linked to libcurl and does nothing: what starting costs before anything of
 * ours. */
#include <curl/curl.h>

/* Volatile, or the linker drops a library of which nothing is used. */
static char *(*volatile keep)(void) = curl_version;

int main(void) {
    return keep ? 0 : 1;
}
