/* Asks several HTTP servers on this machine at a fixed rate, each on a connection of its own, and
 * prints how long their answers took: what bench/resty measures with.
 *
 *   probe SECONDS PER_SECOND NAME=PORT...   (asks for /probe)
 *
 * A question is due at its time whether the last one was answered or not, and its wait counts from
 * then: a server that stops for a while cannot hide the questions that it held up. One line for
 * each server, microseconds. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SERVERS 8

static const char question[] = "GET /probe HTTP/1.1\r\nHost: probe\r\n\r\n";

struct server {
    const char *name;
    int fd;
    bool asked;
    long long due, since; /* when the next question is, when this one was, nanoseconds */
    char in[4096];
    size_t used;
    double *took;
    size_t count;
};

static struct server servers[SERVERS];
static int number;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void connect_to(struct server *s, int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&address, sizeof address) != 0)
        fail("connect");
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(s->fd, F_SETFL, O_NONBLOCK);
}

static void ask(struct server *s, long long step) {
    long long time = now();
    if (send(s->fd, question, sizeof question - 1, MSG_NOSIGNAL) != (ssize_t)sizeof question - 1)
        fail("send");
    /* A delay caused by this program does not count; one caused by the last answer does. */
    s->since = s->asked ? s->due : time;
    s->asked = true;
    s->due += step;
}

/* The length of a whole answer at the beginning of what came, or 0. */
static size_t whole(const struct server *s) {
    const char *end = memmem(s->in, s->used, "\r\n\r\n", 4);
    const char *field = memmem(s->in, s->used, "Content-Length:", 15);
    if (!end || !field || field > end)
        return 0;
    size_t all = (size_t)(end + 4 - s->in) + (size_t)atoi(field + 15);
    return s->used >= all ? all : 0;
}

static bool hear(struct server *s) {
    ssize_t n = recv(s->fd, s->in + s->used, sizeof s->in - s->used, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0)
        fail("recv");
    s->used += (size_t)n;
    size_t length = whole(s);
    if (!length)
        return false;
    if (strncmp(s->in, "HTTP/1.1 200", 12) != 0) {
        fprintf(stderr, "probe: %s: %.*s\n", s->name, 40, s->in);
        exit(1);
    }
    s->used -= length;
    memmove(s->in, s->in + length, s->used);
    s->took[s->count++] = (double)(now() - s->since) / 1e3;
    return true;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const struct server *s, double share) {
    size_t index = (size_t)((double)s->count * share);
    return s->took[index < s->count ? index : s->count - 1];
}

int main(int argc, char **argv) {
    if (argc < 4 || argc - 3 > SERVERS) {
        fprintf(stderr, "usage: probe SECONDS PER_SECOND NAME=PORT...\n");
        return 2;
    }
    double seconds = atof(argv[1]);
    long long step = (long long)(1e9 / atof(argv[2]));
    long long start = now() + 100000000, stop = start + (long long)(seconds * 1e9);
    prctl(PR_SET_TIMERSLACK, 1000L, 0L, 0L,
          0L); /* nanoseconds: the usual 50 microseconds would show */
    for (int i = 3; i < argc; i++) {
        struct server *s = &servers[number];
        char *port = strchr(argv[i], '=');
        if (!port)
            return 2;
        *port++ = '\0';
        s->name = argv[i];
        connect_to(s, atoi(port));
        s->due = start + step * number / (argc - 3); /* not all at once */
        s->took = calloc((size_t)((double)(stop - start) / (double)step) + 16, sizeof *s->took);
        if (!s->took)
            fail("calloc");
        number++;
    }
    for (;;) {
        long long time = now(), next = stop + step;
        bool open = false;
        struct pollfd fds[SERVERS];
        for (int i = 0; i < number; i++) {
            struct server *s = &servers[i];
            if (!s->asked && s->due <= time && s->due < stop)
                ask(s, step);
            if (s->due < stop && !s->asked && s->due < next)
                next = s->due;
            open = open || s->asked || s->due < stop;
            fds[i] = (struct pollfd){.fd = s->fd, .events = POLLIN};
        }
        if (!open)
            break;
        long long left = next - now();
        struct timespec patience = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
        if (left < 0)
            patience = (struct timespec){0};
        if (ppoll(fds, (nfds_t)number, &patience, NULL) <= 0)
            continue;
        for (int i = 0; i < number; i++) {
            struct server *s = &servers[i];
            if (!fds[i].revents || !hear(s))
                continue;
            if (s->due <= now() && s->due < stop)
                ask(s, step); /* still `asked`: counts from when it was due */
            else
                s->asked = false;
        }
    }
    for (int i = 0; i < number; i++) {
        struct server *s = &servers[i];
        qsort(s->took, s->count, sizeof *s->took, compare);
        printf("%s %zu %.1f %.1f %.1f\n", s->name, s->count, quantile(s, 0.5), quantile(s, 0.99),
               s->took[s->count - 1]);
    }
    return 0;
}
