// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.size;

import io.vmmig.lab.Await;
import io.vmmig.lab.LabException;
import io.vmmig.lab.host.LabGuest;
import java.time.Duration;

/** What a guest has done before it is saved. */
enum Load {
    /** Nothing for ten seconds. */
    IDLE {
        @Override
        void on(LabGuest guest) {
            rest(guest);
        }
    },
    /** Read many files of its base image. */
    FILES_READ {
        @Override
        void on(LabGuest guest) {
            rest(guest);
            String read = guest.run(
                    "find /usr -type f -print0 | xargs -0 cat 2>/dev/null | head -c " + BYTES_READ + " | wc -c");
            if (!read.equals(Long.toString(BYTES_READ))) {
                throw new LabException("the guest has only " + read + " bytes of files");
            }
        }
    },
    /** Held much in a redis, and dropped it. */
    MEMORY_DROPPED {
        @Override
        void on(LabGuest guest) {
            rest(guest);
            guest.run("redis-server --daemonize yes --save '' --appendonly no --port 0 --unixsocket " + SOCKET);
            Await.until("redis to answer", PATIENCE, () -> redis(guest, "ping").equals("PONG"));
            for (int i = 0; redisHolds(guest) < BYTES_HELD; i++) {
                // Text, as most of what is kept in a redis; in parts, so that none takes long.
                guest.run("dd if=/dev/urandom bs=1M count=16 2>/dev/null | base64 -w 1000"
                        + " | awk '{ print \"SET key:" + i + ":\" NR \" \" $0 }' | redis-cli -s " + SOCKET + " --pipe");
            }
            redis(guest, "flushall sync");
            redis(guest, "memory purge");
            Await.until("redis to give the memory back", PATIENCE, () -> resident(guest) < BYTES_HELD / 10);
            rest(guest);
        }
    };

    private static final long BYTES_READ = 200_000_000;
    private static final long BYTES_HELD = 300_000_000;
    private static final int TICKS_OF_TEN_SECONDS = 100;
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String SOCKET = "/run/redis.socket";

    /** Lets the guest, which has just booted, do it. */
    abstract void on(LabGuest guest);

    private static void rest(LabGuest guest) {
        guest.console().awaitTicks(TICKS_OF_TEN_SECONDS, PATIENCE);
    }

    private static String redis(LabGuest guest, String command) {
        return guest.run("redis-cli -s " + SOCKET + " " + command);
    }

    private static long redisHolds(LabGuest guest) {
        return Long.parseLong(guest.run("redis-cli -s " + SOCKET
                + " info memory | tr -d '\\r' | awk -F: '$1 == \"used_memory\" { print $2 }'"));
    }

    private static long resident(LabGuest guest) {
        return Long.parseLong(guest.run("redis-cli -s " + SOCKET
                + " info memory | tr -d '\\r' | awk -F: '$1 == \"used_memory_rss\" { print $2 }'"));
    }
}
