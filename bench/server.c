/* A loopback HTTP/1.1 server that answers GET /v3/videos/{id}, so fast that it is never what a
 * benchmark measures.
 *
 * Prints its base URL as the first line and ends when its stdin is closed. An id that begins with
 * "hold" is never answered. From a real server no answer comes at once: with --delay each comes so
 * many microseconds after its request, one by one; with --tick all that are due come together, at
 * every so many microseconds. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_MAX 8192
#define RESPONSE_MAX 4096

struct connection {
    int fd;
    int used;      /* bytes of `in` */
    long long due; /* when the delayed answer goes out */
    struct connection *prev,
        *next;    /* the queue of delayed answers, oldest first; prev is NULL outside of it */
    char id[128]; /* of the delayed answer */
    char in[REQUEST_MAX];
};

static int epoll_fd;
static long long delay, tick; /* microseconds */
static unsigned long answers;
static struct connection delayed = {.prev = &delayed, .next = &delayed};

/* What the API and the CDN before it send, in shape and size. */
static const char head_format[] =
    "HTTP/1.1 %s\r\n"
    "date: Mon, 23 Nov 2026 12:00:00 GMT\r\n"
    "content-type: application/json\r\n"
    "content-length: %d\r\n"
    "x-request-id: 5f0c6a3e-91f4-4b0e-8a1d-%012lx\r\n"
    "x-amzn-requestid: 0b7a1c52-6c1e-4f0d-9a9e-%012lx\r\n"
    "cache-control: no-store\r\n"
    "strict-transport-security: max-age=31536000; includeSubDomains\r\n"
    "vary: Origin, Accept-Encoding\r\n"
    "cf-cache-status: DYNAMIC\r\n"
    "server: cloudflare\r\n"
    "cf-ray: 8e6f1d2c3b4a5968-FRA\r\n"
    "\r\n";

#define SIGNED                                                                                     \
    "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=604800&X-Amz-SignedHeaders=host&X-Amz-"       \
    "Signature="                                                                                   \
    "9b1f2c7e5d3a48e6b0c1d2e3f4a5968778695a4b3c2d1e0f"

static const char video_format[] =
    "{\"data\":{\"id\":\"%s\",\"title\":\"A presenter explains our launch in 30 "
    "seconds\",\"status\":\"%s\","
    "\"video_url\":\"https://files.example.com/video/%s.mp4" SIGNED "\","
    "\"thumbnail_url\":\"https://files.example.com/thumbnail/%s.jpeg\","
    "\"gif_url\":\"https://files.example.com/gif/%s.gif\","
    "\"captioned_video_url\":null,\"subtitle_url\":\"https://files.example.com/subtitle/"
    "%s.srt" SIGNED "\","
    "\"duration\":30.24,\"created_at\":1795435200,\"completed_at\":1795436461,\"folder_id\":null,"
    "\"output_language\":null,\"failure_code\":null,\"failure_message\":null,"
    "\"video_page_url\":\"https://app.example.com/videos/%s\"}}";

static const char missing[] =
    "{\"error\":{\"code\":\"not_found\",\"message\":\"No such route\",\"param\":null}}";

static long long now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void leave_queue(struct connection *c) {
    if (!c->prev)
        return;
    c->prev->next = c->next;
    c->next->prev = c->prev;
    c->prev = c->next = NULL;
}

static void drop(struct connection *c) {
    leave_queue(c);
    close(c->fd);
    free(c);
}

/* False when the client cannot take one small answer: then there is nothing left to measure on it.
 */
static int send_answer(struct connection *c, const char *status, const char *body, int length) {
    char out[RESPONSE_MAX + 1024];
    int size = snprintf(out, 1024, head_format, status, length, answers, answers);
    answers++;
    memcpy(out + size, body, (size_t)length);
    size += length;
    return send(c->fd, out, (size_t)size, MSG_NOSIGNAL) == size;
}

static int send_video(struct connection *c, const char *id) {
    char body[RESPONSE_MAX];
    /* Every fourth video is still processing, so that a reader must read the field. */
    const char *status = answers % 4 == 3 ? "processing" : "completed";
    int length = snprintf(body, sizeof body, video_format, id, status, id, id, id, id, id);
    return send_answer(c, "200 OK", body, length);
}

static int answer(struct connection *c) {
    static const char route[] = "GET /v3/videos/";
    size_t length = 0;
    if (strncmp(c->in, route, sizeof route - 1) == 0)
        length = strcspn(c->in + sizeof route - 1, " ?/\r");
    if (length == 0 || length >= sizeof c->id)
        return send_answer(c, "404 Not Found", missing, (int)sizeof missing - 1);
    memcpy(c->id, c->in + sizeof route - 1, length);
    c->id[length] = '\0';
    if (strncmp(c->id, "hold", 4) == 0)
        return 1;
    if (delay == 0 && tick == 0)
        return send_video(c, c->id);
    c->due = tick ? (now_us() / tick + 1) * tick : now_us() + delay;
    c->prev = delayed.prev;
    c->next = &delayed;
    c->prev->next = c->next->prev = c;
    return 1;
}

static void on_readable(struct connection *c) {
    ssize_t got = recv(c->fd, c->in + c->used, (size_t)(REQUEST_MAX - 1 - c->used), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        drop(c);
        return;
    }
    c->used += (int)got;
    c->in[c->used] = '\0';
    /* A GET has no body and no client here pipelines: the blank line ends what has come. */
    int whole = c->used >= 4 && memcmp(c->in + c->used - 4, "\r\n\r\n", 4) == 0;
    if (!whole && c->used < REQUEST_MAX - 1)
        return;
    c->used = 0;
    if (!whole || c->prev || !answer(c))
        drop(c);
}

static void on_connect(int listener) {
    int fd, on = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *c = calloc(1, sizeof *c);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        if (!c || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
            free(c);
            close(fd);
            continue;
        }
        c->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
}

/* Sends the answers that are due; returns the microseconds until the next one, -1 when there is
 * none. */
static long long send_delayed(void) {
    while (delayed.next != &delayed) {
        struct connection *c = delayed.next;
        long long left = c->due - now_us();
        if (left > 0)
            return left;
        leave_queue(c);
        if (!send_video(c, c->id))
            drop(c);
    }
    return -1;
}

static int wait_events(struct epoll_event *events, int size, long long us) {
    struct timespec left = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    int count = epoll_pwait2(epoll_fd, events, size, us < 0 ? NULL : &left, NULL);
    if (count < 0 && errno == ENOSYS) /* Linux before 5.11 */
        count = epoll_wait(epoll_fd, events, size, us < 0 ? -1 : (int)((us + 999) / 1000));
    return count;
}

static int open_listener(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, 4096) != 0 || getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        perror("bench server");
        exit(1);
    }
    printf("http://127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static void watch(int fd, void *tag) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = tag};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        fprintf(stderr, "bench server: cannot watch fd %d (stdin must be a pipe or a terminal)\n",
                fd);
        exit(1);
    }
}

int main(int argc, char **argv) {
    struct epoll_event events[256];
    char byte[64];
    if (argc == 3 && strcmp(argv[1], "--delay") == 0)
        delay = atoi(argv[2]);
    else if (argc == 3 && strcmp(argv[1], "--tick") == 0)
        tick = atoi(argv[2]);
    if (argc != 1 && delay <= 0 && tick <= 0) {
        fprintf(stderr, "usage: %s [--delay microseconds | --tick microseconds]\n", argv[0]);
        return 2;
    }
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    watch(STDIN_FILENO, &epoll_fd);
    int listener = open_listener();
    watch(listener, NULL);
    for (;;) {
        int count = wait_events(events, 256, send_delayed());
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL)
                on_connect(listener);
            else if (events[i].data.ptr != &epoll_fd)
                on_readable(events[i].data.ptr);
            else if (read(STDIN_FILENO, byte, sizeof byte) <= 0)
                return 0;
        }
    }
}
