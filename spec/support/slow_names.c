/* Preloaded into a process whose look-ups of names are slow: getaddrinfo takes its time for
 * names that end in ".slow.invalid", and finds none. All others are looked up as ever. The file
 * $SLOW_NAMES_LOG gets a "+" when a slow look-up begins and a "-" when it ends. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOOKUP = 700 * 1000, REST = 100 * 1000 /* microseconds */ };

static const char SLOW[] = ".slow.invalid";
static atomic_int under_way;

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static void note(const char *what) {
    const char *path = getenv("SLOW_NAMES_LOG");
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (fd < 0 || write(fd, what, 1) != 1)
        abort();
    close(fd);
}

static int is_slow(const char *name) {
    size_t length = name ? strlen(name) : 0;
    return length >= sizeof SLOW && strcmp(name + length - (sizeof SLOW - 1), SLOW) == 0;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **found) {
    if (!is_slow(name)) {
        lookup *real = (lookup *)dlsym(RTLD_NEXT, "getaddrinfo");
        return real(name, service, hints, found);
    }
    atomic_fetch_add(&under_way, 1);
    note("+");
    usleep(LOOKUP);
    note("-");
    atomic_fetch_sub(&under_way, 1);
    return EAI_NONAME;
}

/* A program may live on when it has closed its Lua state, and the module with it. Here is where the
 * interpreter would end: the look-ups that are left return to their callers first. */
__attribute__((destructor)) static void outlive(void) {
    if (atomic_load(&under_way) == 0)
        return;
    while (atomic_load(&under_way) > 0)
        usleep(1000);
    usleep(REST);
}
