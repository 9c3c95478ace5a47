// wire PID NEAR FAR MBIT MILLIS: a cable between two TAP devices that it makes in its network namespace. Each direction carries so many
// megabits per second (0: any number) and takes half of so many milliseconds. What would have to wait for its turn for too long is lost,
// as in a router. It ends, and its devices with it, when the process PID does, and when it is told to.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    HEADER = sizeof(struct virtio_net_hdr),
    // The kernel hands over what TCP sends at once, up to 64 KiB, in one piece: the device at the end cuts it up, if at all.
    LARGEST = HEADER + 64 + 65536,
    AT_ONCE = 64,
};
static const int64_t SECOND = 1000000000, MILLISECOND = 1000000;
static const int64_t PATIENCE = 100 * MILLISECOND;
static const size_t MOST_HELD = 64 << 20;

struct frame {
    struct frame *next;
    int64_t due;
    size_t length;
    unsigned char bytes[];
};

struct way {
    int from, to;
    // When the last bit that has been accepted will have left.
    int64_t free;
    size_t held;
    struct frame *first, **end;
};

static int64_t bits_per_second, delay, longest_queue;

static void fail(const char *what) {
    fprintf(stderr, "wire: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

static int open_tap(const char *name) {
    int tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (tap < 0) {
        fail("could not open /dev/net/tun");
    }
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    if (ioctl(tap, TUNSETIFF, &request) < 0) {
        fail(name);
    }
    // Checksums are left to whoever cuts a frame up, and the header that says so is passed on as it came.
    if (ioctl(tap, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN) < 0) {
        fail("could not set the offloads of a TAP device");
    }
    return tap;
}

// How many bytes a frame has on a cable: each of the segments into which it will be cut has the headers anew.
static int64_t bytes_on_cable(const unsigned char *bytes, size_t length) {
    struct virtio_net_hdr header;
    memcpy(&header, bytes, HEADER);
    int64_t whole = (int64_t)length - HEADER;
    size_t data_offset = HEADER + header.csum_start + 12;
    if (header.gso_type == VIRTIO_NET_HDR_GSO_NONE || header.gso_size == 0 || data_offset >= length) {
        return whole;
    }
    int64_t headers = header.csum_start + (bytes[data_offset] >> 4) * 4;
    int64_t segments = (whole - headers + header.gso_size - 1) / header.gso_size;
    return segments > 1 ? whole + (segments - 1) * headers : whole;
}

static void accept_frame(struct way *way, const unsigned char *bytes, size_t length) {
    int64_t time = now();
    int64_t start = way->free > time ? way->free : time;
    if (start - time > longest_queue || way->held + length > MOST_HELD) {
        return;
    }
    int64_t bits = bytes_on_cable(bytes, length) * 8;
    way->free = start + (bits_per_second == 0 ? 0 : bits * SECOND / bits_per_second);
    struct frame *frame = malloc(sizeof *frame + length);
    if (frame == NULL) {
        fail("no memory for a frame");
    }
    frame->next = NULL;
    frame->due = way->free + delay;
    frame->length = length;
    memcpy(frame->bytes, bytes, length);
    *way->end = frame;
    way->end = &frame->next;
    way->held += length;
}

static void take(struct way *way) {
    static unsigned char buffer[LARGEST];
    // Not without end, lest those whose time has come wait.
    for (int count = 0; count < AT_ONCE; count++) {
        ssize_t length = read(way->from, buffer, sizeof buffer);
        if (length < 0) {
            if (errno == EAGAIN || errno == EINTR) {
                return;
            }
            fail("could not read from a TAP device");
        }
        if (length > HEADER) {
            accept_frame(way, buffer, (size_t)length);
        }
    }
}

static void deliver(struct way *way) {
    while (way->first != NULL && way->first->due <= now()) {
        struct frame *frame = way->first;
        // A device that is down takes nothing, as a socket without a plug.
        if (write(way->to, frame->bytes, frame->length) < 0 && errno != EIO && errno != EAGAIN) {
            fail("could not write to a TAP device");
        }
        way->held -= frame->length;
        way->first = frame->next;
        if (way->first == NULL) {
            way->end = &way->first;
        }
        free(frame);
    }
}

static int64_t next_due(const struct way *ways) {
    int64_t due = INT64_MAX;
    for (int i = 0; i < 2; i++) {
        if (ways[i].first != NULL && ways[i].first->due < due) {
            due = ways[i].first->due;
        }
    }
    return due;
}

static void await(struct pollfd *events, int64_t due) {
    int64_t left = due - now();
    left = left < 0 ? 0 : left;
    struct timespec time = {.tv_sec = left / SECOND, .tv_nsec = left % SECOND};
    if (ppoll(events, 3, due == INT64_MAX ? NULL : &time, NULL) < 0 && errno != EINTR) {
        fail("could not wait");
    }
}

static long number(const char *text) {
    char *end;
    long value = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < 0 || value > 1000000) {
        errno = EINVAL;
        fail(text);
    }
    return value;
}

int main(int count, char **words) {
    if (count != 6) {
        fprintf(stderr, "usage: wire PID NEAR FAR MBIT MILLIS\n");
        return 2;
    }
    bits_per_second = number(words[4]) * 1000000;
    delay = number(words[5]) * MILLISECOND / 2;
    longest_queue = 2 * delay > PATIENCE ? 2 * delay : PATIENCE;
    // By its number, since the C library of some systems does not know it yet.
    int process = (int)syscall(SYS_pidfd_open, (pid_t)strtol(words[1], NULL, 10), 0);
    if (process < 0) {
        fail("could not watch the process");
    }
    prctl(PR_SET_TIMERSLACK, 1);
    // A cable does not wait for a processor. Where that is forbidden, it does.
    setpriority(PRIO_PROCESS, 0, -20);
    int near = open_tap(words[2]), far = open_tap(words[3]);
    struct way ways[2] = {{.from = near, .to = far}, {.from = far, .to = near}};
    struct pollfd events[3] = {
        {.fd = near, .events = POLLIN}, {.fd = far, .events = POLLIN}, {.fd = process, .events = POLLIN}};
    for (int i = 0; i < 2; i++) {
        ways[i].end = &ways[i].first;
    }
    while (events[2].revents == 0) {
        for (int i = 0; i < 2; i++) {
            deliver(&ways[i]);
        }
        await(events, next_due(ways));
        for (int i = 0; i < 2; i++) {
            // An error, too, is told by reading.
            if (events[i].revents != 0) {
                take(&ways[i]);
            }
        }
    }
    return 0;
}
