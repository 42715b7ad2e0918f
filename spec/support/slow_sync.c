/* Preloaded into a process whose disk is slow: fsync takes its time. The file $SLOW_SYNC_LOG
 * gets the name of what was synced, when that is over. With $SLOW_SYNC_ERROR, a number, it fails.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SYNC = 400 * 1000 /* microseconds */ };

int fsync(int fd) {
    char link[64], name[512];
    usleep(SYNC);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, name, sizeof name - 1);
    const char *path = getenv("SLOW_SYNC_LOG");
    int log = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (n < 0 || log < 0)
        abort();
    name[n] = '\n';
    if (write(log, name, (size_t)n + 1) != n + 1)
        abort();
    close(log);
    const char *error = getenv("SLOW_SYNC_ERROR");
    errno = error ? atoi(error) : 0;
    return error ? -1 : 0;
}
