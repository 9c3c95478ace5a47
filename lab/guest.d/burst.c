// A load for lab guests: it changes memory without a pause, and checks each page before it changes it again. So it notices a page
// that a move has lost, or has brought back as it was before.
//   vmmig-burst MIB WORDS RATE
// It fills MIB MiB, and changes the first WORDS words (of 8 bytes) of a page at a time: RATE MB of pages per second, one page after
// the other; or, where RATE is 0, the same 2 MiB again and again for a quarter of a second, in which it calls no system, and then
// the next 2 MiB.
// It prints its process id once its memory is filled. When it gets SIGUSR1, it checks all pages and prints how many bad ones it has
// found in its life. It reports each of them on stderr, and repairs it.
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096, PAGE_WORDS = PAGE_BYTES / 8, HAMMERED = 512, PER_SECOND = 100, REPORTS = 20 };

static size_t pages, changing, bad;
// Volatile, so that each write reaches the memory at once.
static volatile uint64_t *memory;
static uint32_t *generations;
static volatile sig_atomic_t over, asked;

static void end_burst(int signal) { over = signal; }
static void ask(int signal) { asked = signal; }

// The first word of a page in a generation; no two of them are equal.
static uint64_t first_word(size_t page, uint32_t generation) {
    uint64_t product = ((uint64_t)page << 32 | generation) * 0x9e3779b97f4a7c15;
    return product ^ product >> 29;
}

static uint64_t word(uint64_t first, size_t index) { return first + index * 0xd1342543de82ef95; }

static void write_words(size_t page, size_t count, uint32_t generation) {
    uint64_t first = first_word(page, generation);
    for (size_t i = 0; i < count; i++) {
        memory[page * PAGE_WORDS + i] = word(first, i);
    }
}

static void change(size_t page) { write_words(page, changing, ++generations[page]); }

static void check(size_t page) {
    uint64_t changed = first_word(page, generations[page]), unchanged = first_word(page, 0);
    for (size_t i = 0; i < PAGE_WORDS; i++) {
        uint64_t expected = word(i < changing ? changed : unchanged, i), found = memory[page * PAGE_WORDS + i];
        if (found != expected) {
            if (++bad <= REPORTS) {
                dprintf(STDERR_FILENO, "vmmig-guest failed: page %zu of the burst load is bad: word %zu is %016jx, not %016jx\n",
                        page, i, (uintmax_t)found, (uintmax_t)expected);
            }
            write_words(page, PAGE_WORDS, 0);
            write_words(page, changing, generations[page]);
            return;
        }
    }
}

static void answer(void) {
    if (asked) {
        asked = 0;
        for (size_t page = 0; page < pages; page++) {
            check(page);
        }
        dprintf(STDOUT_FILENO, "%zu\n", bad);
    }
}

static void change_in_bursts(void) {
    struct itimerval quarter = {.it_value = {.tv_usec = 250000}};
    for (size_t start = 0;; start = (start + HAMMERED) % pages) {
        for (size_t page = start; page < start + HAMMERED; page++) {
            check(page);
        }
        over = 0;
        setitimer(ITIMER_REAL, &quarter, NULL);
        while (!over) {
            for (size_t page = start; page < start + HAMMERED; page++) {
                change(page);
            }
        }
        answer();
    }
}

static void change_at(double bytes_per_second) {
    double due = 0;
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    for (size_t page = 0;;) {
        for (due += bytes_per_second / PER_SECOND; due >= PAGE_BYTES; due -= PAGE_BYTES) {
            check(page);
            change(page);
            page = (page + 1) % pages;
        }
        answer();
        next.tv_nsec += 1000000000 / PER_SECOND;
        if (next.tv_nsec >= 1000000000) {
            next.tv_nsec -= 1000000000;
            next.tv_sec++;
        }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    }
}

static void *allocate(size_t bytes) {
    void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) {
        perror("vmmig-burst");
        exit(1);
    }
    return start;
}

int main(int count, char **arguments) {
    pages = count == 4 ? strtoul(arguments[1], NULL, 10) * (1 << 20) / PAGE_BYTES / HAMMERED * HAMMERED : 0;
    changing = count == 4 ? strtoul(arguments[2], NULL, 10) : 0;
    if (pages == 0 || changing == 0 || changing > PAGE_WORDS) {
        fprintf(stderr, "vmmig-burst MIB WORDS RATE: at least 2 MiB, and 1 to %d words\n", PAGE_WORDS);
        return 2;
    }
    memory = allocate(pages * PAGE_BYTES);
    generations = allocate(pages * sizeof *generations);
    for (size_t page = 0; page < pages; page++) {
        write_words(page, PAGE_WORDS, 0);
    }
    signal(SIGALRM, end_burst);
    signal(SIGUSR1, ask);
    // The ticks of the guest shall not wait for it.
    if (nice(5) != 5) {
        perror("vmmig-burst");
        return 1;
    }
    dprintf(STDOUT_FILENO, "%d\n", getpid());
    double rate = strtod(arguments[3], NULL) * 1e6;
    if (rate > 0) {
        change_at(rate);
    }
    change_in_bursts();
}
