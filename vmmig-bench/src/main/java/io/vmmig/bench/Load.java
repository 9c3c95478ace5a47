// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench;

import io.vmmig.lab.Await;
import io.vmmig.lab.LabException;
import io.vmmig.lab.host.LabGuest;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a guest does before it is saved. */
public enum Load {
    /** Nothing for a second. */
    SHORT_REST(null) {
        @Override
        public void add(LabGuest guest) {
            guest.console().awaitTicks(TICKS_OF_A_SECOND, PATIENCE);
        }
    },
    /** Nothing for ten seconds after the end of its boot. */
    IDLE(null) {
        @Override
        public void add(LabGuest guest) {
            // Its own script is ready long before systemd has started everything, and that work continues for seconds.
            String state = guest.run("systemctl is-system-running --wait || true");
            if (!BOOTED.contains(state)) {
                throw new LabException("the guest has not booted: it is " + state);
            }
            rest(guest);
        }
    },
    /** Read many files of its base image. */
    FILES_READ(IDLE) {
        @Override
        public void add(LabGuest guest) {
            String read = guest.run(
                    "find /usr -type f -print0 | xargs -0 cat 2>/dev/null | head -c " + BYTES_READ + " | wc -c");
            if (!read.equals(Long.toString(BYTES_READ))) {
                throw new LabException("the guest has only " + read + " bytes of files");
            }
        }
    },
    /** Has held much in a redis, and dropped it. */
    MEMORY_DROPPED(IDLE) {
        @Override
        public void add(LabGuest guest) {
            startRedis(guest);
            for (int i = 0; redisHolds(guest) < BYTES_HELD; i++) {
                // Text, like most content of a redis; in parts, so that none takes long.
                guest.run("dd if=/dev/urandom bs=1M count=16 2>/dev/null | base64 -w 1000"
                        + " | awk '{ print \"SET key:" + i + ":\" NR \" \" $0 }' | redis-cli -s " + SOCKET + " --pipe");
            }
            flushRedis(guest);
            rest(guest);
        }
    },
    /** Holds some random and some compressible values in a redis. */
    REDIS_HELD(IDLE) {
        @Override
        public void add(LabGuest guest) {
            startRedis(guest);
            setValues(guest, "random", RANDOM_PARTS, "read R, $v, 4000");
            setValues(
                    guest,
                    "text",
                    TEXT_PARTS,
                    "$v = substr(\"line $i of a text that repeats itself, \" x 120, 0, 4000)");
            rest(guest);
        }
    },
    /** Has held the same, and dropped it. */
    REDIS_FLUSHED(REDIS_HELD) {
        @Override
        public void add(LabGuest guest) {
            flushRedis(guest);
            rest(guest);
        }
    },
    /** Holds the same, and replaces a megabyte of random values each second. */
    REDIS_CHANGED(REDIS_HELD) {
        @Override
        public void add(LabGuest guest) {
            long before = redisCalls(guest);
            guest.run("perl -e 'open R, \"</dev/urandom\"; $| = 1; for (;;) { for (1.." + VALUES_OF_A_TENTH + ") {"
                    + " $k = \"random:\" . int(rand " + RANDOM_PARTS + ") . \":\" . int(1 + rand " + VALUES_OF_A_PART
                    + "); read R, $v, 4000; " + SET_VALUE + " } select undef, undef, undef, 0.1 }' 2>/dev/null"
                    + " | redis-cli -s " + SOCKET + " --pipe >/dev/null 2>&1 &");
            rest(guest);
            Await.until("redis to be busy", PATIENCE, () -> redisCalls(guest) > before + VALUES_OF_A_PART / 4);
        }
    },
    /** Has filled its memory. */
    ALL_TOUCHED(SHORT_REST) {
        @Override
        public void add(LabGuest guest) {
            // Not in the memory whose checksum the guest computes, which would then take half a minute.
            String filled = guest.run("mkdir /run/touched && mount -t tmpfs -o size=95% touched /run/touched"
                    + " && head -c 8000009 /dev/urandom >/run/noise"
                    + " && { while cat /run/noise 2>/dev/null; do :; done | dd of=/run/touched/all bs=1M iflag=fullblock count="
                    + MIB_FREE_OF_A_GIB + " 2>/dev/null; rm /run/noise; wc -c </run/touched/all; }");
            if (!filled.equals(Long.toString((long) MIB_FREE_OF_A_GIB << 20))) {
                throw new LabException("the guest could fill only " + filled + " bytes");
            }
        }
    };

    private static final long BYTES_READ = 200_000_000;
    private static final long BYTES_HELD = 300_000_000;
    /** What a tiny guest of 1 GiB can do without. */
    private static final int MIB_FREE_OF_A_GIB = 850;

    /** Each 25 MB. */
    private static final int RANDOM_PARTS = 6;

    private static final int TEXT_PARTS = 2;
    private static final int VALUES_OF_A_PART = 6250;
    private static final int VALUES_OF_A_TENTH = 25;
    /** In the protocol of redis. */
    private static final String SET_VALUE =
            "print \"*3\\r\\n\\$3\\r\\nSET\\r\\n\\$\", length $k, \"\\r\\n$k\\r\\n\\$4000\\r\\n$v\\r\\n\"";

    private static final Set<String> BOOTED = Set.of("running", "degraded");
    private static final int TICKS_OF_A_SECOND = 10;
    private static final int TICKS_OF_TEN_SECONDS = 100;
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String SOCKET = "/run/redis.socket";

    private final @Nullable Load before;

    Load(@Nullable Load before) {
        this.before = before;
    }

    /** Makes a guest that has just booted do it. */
    public void on(LabGuest guest) {
        before().ifPresent(load -> load.on(guest));
        add(guest);
    }

    /** The load that comes before this one; empty if the guest only has to have booted. */
    public Optional<Load> before() {
        return Optional.ofNullable(before);
    }

    /** Makes a guest that has done the load before this one do the rest. */
    public abstract void add(LabGuest guest);

    /** Leaves the guest idle for ten seconds. */
    public static void rest(LabGuest guest) {
        guest.console().awaitTicks(TICKS_OF_TEN_SECONDS, PATIENCE);
    }

    private static String redis(LabGuest guest, String command) {
        return guest.run("redis-cli -s " + SOCKET + " " + command);
    }

    private static void startRedis(LabGuest guest) {
        guest.run("redis-server --daemonize yes --save '' --appendonly no --port 0 --unixsocket " + SOCKET);
        Await.until("redis to answer", PATIENCE, () -> redis(guest, "ping").equals("PONG"));
    }

    /** Sets values of 4000 bytes; in parts, so that none takes long. */
    private static void setValues(LabGuest guest, String name, int parts, String makeValue) {
        for (int part = 0; part < parts; part++) {
            guest.run("perl -e 'open R, \"</dev/urandom\"; for $i (1.." + VALUES_OF_A_PART + ") { " + makeValue
                    + "; $k = \"" + name + ":" + part + ":$i\"; " + SET_VALUE + " }' | redis-cli -s " + SOCKET
                    + " --pipe");
        }
    }

    private static void flushRedis(LabGuest guest) {
        long held = redisHolds(guest);
        redis(guest, "flushall sync");
        redis(guest, "memory purge");
        Await.until("redis to give the memory back", PATIENCE, () -> resident(guest) < held / 10);
    }

    private static long redisHolds(LabGuest guest) {
        return redisInfo(guest, "used_memory");
    }

    private static long resident(LabGuest guest) {
        return redisInfo(guest, "used_memory_rss");
    }

    private static long redisCalls(LabGuest guest) {
        return redisInfo(guest, "total_commands_processed");
    }

    private static long redisInfo(LabGuest guest, String name) {
        return Long.parseLong(guest.run(
                "redis-cli -s " + SOCKET + " info | tr -d '\\r' | awk -F: '$1 == \"" + name + "\" { print $2 }'"));
    }
}
