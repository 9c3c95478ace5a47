// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.bench.Load;
import io.vmmig.lab.guest.GuestKind;
import java.util.Arrays;
import java.util.Optional;

/** A guest that is moved. */
enum Subject {
    /** A busybox on x86_64. */
    TINY_X86_64("tiny", "tiny x86_64", GuestKind.TINY_X86_64, 256, Load.SHORT_REST),
    /** A busybox on aarch64. */
    TINY_AARCH64("arm", "tiny aarch64", GuestKind.TINY_AARCH64, 256, Load.SHORT_REST),
    /** A Debian that has just booted. */
    DEBIAN_IDLE("idle", "Debian, idle after boot", GuestKind.DEBIAN, 512, Load.IDLE),
    /** A Debian that has read much of its disk. */
    DEBIAN_FILES("files", "Debian, has read 200 MB of its files", GuestKind.DEBIAN, 512, Load.FILES_READ),
    /** A Debian with a redis that is in use. */
    REDIS_HOLDING("redis", "Debian, redis holds 150 MB random and 50 MB text", GuestKind.DEBIAN, 512, Load.REDIS_HELD),
    /** The same redis, emptied. */
    REDIS_FLUSHED("flushed", "Debian, the same redis after FLUSHALL", GuestKind.DEBIAN, 512, Load.REDIS_FLUSHED),
    /** The same redis, whose values are replaced. */
    REDIS_CHANGING(
            "changing", "Debian, the same redis under 1 MB/s of changes", GuestKind.DEBIAN, 512, Load.REDIS_CHANGED),
    /** A busybox that changes 64 bytes each of many pages. */
    TINY_CHANGING(
            "small", "tiny x86_64, small changes at 50 MB/s in 64 MiB", GuestKind.TINY_X86_64, 256, Load.SHORT_REST) {
        @Override
        String parameters() {
            return "vmmig.burst=64 vmmig.burst.rate=50";
        }
    },
    /** A busybox that has all of its memory in use. */
    ALL_TOUCHED("touched", "1 GiB, all of its memory touched", GuestKind.TINY_X86_64, 1024, Load.ALL_TOUCHED);

    private final String word;
    private final String title;
    private final GuestKind kind;
    private final int memoryMib;
    private final Load load;

    Subject(String word, String title, GuestKind kind, int memoryMib, Load load) {
        this.word = word;
        this.title = title;
        this.kind = kind;
        this.memoryMib = memoryMib;
        this.load = load;
    }

    /** Its name on the command line. */
    String word() {
        return word;
    }

    /** Its name for people. */
    String title() {
        return title;
    }

    /** For the guest's script: a lab guest fills memory to show that none is lost; a Debian has enough without. */
    String parameters() {
        return kind == GuestKind.DEBIAN ? "vmmig.memory=1" : "";
    }

    GuestKind kind() {
        return kind;
    }

    int memoryMib() {
        return memoryMib;
    }

    /** A guest that becomes this one with some more load. */
    Optional<Subject> earlier() {
        return load.before().flatMap(before -> Arrays.stream(values())
                .filter(other -> other.kind == kind && other.memoryMib == memoryMib && other.load == before)
                .findFirst());
    }

    Load load() {
        return load;
    }
}
