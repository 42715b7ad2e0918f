/* System calls that fail or are the last of their process: preloaded into a program that keeps a
 * note on the disk.
 *
 * Counts the calls that concern the files named NOTE or NOTE.new, and the directory they are in
 * when it is opened as ".": open, read, write, close, fsync, rename, remove. Each is named in the
 * file LOG. The AT-th is met with WHAT: "before" and "after" kill the process there, "half" writes
 * half of the bytes and kills it, a number is the errno with which the call fails.
 *
 * The C library's own streams call no function that could be replaced here: those of the note are
 * made again with fopencookie, over read and write as they are below. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int seen;
static atomic_bool ours[1024]; /* descriptors of the note and its directory */

static bool is_note(const char *path) {
    const char *note = getenv("NOTE"), *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t len = note ? strlen(note) : 0;
    if (!note || strcmp(path, ".") == 0)
        return note != NULL;
    return strncmp(name, note, len) == 0 && (!name[len] || strcmp(name + len, ".new") == 0);
}

static bool is_ours(int fd) {
    return fd >= 0 && fd < (int)(sizeof ours / sizeof *ours) && ours[fd];
}

static void log_it(const char *call) {
    const char *path = getenv("LOG");
    int fd =
        path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT, 0600) : -1;
    if (fd < 0 || write(fd, call, strlen(call)) < 0 || write(fd, "\n", 1) < 0)
        abort();
    syscall(SYS_close, fd);
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

enum fate { GOES_ON, FAILS, HALF, DIES_AFTER };

/* What becomes of this call. Does not return where the process dies before it. */
static enum fate meet(const char *call) {
    const char *at = getenv("AT"), *what = getenv("WHAT");
    log_it(call);
    if (atomic_fetch_add(&seen, 1) + 1 != (at ? atoi(at) : 0) || !what)
        return GOES_ON;
    if (strcmp(what, "before") == 0)
        die();
    if (strcmp(what, "half") == 0)
        return HALF;
    if (strcmp(what, "after") == 0)
        return DIES_AFTER;
    errno = atoi(what);
    return FAILS;
}

static void end(enum fate fate) {
    if (fate == DIES_AFTER || fate == HALF)
        die();
}

/* ---- descriptors ---- */

static int open_it(const char *path, int flags, mode_t mode) {
    bool note = is_note(path);
    enum fate fate = note ? meet("open") : GOES_ON;
    if (fate == FAILS)
        return -1;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    end(fate);
    if (fd >= 0 && fd < (int)(sizeof ours / sizeof *ours))
        ours[fd] = note;
    return fd;
}

int open(const char *path, int flags, ...) {
    __builtin_va_list list;
    __builtin_va_start(list, flags);
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? __builtin_va_arg(list, mode_t) : 0;
    __builtin_va_end(list);
    return open_it(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    __builtin_va_list list;
    __builtin_va_start(list, flags);
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? __builtin_va_arg(list, mode_t) : 0;
    __builtin_va_end(list);
    return open_it(path, flags, mode);
}

/* What _FORTIFY_SOURCE makes of a call without a mode. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);

int __open_2(const char *path, int flags) {
    return open_it(path, flags, 0);
}

int __open64_2(const char *path, int flags) {
    return open_it(path, flags, 0);
}

int close(int fd) {
    bool note = is_ours(fd);
    enum fate fate = note ? meet("close") : GOES_ON;
    if (note)
        ours[fd] = false;
    int status = (int)syscall(SYS_close, fd); /* Linux closes it also where it reports an error */
    end(fate);
    return fate == FAILS ? -1 : status;
}

static int sync_it(int fd, long number) {
    enum fate fate = is_ours(fd) ? meet("fsync") : GOES_ON;
    int status = fate == FAILS ? -1 : (int)syscall(number, fd);
    end(fate);
    return status;
}

int fsync(int fd) {
    return sync_it(fd, SYS_fsync);
}

int fdatasync(int fd) {
    return sync_it(fd, SYS_fdatasync);
}

/* ---- names ---- */

int rename(const char *from, const char *to) {
    enum fate fate = is_note(to) ? meet("rename") : GOES_ON;
    int status = fate == FAILS ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    end(fate);
    return status;
}

static int remove_it(const char *path) {
    enum fate fate = is_note(path) ? meet("remove") : GOES_ON;
    int status = fate == FAILS ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    end(fate);
    return status;
}

int remove(const char *path) {
    return remove_it(path);
}

int unlink(const char *path) {
    return remove_it(path);
}

/* ---- streams ---- */

static ssize_t on_read(void *fd, char *to, size_t size) {
    enum fate fate = meet("read");
    ssize_t got = fate == FAILS ? -1 : syscall(SYS_read, (int)(intptr_t)fd, to, size);
    end(fate);
    return got;
}

static ssize_t on_write(void *fd, const char *from, size_t size) {
    enum fate fate = meet("write");
    if (fate == FAILS)
        return 0; /* how a cookie says it */
    ssize_t put = syscall(SYS_write, (int)(intptr_t)fd, from, fate == HALF ? size / 2 : size);
    end(fate);
    return put < 0 ? 0 : put;
}

static int on_close(void *fd) {
    return close((int)(intptr_t)fd);
}

static FILE *open_stream(const char *path, const char *mode, const char *name) {
    if (!is_note(path)) {
        FILE *(*real)(const char *, const char *);
        *(void **)&real = dlsym(RTLD_NEXT, name);
        return real(path, mode);
    }
    int flags = mode[0] == 'r' ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC;
    int fd = open_it(path, flags | O_CLOEXEC, 0666);
    cookie_io_functions_t calls = {.read = on_read, .write = on_write, .close = on_close};
    return fd < 0 ? NULL : fopencookie((void *)(intptr_t)fd, mode, calls);
}

FILE *fopen(const char *path, const char *mode) {
    return open_stream(path, mode, "fopen");
}

FILE *fopen64(const char *path, const char *mode) {
    return open_stream(path, mode, "fopen64");
}
